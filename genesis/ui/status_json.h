#pragma once

#include <string>
#include <string_view>

#include "genesis/base/error.h"
#include "genesis/ui/status.h"

namespace genesis {

/// A status as one line of JSON with the struct's field names, but for `wall_seconds`,
/// `eta_seconds` and a `best_score` that is null where there is none: for the control socket and
/// `genesis status`.
std::string status_to_json(const RunStatus& status);
/// Reads it back; unknown keys are ignored and absent ones keep their defaults. Kind `parse`.
Result<RunStatus> status_from_json(std::string_view text);

}  // namespace genesis
