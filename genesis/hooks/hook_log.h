#pragma once

#include <filesystem>
#include <string_view>

namespace genesis::hooks {

/// `.genesis/hooks.log`: what hooks were told, how it went, and what commands wrote. At most 1 MB;
/// then it becomes hooks.log.1 and a new one begins. A log that cannot be written is left out. One
/// thread.
class HookLog {
 public:
  explicit HookLog(std::filesystem::path file) : file_(std::move(file)) {}

  /// One line with its time, and `output` below it, indented; without secrets.
  void add(std::int64_t unix_millis, std::string_view line, std::string_view output = {}) const;
  const std::filesystem::path& file() const { return file_; }

 private:
  std::filesystem::path file_;
};

}  // namespace genesis::hooks
