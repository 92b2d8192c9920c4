#include "genesis/evolve/progress_meter.h"

namespace genesis::evolve {

using std::chrono::milliseconds;

void ProgressMeter::count(const std::string& outcome, Time now) {
  ++recorded_;
  ++status_.evaluations;
  ++status_.outcomes[outcome];
  if (samples_.empty()) samples_.emplace_back(now, recorded_ - 1);
}

void ProgressMeter::refresh(Time now) {
  if (samples_.empty() || now - samples_.back().first >= milliseconds(100)) {
    samples_.emplace_back(now, recorded_);
  }
  while (samples_.size() > 2 && now - samples_.front().first > milliseconds(10'000))
    samples_.pop_front();
  const auto& [since, count] = samples_.front();
  const double seconds = std::chrono::duration<double>(now - since).count();
  if (seconds < 0.05) return;
  status_.evaluations_per_second = static_cast<double>(recorded_ - count) / seconds;
  const std::int64_t left = status_.target_generations - status_.generation;
  status_.eta.reset();
  if (status_.evaluations_per_second > 0 && left >= 0) {
    status_.eta = milliseconds(static_cast<std::int64_t>(1000.0 * static_cast<double>(left) /
                                                         status_.evaluations_per_second));
  }
}

bool ProgressMeter::due(Time now) {
  if (now - last_shown_ < milliseconds(100)) return false;
  last_shown_ = now;
  return true;
}

}  // namespace genesis::evolve
