#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "genesis/base/error.h"
#include "launch/job.h"

namespace genesis::launch::e2b {

/// The script that runs every job in its sandbox. It runs the command in a session of its own with
/// its outputs in files, ends the whole of it at the time limit or at SIGTERM (TERM, grace, KILL),
/// ends what the command left behind, cuts the logs, and tells the end in state/<mark>/exit.json,
/// written by rename, and on its own standard output, there followed by the small results. So the
/// end is known to whoever comes later, whatever becomes of the stream.
extern const char* const kRunJobScript;
/// Unpacks what jobs share.
extern const char* const kPrepareScript;

/// Where things are in a sandbox.
class SandboxPlaces {
 public:
  SandboxPlaces() = default;
  SandboxPlaces(std::string folder, std::string mark, std::string bundle)
      : folder_(std::move(folder)), mark_(std::move(mark)), bundle_(std::move(bundle)) {}

  std::string work() const { return folder_ + "/jobs/" + mark_; }
  std::string results() const { return work() + "/results"; }
  std::string shared() const { return folder_ + "/shared/" + bundle_; }
  std::string exit_file() const { return folder_ + "/state/" + mark_ + "/exit.json"; }
  std::string pid_file() const { return folder_ + "/state/" + mark_ + "/pid"; }
  const std::string& folder() const { return folder_; }
  const std::string& mark() const { return mark_; }

  /// With {work}, {results} and {shared} filled in.
  std::string filled(std::string_view text) const;

 private:
  std::string folder_, mark_, bundle_;
};

/// What is kept of a job's output and how much of a result goes with the answer.
inline constexpr std::size_t kLogBytes = 1u << 20;
inline constexpr std::size_t kInlineBytes = 32u << 10;

/// The argv that runs a job under the script. `cwd` empty: the working folder.
std::vector<std::string> wrapped_command(const JobSpec& spec, const SandboxPlaces& places,
                                         const std::string& cwd);

/// How a job ended, as the script tells it.
struct ExitRecord {
  int code = 0;  ///< As a shell sees it: 128 + signal.
  bool timed_out = false;
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

/// All that the script has said: the record and the small results.
struct WrapperAnswer {
  ExitRecord record;
  std::map<std::string, std::string> files;

  WrapperAnswer() = default;
};
/// Nothing when the record is not whole; results that are not whole are left out.
std::optional<WrapperAnswer> parse_answer(std::string_view output);

/// "0m1.50s 0m0.02s", as shells print times.
std::chrono::milliseconds parse_shell_times(std::string_view text);

}  // namespace genesis::launch::e2b
