#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include "genesis/process/spawn.h"

namespace genesis::process {

/// Put into a job's working folder (the value of kWorkDirVariable in its environment) before it is
/// ended without its runner: whoever finds complete results later knows that the job had not ended
/// by itself.
inline constexpr std::string_view kEndedMarker = ".genesis_ended";

/// Which processes of the machine are meant: those whose environment holds variable=value, and
/// those that carry the mark (process_family.h).
struct LeftoverMatch {
  std::string variable;
  std::string value;
  std::optional<ResourceLimit> mark;
};

/// Puts the marker into the working folder of every match and leaves the processes alone.
void mark_leftovers(const LeftoverMatch& match);

/// KILLs every match and its descendants, again and again until none is left or the deadline has
/// passed; returns how many it met. Never the calling process. Blocks; any thread.
int end_leftovers(const LeftoverMatch& match, std::chrono::milliseconds deadline);

}  // namespace genesis::process
