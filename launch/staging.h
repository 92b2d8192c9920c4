#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "genesis/base/error.h"
#include "genesis/process/leftovers.h"
#include "launch/job.h"

namespace genesis::launch {

/// The folder below a job's working folder that its results and logs go to.
inline constexpr std::string_view kResultsFolder = "results";
using process::kEndedMarker;

/// Makes the working folder and an empty results folder, and puts the inputs there. Inputs must be
/// relative and stay below the working folder; symbolic links are not followed.
Status stage_job(const JobSpec& spec);

/// Whether every output that the spec names (patterns are not looked at) is there as a regular,
/// complete file: JSON texts must end where their first value ends.
bool has_complete_outputs(const JobSpec& spec);

/// `text` with "{work}" and "{results}" replaced by the folders' absolute paths.
std::string substitute_folders(std::string_view text, const std::filesystem::path& work_dir);

}  // namespace genesis::launch
