#pragma once

#include <chrono>
#include <cstdint>
#include <string_view>

namespace genesis {

using Millis = std::chrono::milliseconds;
using Seconds = std::chrono::duration<double>;

/// Time as the rest of the code sees it, so that tests can turn the hands. Any thread.
class Clock {
 public:
  virtual ~Clock() = default;
  /// Monotonic; for durations and deadlines.
  virtual std::chrono::steady_clock::time_point steady() const = 0;
  /// Milliseconds since the Unix epoch; for records only, never for decisions.
  virtual std::int64_t unix_millis() const = 0;
};

class SystemClock final : public Clock {
 public:
  std::chrono::steady_clock::time_point steady() const override;
  std::int64_t unix_millis() const override;
};

/// Stands still until told otherwise. One thread.
class ManualClock final : public Clock {
 public:
  std::chrono::steady_clock::time_point steady() const override { return now_; }
  std::int64_t unix_millis() const override { return unix_millis_; }
  void advance(Millis by) {
    now_ += by;
    unix_millis_ += by.count();
  }

 private:
  std::chrono::steady_clock::time_point now_{};
  std::int64_t unix_millis_ = 1'700'000'000'000;
};

/// "2026-11-20T23:07:05Z".
std::string_view utc_timestamp(std::int64_t unix_millis, char (&buffer)[32]);

}  // namespace genesis
