#pragma once

#include <functional>
#include <memory>

namespace genesis {

/// Where a worker pool's tasks run: a TBB arena. Under the thread sanitizer plain threads take its
/// place: Debian's TBB is not instrumented, so the sanitizer would not see its hand-overs and
/// report every task as a race. Tasks that have not begun when the destructor starts may be
/// dropped.
class Workers {
 public:
  explicit Workers(int count);
  ~Workers();
  Workers(const Workers&) = delete;
  Workers& operator=(const Workers&) = delete;

  void enqueue(std::function<void()> task);  ///< Any thread.
  int count() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace genesis
