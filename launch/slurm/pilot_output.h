#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "launch/slurm/slurm_output.h"

namespace genesis::launch::slurm {

/// One allocation as squeue lists it.
struct PilotRow {
  std::string id;
  JobState state = JobState::unknown;
  std::string reason;
  std::string nodes;                              ///< "n[1-3],m7"; empty while it waits.
  std::optional<std::chrono::milliseconds> left;  ///< Of its time; absent: no limit is known.
  std::string name;
};
inline constexpr const char* kPilotFormat = "%i|%T|%r|%L|%N|%j";
/// Lines that are none of that format are left out.
std::vector<PilotRow> parse_pilot_queue(std::string_view output);

/// "4:59", "1:02:03", "2-00:00:00"; absent for others (UNLIMITED, INVALID).
std::optional<std::chrono::milliseconds> parse_time_left(std::string_view text);

/// One step of a job that srun started.
struct StepRow {
  std::string step;  ///< Its number.
  std::string name;
  std::string nodes;
};
inline constexpr const char* kStepFormat = "%i|%N|%j";
/// Steps of job `id`; its batch script and the like are none.
std::vector<StepRow> parse_steps(std::string_view output, std::string_view id);

/// `scontrol show hostnames`: one a line. Names that could be something else on a command line are
/// left out.
std::vector<std::string> parse_node_names(std::string_view output);

}  // namespace genesis::launch::slurm
