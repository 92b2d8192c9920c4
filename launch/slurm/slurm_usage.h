#pragma once

#include <optional>
#include <string>

#include "launch/launcher.h"
#include "launch/slurm/slurm_config.h"
#include "launch/slurm/slurm_outcome.h"

namespace genesis::launch::slurm {

/// What a job that is over has used of a node: by its record's wall time, else by what SLURM says
/// it ran. Nothing for one that never ran, or of which nobody says. `lease`: its name, which no
/// other job has.
std::optional<Usage> usage_of(const std::string& lease, const JobSpec& spec, const EndFacts& facts,
                              const SlurmOptions& options);

/// The same of anything that has held processors and memory of a node for some time.
Usage node_usage(const std::string& lease, double seconds, double cpus, double memory_gib,
                 const SlurmOptions& options);

}  // namespace genesis::launch::slurm
