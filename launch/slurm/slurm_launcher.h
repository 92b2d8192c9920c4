#pragma once

#include <memory>

#include "launch/launcher.h"
#include "launch/registry.h"
#include "launch/slurm/slurm_config.h"

namespace genesis::launch {

/// Runs jobs on a SLURM cluster through its commands (sbatch, squeue, scontrol, scancel), at most
/// `context.max_parallel_jobs` of them in SLURM at a time, waiting ones included.
///
/// The run's folder must be on a file system that the nodes share. Each job is one batch job whose
/// name carries its token, so that a job whose id was never journaled is found again. What an
/// earlier runner of the same run left and nobody asks for is cancelled half a minute after open.
///
/// Jobs outlive their runner: `reattach` follows them to their end or collects it.
Result<std::unique_ptr<Launcher>> make_slurm_launcher(slurm::SlurmOptions options,
                                                      const LauncherContext& context);

}  // namespace genesis::launch
