#pragma once

#include <functional>
#include <memory>

namespace genesis {

/// Threads that take tasks. Tasks that have not begun when the destructor starts may be dropped.
class Workers {
 public:
  virtual ~Workers() = default;
  virtual void enqueue(std::function<void()> task) = 0;  ///< Any thread.
  virtual int count() const = 0;
};

/// For work that computes: a TBB arena. Its workers look for more for a while before they sleep,
/// which pays between many short computations and costs a processor otherwise. Under the thread
/// sanitizer plain threads take its place: Debian's TBB is not instrumented, so the sanitizer would
/// not see its hand-overs and report every task as a race.
std::unique_ptr<Workers> make_computing_workers(int count);

/// For work that waits, for files above all: plain threads that sleep as soon as they have nothing.
std::unique_ptr<Workers> make_waiting_workers(int count);

}  // namespace genesis
