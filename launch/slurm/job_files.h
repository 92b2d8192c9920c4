#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "launch/slurm/batch_script.h"
#include "launch/slurm/slurm_outcome.h"

namespace genesis::launch::slurm {

/// Stages a job's inputs and writes what its node will run; returns the batch script's path.
Result<std::filesystem::path> write_job(const JobSpec& spec, const SlurmOptions& options,
                                        const RunPlaces& places, const std::string& shape);

/// What a job's files say of its end; nothing where they do not say it yet.
std::optional<EndFacts> read_end(const std::filesystem::path& work_dir);

}  // namespace genesis::launch::slurm
