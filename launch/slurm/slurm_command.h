#pragma once

#include "launch/command.h"

namespace genesis::launch::slurm {

/// `genesis slurm …`: what a run has in SLURM, by hand.
Command slurm_command(const FindRun& find_run);

}  // namespace genesis::launch::slurm
