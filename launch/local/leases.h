#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <vector>

namespace genesis::launch {

class LeasePool;

/// The right to use some members of a pool (slots, processors, graphics cards), given back on
/// destruction. Must not outlive its pool.
class Lease {
 public:
  Lease() = default;
  Lease(Lease&& other) noexcept;
  Lease& operator=(Lease&& other) noexcept;
  ~Lease() { release(); }

  const std::vector<int>& members() const { return members_; }
  void release();

 private:
  friend class LeasePool;
  Lease(LeasePool* pool, std::vector<int> members) : pool_(pool), members_(std::move(members)) {}

  LeasePool* pool_ = nullptr;
  std::vector<int> members_;
};

/// A fixed set of numbered things, lowest free number first. I/O thread only.
class LeasePool {
 public:
  LeasePool() = default;
  explicit LeasePool(std::vector<int> members);
  LeasePool(const LeasePool&) = delete;
  LeasePool& operator=(const LeasePool&) = delete;

  /// Absent when fewer than `count` are free. A lease of none always succeeds.
  std::optional<Lease> take(std::size_t count);
  std::size_t size() const { return size_; }
  std::size_t free() const { return free_.size(); }

 private:
  friend class Lease;
  void give_back(const std::vector<int>& members);

  std::vector<int> free_;  ///< Sorted, largest first: the next to go is at the end.
  std::size_t size_ = 0;
};

}  // namespace genesis::launch
