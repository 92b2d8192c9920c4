#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace genesis::launch {

/// Which try of which part of which evaluation a job is. `attempt` counts from 1.
struct AttemptKey {
  std::int64_t evaluation = 0;
  int stage = 0;
  int repeat = 0;
  int attempt = 1;
  auto operator<=>(const AttemptKey&) const = default;
};

/// "evaluations/12/attempt_1", or "evaluations/12/s0_r3_attempt_1" where stage or repeat is not 0.
std::string attempt_folder(const AttemptKey& key);

/// A file that must be there before the job starts: `path` is relative to the job's working folder;
/// the content is given inline or as a local file to copy.
struct InputFile {
  std::string path;
  std::string content;
  std::optional<std::filesystem::path> copy_of;
};

/// Limits of one job; absent means none. A launcher that cannot enforce one says so in
/// `Capabilities` and the caller decides.
struct Limits {
  std::optional<std::chrono::milliseconds> wall_time;
  std::chrono::milliseconds kill_grace{2000};  ///< Between TERM and KILL.
  std::optional<std::uint64_t> memory_bytes;
  std::optional<std::chrono::milliseconds> cpu_time;
  std::optional<std::uint64_t> processes;
  std::optional<std::uint64_t> file_bytes;  ///< Largest single file the job may write.
};

/// What a job occupies.
struct Resources {
  int cpus = 1;
  int gpus = 0;
};

enum class Isolation { none, sandbox };

/// Whether Python evaluators are started as clones of a process that has imported their modules:
/// never, as soon as such a process is ready (the first ones start cold), or always, so that the
/// first ones wait for it.
enum class WarmStarts { never, when_ready, always };

/// A job that may be started so: its argv is {python, script, …}. Backends that have no such
/// process ignore it.
struct WarmStart {
  std::vector<std::filesystem::path> scan;  ///< Other files whose imports the job will need.
  /// Which evaluator it is: a process that was started for another one does not serve this job.
  std::string evaluator;
};

/// Files that many jobs have in common (the evaluator with its modules), for backends elsewhere:
/// they are put there once. Paths are relative to a folder of their own, which "{shared}" stands
/// for in `argv` and `environment` values. Those below "files/" are in the working folder of each
/// job too.
struct SharedFiles {
  std::vector<InputFile> files;
};

/// Which of the seeds that the search never sees a job is to use: 1, 2, …; absent in the search.
inline constexpr std::string_view kUnseenSeedVariable = "GENESIS_UNSEEN_SEED";

/// What a launcher runs: a command with files in, files out, environment, limits and resources.
/// In `argv` and `environment` values, "{work}" stands for the job's working folder wherever the
/// backend puts it, "{results}" for its results folder.
struct JobSpec {
  AttemptKey key;
  std::string token;  ///< Unique per attempt and run; journaled before submit. Exported as
                      ///< GENESIS_ATTEMPT_TOKEN.
  std::vector<std::string> argv;
  std::vector<InputFile> inputs;
  std::map<std::string, std::string> environment;  ///< On top of the launcher's allow-list.
  /// The attempt's folder on this machine: inputs are staged and results end up here. Empty for
  /// launchers that return results inline. Results are in work_dir/results.
  std::filesystem::path work_dir;
  /// Where the command runs when that is not the working folder: evaluators of the Python systems
  /// expect the folder the launcher was started in. Only for launchers that share the file system.
  std::filesystem::path cwd;
  std::vector<std::string> outputs = {"metrics.json",
                                      "correct.json"};  ///< Below results; may be globs.
  Limits limits;
  Resources resources;
  Isolation isolation = Isolation::none;
  std::optional<WarmStart> warm;
  /// Null where the launcher shares the file system. Jobs of one planner have the same.
  std::shared_ptr<const SharedFiles> shared;
};

/// How a job ended, as far as a launcher can know.
enum class JobOutcomeKind {
  exited,         ///< By itself; `exit_code` says how.
  signalled,      ///< By a signal that we did not send.
  timeout,        ///< We ended it at its wall-clock limit.
  out_of_memory,  ///< The kernel or the cluster ended it for memory.
  cancelled,      ///< We ended it because somebody asked.
  lost,           ///< The machine or sandbox vanished, or nobody can say: an attempt, not a score.
  backend_error,  ///< It never ran as asked: no space, no sandbox, no controller.
};

std::string_view to_string(JobOutcomeKind kind);
std::optional<JobOutcomeKind> job_outcome_from(std::string_view name);

/// lost and backend_error: not the candidate's fault; tried again, never scored.
bool is_infrastructure_failure(JobOutcomeKind kind);

struct JobOutcome {
  JobOutcomeKind kind = JobOutcomeKind::lost;
  int exit_code = 0;   ///< With `exited`.
  int signal = 0;      ///< With `signalled`.
  std::string detail;  ///< One line for people: the limit, the cause.
  std::chrono::milliseconds wall{0};
  std::chrono::milliseconds cpu{0};
  std::uint64_t peak_memory_bytes = 0;
  /// How long a machine was held for this attempt alone, its preparation included; 0: it was
  /// shared, or is nobody's to pay for.
  std::chrono::milliseconds held{0};
};

/// "exited with 3", "killed by SIGSEGV", "timed out after 10.0 s", …
std::string describe(const JobOutcome& outcome);

/// A backend's own identity of a job: opaque to everyone else. Its text starts with a version
/// ("1 pid=…"); it may grow while the job goes on (token → sandbox id → pid), and each growth is
/// reported and journaled.
struct JobRef {
  std::string backend;
  std::string text;
  bool operator==(const JobRef&) const = default;
};

/// What a job left behind: a folder on this machine, or texts by file name.
struct JobResults {
  std::optional<std::filesystem::path> folder;
  std::map<std::string, std::string> inline_files;
};

}  // namespace genesis::launch
