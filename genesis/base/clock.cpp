#include "genesis/base/clock.h"

#include <ctime>

namespace genesis {

std::chrono::steady_clock::time_point SystemClock::steady() const {
  return std::chrono::steady_clock::now();
}

std::int64_t SystemClock::unix_millis() const {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  return std::chrono::duration_cast<Millis>(now).count();
}

std::string_view utc_timestamp(std::int64_t unix_millis, char (&buffer)[32]) {
  const std::time_t seconds = static_cast<std::time_t>(unix_millis / 1000);
  std::tm broken_down{};
  gmtime_r(&seconds, &broken_down);
  const std::size_t length =
      std::strftime(buffer, sizeof buffer, "%Y-%m-%dT%H:%M:%SZ", &broken_down);
  return {buffer, length};
}

}  // namespace genesis
