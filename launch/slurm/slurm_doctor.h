#pragma once

#include <vector>

#include "launch/registry.h"

namespace genesis::launch::slurm {

/// `genesis doctor` for this backend: whether this machine has SLURM's commands.
std::vector<DoctorLine> slurm_doctor();

/// The commands of SLURM that the launcher cannot do without.
std::vector<std::string> missing_commands();

}  // namespace genesis::launch::slurm
