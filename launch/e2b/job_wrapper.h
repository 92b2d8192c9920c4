#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "genesis/base/error.h"
#include "launch/exit_record.h"
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
  std::string state() const { return folder_ + "/state/" + mark_; }
  std::string exit_file() const { return state() + "/exit.json"; }
  std::string pid_file() const { return state() + "/pid"; }
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

/// All that the script has said: the record and the small results.
struct WrapperAnswer {
  ExitRecord record;
  std::map<std::string, std::string> files;

  WrapperAnswer() = default;
};
/// Nothing when the record is not whole; results that are not whole are left out.
std::optional<WrapperAnswer> parse_answer(std::string_view output);

}  // namespace genesis::launch::e2b
