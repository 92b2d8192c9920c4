#pragma once

#include <filesystem>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "launch/command.h"
#include "launch/slurm/slurm_listing.h"

namespace genesis::launch::slurm {

/// "genesis-<folder>-controller": the job that a run's runner itself runs in. By the run's folder,
/// because there is no run yet when it is submitted.
std::string controller_name(const std::filesystem::path& run_folder);

/// Jobs of one run among all of a user's, those that have ended included: whatever kind of job
/// carries the run's prefix, and its controller.
std::vector<JobRow> jobs_of_run(const std::vector<JobRow>& all, const RunFacts& run);
bool is_controller(const JobRow& row);
/// The prefix of whichever run ("genesis-0123456789ab-"); empty for jobs that are none of ours.
std::string run_prefix_of(const JobRow& row);

/// `genesis slurm status`. `rows` are the run's.
std::string status_text(const RunFacts& run, const std::vector<JobRow>& rows);
nlohmann::json status_json(const RunFacts& run, const std::vector<JobRow>& rows);

/// What `genesis slurm sweep` finds: the jobs of one run that have not ended.
struct SweepGroup {
  std::string run;   ///< Its folder; empty: found nowhere here.
  std::string held;  ///< Who will take care of these jobs; empty: nobody.
  std::vector<JobRow> jobs;
};
/// Whether anybody will: a runner that lives, or a controller that waits for its turn.
std::string holder_of(const RunFacts& run, const std::vector<JobRow>& rows);
std::string sweep_text(const std::vector<SweepGroup>& groups);

/// What `genesis slurm explain` knows.
struct Explained {
  RunFacts run;
  std::vector<JobRow> rows;
  std::vector<PartitionRow> partitions;
  SiteConfig site;
  std::string folder_probe;  ///< What the probe of the run's folder has found; empty: nothing yet.
  /// For the first job of each reason that SLURM gives no estimate for: what a trial says, by id.
  std::vector<std::pair<std::string, std::string>> trials;
};
std::string explain_text(const Explained& known);

/// The arguments of a trial (`sbatch --test-only`) of a job like this one.
std::vector<std::string> trial_command(const JobRow& row);

}  // namespace genesis::launch::slurm
