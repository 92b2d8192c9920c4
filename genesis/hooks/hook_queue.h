#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>

#include "genesis/events/announcement.h"

namespace genesis::hooks {

/// Which event a hook is told next, and when: one at a time, in order, each until it was delivered
/// or given up. No clock and no I/O. One thread.
///
/// Of improvements the latest wins: with an interval, or when the queue is full, one that waits
/// gives way to the next. The end of the run lifts the interval. Nothing else is left out, but by a
/// queue that is full of other events: then the oldest goes.
class HookQueue {
 public:
  using Time = std::chrono::steady_clock::time_point;
  using Duration = std::chrono::milliseconds;
  static constexpr std::size_t kMostWaiting = 256;

  struct Rules {
    Duration min_interval{0};
    int retries = 0;
  };
  explicit HookQueue(Rules rules) : rules_(rules) {}

  void offer(events::Announcement event);
  /// The event to deliver now, which is in flight from then on; nothing while another one is, or
  /// before it is time.
  std::optional<events::Announcement> take(Time now);
  /// When to ask again; nothing when that takes an offer or the end of what is in flight.
  std::optional<Time> next_time(Time now) const;

  void delivered(Time now);
  /// What was in flight has failed. True: it will be tried again, after a pause that doubles.
  bool failed(Time now, bool worth_retrying);
  /// No interval and no retries any more: the run is over.
  void hurry();

  bool idle() const { return waiting_.empty() && !in_flight_; }
  std::size_t waiting() const { return waiting_.size(); }
  std::int64_t left_out() const { return left_out_; }  ///< Given way to a later one, or no room.

 private:
  std::optional<std::size_t> next_index(Time now) const;
  bool may_go(const events::Announcement& event, Time now) const;

  Rules rules_;
  std::deque<events::Announcement> waiting_;
  std::optional<events::Announcement> in_flight_;
  std::optional<Time> last_improvement_;
  Time not_before_{};  ///< The pause before a retry.
  int failures_ = 0;   ///< Of the event at the front, which is being retried.
  std::int64_t left_out_ = 0;
};

}  // namespace genesis::hooks
