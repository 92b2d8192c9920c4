#pragma once

#include <filesystem>
#include <map>
#include <string>

#include "genesis/base/error.h"
#include "launch/job.h"

namespace genesis::launch::e2b {

/// What all jobs of a run share, as one archive on this machine. Its name is its content's, so that
/// a sandbox that has it needs it no more.
struct Bundle {
  std::string hash;
  std::filesystem::path path;
};

/// Packs the wrapper, the planner's files and `additional` (path in the sandbox -> path here: a
/// file, a folder, or a pattern whose matches go into the folder that the first path names;
/// absolute ones below absolute/, others below files/). Errors name what is missing. Blocking.
Result<Bundle> make_bundle(const SharedFiles* shared,
                           const std::map<std::string, std::string>& additional,
                           const std::filesystem::path& folder);

}  // namespace genesis::launch::e2b
