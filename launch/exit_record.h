#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "genesis/base/error.h"
#include "launch/job.h"

namespace genesis::launch {

/// How a job ended, as the shell script that ran it elsewhere tells it: in a sandbox, on a
/// cluster's node. Written by rename, so it is whole or not there.
struct ExitRecord {
  int code = 0;  ///< As a shell sees it: 128 + signal.
  bool timed_out = false;
  bool stopped = false;  ///< The script was told to end, by its own clock or by somebody else.
  std::chrono::milliseconds wall{0};
  std::chrono::milliseconds cpu{0};
  std::optional<int> oom;  ///< Ends for memory that the kernel counted; absent: not readable.
  int left = 0;            ///< Processes of the job that could not be ended.
  int strangers = 0;       ///< Others that were not there before.
  std::vector<std::pair<std::string, std::uint64_t>> files;  ///< Results and their bytes.

  ExitRecord() = default;  // Crosses awaits: not an aggregate (g++ 12).
};
/// exit.json. Kind `parse` for what is none. Names of files are relative and stay below.
Result<ExitRecord> parse_exit_record(std::string_view json);

/// "0m1.50s 0m0.02s", as shells print times.
std::chrono::milliseconds parse_shell_times(std::string_view text);

/// Relative, and stays below the folder it is relative to.
bool is_result_name(const std::string& name);

/// For the script's arguments: whole seconds where they are, since not every sleep knows fractions.
std::string shell_seconds(std::chrono::milliseconds time);
/// The shell's commands for the limits that a process of a job gets.
std::string ulimits_of(const Limits& limits);

}  // namespace genesis::launch
