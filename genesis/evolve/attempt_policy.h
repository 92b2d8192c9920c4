#pragma once

#include <chrono>
#include <optional>

namespace genesis::evolve {

/// What to do when the infrastructure fails an attempt: retry with back-off, give the evaluation
/// up, and pause all submissions when failures come in a row (a circuit breaker). Pure: time is
/// passed in.
class AttemptPolicy {
 public:
  using Time = std::chrono::steady_clock::time_point;
  using Millis = std::chrono::milliseconds;

  explicit AttemptPolicy(int max_attempts) : max_attempts_(max_attempts) {}

  /// `failures` of this evaluation in this session, this one included. Returns the delay before the
  /// next attempt, or nothing to give up. While the breaker is open failures are the backend's, and
  /// no evaluation is given up for them.
  std::optional<Millis> on_failure(int failures, Time now);
  /// Any job that ran to an end of its own closes the breaker.
  void on_success();

  /// Submissions are paused until then; one probe is let through at that time.
  std::optional<Time> paused_until() const { return paused_until_; }
  bool may_submit(Time now) const { return !paused_until_ || now >= *paused_until_; }
  /// Called when something is submitted: while the breaker is open that is the probe.
  void on_submit(Time now);

 private:
  static constexpr int kFailuresToOpen = 5;
  static constexpr Millis kFirstDelay{500};
  static constexpr Millis kLongestDelay{60'000};

  int max_attempts_;
  int in_a_row_ = 0;
  Millis pause_{1000};
  std::optional<Time> paused_until_;
};

}  // namespace genesis::evolve
