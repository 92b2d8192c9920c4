#pragma once

#include <optional>
#include <string>
#include <vector>

#include "launch/registry.h"
#include "launch/slurm/slurm_listing.h"

namespace genesis::launch::slurm {

/// The commands of SLURM that the launcher cannot do without.
std::vector<std::string> missing_commands();

/// What was found out about this machine and its cluster; what could not be asked is absent.
struct SiteFacts {
  std::vector<std::string> missing_commands;
  std::string missing_file;  ///< What SLURM_CONF names and cannot be read.
  bool no_configuration = false;
  std::string controller_failure;  ///< Why it does not answer.
  std::optional<SiteConfig> site;
  std::optional<std::vector<PartitionRow>> partitions;
  std::string accounting_failure;  ///< What sacct said where accounting is on.
};
/// What of it is in order, and what to do where it is not.
std::vector<DoctorLine> doctor_lines(const SiteFacts& facts);

/// `genesis doctor slurm`: asks, each command with a deadline.
std::vector<DoctorLine> slurm_doctor();

/// Before a run begins: SLURM's commands are there and find a configuration. That the controller
/// answers is not needed. Kind `not_found`, with what to do.
Status check_site();

}  // namespace genesis::launch::slurm
