#pragma once

#include "genesis/cli/stop_target.h"
#include "genesis/cli/sweep_plan.h"
#include "genesis/cli/sweep_report.h"

namespace genesis::cli {

/// Runs the jobs of a sweep one after another. Failures are rows of the report; the report is
/// written after each job.
void run_in_sequence(const SweepPlan& plan, SweepReport& report, StopTarget& target, bool quiet);

/// Whether one launcher will do for all jobs; the error names the job and what differs.
Status check_one_launcher(const SweepPlan& plan);

/// Runs them all at once over one launcher, made from the first job's `job_config`. Errors: what
/// the launcher says.
Status run_together(const SweepPlan& plan, SweepReport& report, StopTarget& target, bool quiet);

/// The keys of `job_config` by which launchers differ, other than in what belongs to each job
/// (evaluator, limits, resources, variables); empty when both may share one.
std::vector<std::string> launcher_differences(const launch::JobConfig& a,
                                              const launch::JobConfig& b);

}  // namespace genesis::cli
