#pragma once

#include <chrono>
#include <filesystem>
#include <string>
#include <vector>

#include "genesis/base/error.h"

namespace genesis::launch::slurm {

/// A job in which the runner itself runs, and the one after it, until the run has ended.
struct ControllerPlan {
  std::filesystem::path run_folder;  ///< Absolute; the nodes and the login node share it.
  std::filesystem::path cwd;         ///< Where the run was started.
  std::string launcher;              ///< genesis_launch, by its path.
  std::vector<std::string> arguments;
  std::string name;                                   ///< Of the jobs.
  std::chrono::minutes time{std::chrono::hours{24}};  ///< Of each job.
  /// How long before its end a job begins to make room for the next.
  std::chrono::seconds before{600};
  int cpus = 1;
  std::string memory = "2G";
  std::string partition, account, qos, constraint;
  std::vector<std::string> sbatch_args;
};

/// Where a run's controller keeps what it has.
struct ControllerPlaces {
  std::filesystem::path folder;  ///< <run>/.genesis/slurm/controller
  explicit ControllerPlaces(const std::filesystem::path& run_folder)
      : folder(run_folder / ".genesis" / "slurm" / "controller") {}
  std::filesystem::path script() const { return folder / "job.sh"; }
  std::filesystem::path log() const { return folder / "log"; }          ///< What the runner says.
  std::filesystem::path job_log() const { return folder / "job.log"; }  ///< What the script says.
  std::filesystem::path hops() const { return folder / "hops"; }        ///< A line for each job.
};

/// What of the batch script does not change (scripts/controller.sh).
extern const char* const kControllerScript;

/// The batch script of all these jobs. At SIGUSR1 (which SLURM sends `before` its time limit) it
/// drains the runner, ends it where that takes too long (its jobs go on and are taken up again),
/// and submits the next job, which waits for this one's end; where sbatch is not for the nodes, it
/// has itself requeued. At SIGINT it drains and does not go on; at SIGTERM it ends at once, jobs
/// included, unless its time is over.
std::string controller_script(const ControllerPlan& plan);

/// What submits the first one; the script does the same for the next.
std::vector<std::string> controller_sbatch(const ControllerPlan& plan);

/// Time and `before` fit together. Kind `invalid_argument`.
Status check_plan(const ControllerPlan& plan);

}  // namespace genesis::launch::slurm
