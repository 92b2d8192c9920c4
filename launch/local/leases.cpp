#include "launch/local/leases.h"

#include <algorithm>
#include <functional>
#include <utility>

namespace genesis::launch {

Lease::Lease(Lease&& other) noexcept
    : pool_(std::exchange(other.pool_, nullptr)), members_(std::move(other.members_)) {
  other.members_.clear();
}

Lease& Lease::operator=(Lease&& other) noexcept {
  if (this != &other) {
    release();
    pool_ = std::exchange(other.pool_, nullptr);
    members_ = std::move(other.members_);
    other.members_.clear();
  }
  return *this;
}

void Lease::release() {
  if (pool_ != nullptr) pool_->give_back(members_);
  pool_ = nullptr;
  members_.clear();
}

LeasePool::LeasePool(std::vector<int> members) : free_(std::move(members)), size_(free_.size()) {
  std::sort(free_.begin(), free_.end(), std::greater<>());
}

std::optional<Lease> LeasePool::take(std::size_t count) {
  if (count > free_.size()) return std::nullopt;
  std::vector<int> members(free_.rbegin(), free_.rbegin() + static_cast<std::ptrdiff_t>(count));
  free_.resize(free_.size() - count);
  return Lease(this, std::move(members));
}

void LeasePool::give_back(const std::vector<int>& members) {
  for (const int member : members) {
    const auto place = std::lower_bound(free_.begin(), free_.end(), member, std::greater<>());
    free_.insert(place, member);
  }
}

}  // namespace genesis::launch
