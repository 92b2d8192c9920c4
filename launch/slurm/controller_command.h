#pragma once

#include "launch/command.h"

namespace genesis::launch::slurm {

/// `genesis slurm start`, `attach`, `stop`: the runner itself as a job.
Command start_command(const FindRun& find_run);
Command attach_command(const FindRun& find_run);
Command stop_command(const FindRun& find_run);

/// A run's facts; of one whose controller has not begun yet, what is known without them.
Result<RunFacts> run_or_its_folder(const std::string& run, const FindRun& find_run);

}  // namespace genesis::launch::slurm
