#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "launch/environment.h"
#include "launch/job.h"
#include "launch/slurm/slurm_config.h"

namespace genesis::launch::slurm {

/// The script that runs every job on its node. It runs the command in a session of its own with its
/// outputs in files, ends the whole of it at the time limit or at SIGTERM (TERM, grace, KILL), ends
/// what the command left behind, cuts the logs, and tells the end in <work>/.slurm/exit.json,
/// written by rename. Beginning and end are also told by empty files in one folder of the run, so
/// that one look at a folder finds whatever happened to any job.
extern const char* const kRunJobScript;

/// What is kept of a job's output.
inline constexpr std::size_t kLogBytes = 1u << 20;

/// Where things of a run are, on a file system that the nodes share. All absolute.
struct RunPlaces {
  std::filesystem::path folder;  ///< <run>/.genesis/slurm

  std::filesystem::path events() const { return folder / "events"; }
  std::filesystem::path arrays() const { return folder / "arrays"; }
  std::filesystem::path job_script() const { return folder / "run_job.sh"; }
};
/// Of one job, below its working folder.
std::filesystem::path state_folder(const std::filesystem::path& work_dir);
inline constexpr std::string_view kExitFile = "exit.json";
inline constexpr std::string_view kSetupFailedFile = "setup_failed";
inline constexpr std::string_view kSlurmLog = "slurm.log";

/// "genesis-<run>-<attempt>": how a job is found again by its name. Both parts are hex digits.
std::string job_name_prefix(std::string_view run_id);
std::string attempt_mark(std::string_view token);
/// The attempt's part of a name with that prefix; empty for others.
std::string mark_of(std::string_view job_name, std::string_view prefix);

/// `text` as one word of a POSIX shell, whatever is in it (zero bytes excepted: they are left out).
std::string shell_word(std::string_view text);

/// The batch script of one job: environment, modules, activation, then the job under
/// kRunJobScript. `shape`: a user's own script with a line "{job}" in it, or empty.
Result<std::string> batch_script(const JobSpec& spec, const SlurmOptions& options,
                                 const RunPlaces& places, const std::string& shape);

/// The script of an array: each task runs the batch script of its own job.
std::string array_script(const std::vector<std::filesystem::path>& work_dirs);
inline constexpr std::string_view kBatchScript = "job.sh";

/// The command as it is run on the node: in its container, if it has one. `name`: the container's.
Result<std::vector<std::string>> command_on_node(const JobSpec& spec, const SlurmOptions& options,
                                                 const std::string& name);
/// What is sourced before workers run commands: modules, activation; empty: nothing.
std::string activation_script(const SlurmOptions& options);

/// What sbatch is called with to run `script`; resources come as arguments, which no shell reads
/// and which win over #SBATCH lines of a user's script.
std::vector<std::string> sbatch_command(const JobSpec& spec, const SlurmOptions& options,
                                        const std::string& name,
                                        const std::filesystem::path& script);
/// The same for an array of `tasks` jobs like this one.
std::vector<std::string> sbatch_array_command(const JobSpec& spec, const SlurmOptions& options,
                                              const std::string& name,
                                              const std::filesystem::path& script,
                                              std::size_t tasks);
/// An allocation for `slots` jobs like this one at a time on each of its nodes.
std::vector<std::string> sbatch_pilot_command(const JobSpec& spec, const SlurmOptions& options,
                                              const std::string& name,
                                              const std::filesystem::path& script,
                                              const std::filesystem::path& log, int slots);
/// What they must have in common for that.
std::string resources_of(const JobSpec& spec);

}  // namespace genesis::launch::slurm
