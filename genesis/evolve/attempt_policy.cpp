#include "genesis/evolve/attempt_policy.h"

#include <algorithm>

namespace genesis::evolve {

std::optional<AttemptPolicy::Millis> AttemptPolicy::on_failure(int failures, Time now) {
  const bool was_open = paused_until_.has_value();
  ++in_a_row_;
  if (in_a_row_ >= kFailuresToOpen) {
    paused_until_ = now + pause_;
    pause_ = std::min(2 * pause_, kLongestDelay);
  }
  if (!was_open && failures >= max_attempts_) return std::nullopt;
  const int doublings = std::clamp(failures - 1, 0, 10);
  return std::min(kFirstDelay * (1 << doublings), kLongestDelay);
}

void AttemptPolicy::on_success() {
  in_a_row_ = 0;
  pause_ = Millis{1000};
  paused_until_.reset();
}

void AttemptPolicy::on_submit(Time now) {
  if (paused_until_) paused_until_ = now + pause_;
}

}  // namespace genesis::evolve
