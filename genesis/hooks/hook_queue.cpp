#include "genesis/hooks/hook_queue.h"

#include <algorithm>
#include <utility>

namespace genesis::hooks {
namespace {

constexpr HookQueue::Duration kFirstPause{1000};
constexpr HookQueue::Duration kLongestPause{60'000};

bool is_improvement(const events::Announcement& event) {
  return event.event == "improvement";
}

}  // namespace

void HookQueue::offer(events::Announcement event) {
  // What waits for its interval is told before the end, not after it.
  if (event.event == "end") rules_.min_interval = Duration(0);
  const bool full = waiting_.size() >= kMostWaiting;
  // One that is being retried has begun: it stays.
  const auto first = waiting_.begin() + (failures_ > 0 && !waiting_.empty() ? 1 : 0);
  const auto earlier = std::find_if(first, waiting_.end(), is_improvement);
  const bool gives_way = earlier != waiting_.end() &&
                         (full || (is_improvement(event) && rules_.min_interval > Duration(0)));
  if (gives_way) {
    waiting_.erase(earlier);
    ++left_out_;
  } else if (full) {
    waiting_.erase(first);
    ++left_out_;
  }
  waiting_.push_back(std::move(event));
}

bool HookQueue::may_go(const events::Announcement& event, Time now) const {
  return !is_improvement(event) || !last_improvement_ ||
         now >= *last_improvement_ + rules_.min_interval;
}

// An improvement that must wait lets others pass; one that is retried does not.
std::optional<std::size_t> HookQueue::next_index(Time now) const {
  if (waiting_.empty() || now < not_before_) return std::nullopt;
  if (failures_ > 0) return 0;
  for (std::size_t i = 0; i < waiting_.size(); ++i) {
    if (may_go(waiting_[i], now)) return i;
  }
  return std::nullopt;
}

std::optional<events::Announcement> HookQueue::take(Time now) {
  if (in_flight_) return std::nullopt;
  const auto index = next_index(now);
  if (!index) return std::nullopt;
  in_flight_ = std::move(waiting_[*index]);
  waiting_.erase(waiting_.begin() + static_cast<std::ptrdiff_t>(*index));
  if (is_improvement(*in_flight_)) last_improvement_ = now;
  return in_flight_;
}

std::optional<HookQueue::Time> HookQueue::next_time(Time now) const {
  if (in_flight_ || waiting_.empty()) return std::nullopt;
  if (now < not_before_) return not_before_;
  if (next_index(now)) return now;
  return *last_improvement_ + rules_.min_interval;
}

void HookQueue::delivered(Time) {
  in_flight_.reset();
  failures_ = 0;
}

bool HookQueue::failed(Time now, bool worth_retrying) {
  if (!worth_retrying || failures_ >= rules_.retries) {
    in_flight_.reset();
    failures_ = 0;
    return false;
  }
  const int doublings = std::min(failures_, 6);
  not_before_ = now + std::min(kLongestPause, kFirstPause * (1 << doublings));
  ++failures_;
  waiting_.push_front(std::move(*in_flight_));
  in_flight_.reset();
  return true;
}

void HookQueue::hurry() {
  rules_.min_interval = Duration(0);
  rules_.retries = 0;
  not_before_ = {};
}

}  // namespace genesis::hooks
