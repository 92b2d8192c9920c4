#pragma once

#include <fmt/format.h>

#include <filesystem>
#include <string>
#include <string_view>
#include <utility>

#include "genesis/base/error.h"

namespace genesis {

/// Secrets are never logged, stored or shown: values registered here are replaced by "[redacted]"
/// in every log line. Thread-safe.
void register_secret(std::string value);
std::string redact(std::string_view text);

namespace log {

enum class Level { debug, info, warning, error };

/// Opens (appends to) the run's log file. Without a call, only warnings go to standard error.
Status open_file(const std::filesystem::path& path);
void set_stderr_level(Level level);
void write(Level level, std::string_view message);
void flush();

template <typename... Args>
void debug(fmt::format_string<Args...> format, Args&&... args) {
  write(Level::debug, fmt::format(format, std::forward<Args>(args)...));
}
template <typename... Args>
void info(fmt::format_string<Args...> format, Args&&... args) {
  write(Level::info, fmt::format(format, std::forward<Args>(args)...));
}
template <typename... Args>
void warning(fmt::format_string<Args...> format, Args&&... args) {
  write(Level::warning, fmt::format(format, std::forward<Args>(args)...));
}
template <typename... Args>
void error(fmt::format_string<Args...> format, Args&&... args) {
  write(Level::error, fmt::format(format, std::forward<Args>(args)...));
}

}  // namespace log
}  // namespace genesis
