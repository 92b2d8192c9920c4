#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "genesis/base/error.h"
#include "launch/slurm/slurm_client.h"
#include "launch/slurm/slurm_listing.h"

namespace genesis::launch::slurm {

/// One of SLURM's commands, to its end: for commands of ours and before a run begins, where nothing
/// else goes on. It is not begun where SLURM's commands would wait a minute for a configuration
/// file that SLURM_CONF names and that is not there.
CommandEnd ask_and_wait(std::vector<std::string> argv, std::chrono::milliseconds deadline);
/// The same of any program, with this environment.
CommandEnd ask_and_wait(std::vector<std::string> argv, std::chrono::milliseconds deadline,
                        Environment environment);

/// A command's answer, or what is wrong and what to do: kind `unavailable` where the controller
/// does not answer, `not_found` where there is no configuration or no such command.
Result<std::string> answer_of(std::vector<std::string> argv);

/// All jobs of this user, those included that ended lately.
Result<std::vector<JobRow>> list_jobs();

/// SLURM_CONF where it names a file that cannot be read; else empty.
std::string missing_configuration_file();

}  // namespace genesis::launch::slurm
