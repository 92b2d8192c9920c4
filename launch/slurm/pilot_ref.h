#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace genesis::launch::slurm {

/// "1 pilot=<name> job=<id> node=<node>": where a job runs.
struct PilotRef {
  std::string name;  ///< Of the pilot.
  std::string job;   ///< SLURM's id of it.
  std::string node;
};
std::string to_text(const PilotRef& ref);
/// Absent for anything else, a job of its own included.
std::optional<PilotRef> parse_pilot_ref(std::string_view text);

}  // namespace genesis::launch::slurm
