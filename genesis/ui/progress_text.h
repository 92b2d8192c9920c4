#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "genesis/ui/status.h"

namespace genesis {

/// The texts of progress and summary, as pure functions of a status. No colour, no line ends.

/// Scores for people: up to 6 significant decimals, no trailing zeros beyond one.
std::string format_score(double score);

/// "ok 812, incorrect 31, timeout 3": ok first, then by count.
std::string format_outcomes(const std::map<std::string, std::int64_t>& outcomes);

/// "gen 412/1000 | best 2.3541 (gen 398) | 1243.1/s | busy 2/2 | ETA 3m10s | ok 400, timeout 1",
/// with the middle left out when wider than `width` columns.
std::string progress_line(const RunStatus& status, int width);

/// "1m05s  gen 398: new best 2.3541 (+0.0123)  literal 0.5 -> 0.52", the summary shortened so that
/// the line fits `width` columns.
std::string improvement_line(const RunStatus& status, std::optional<double> before,
                             std::string_view summary, int width);

/// What a sentence says of the end: "1000 generations recorded", "interrupted" …
std::string describe_stop(StopReason reason, const RunStatus& status);

/// A path as a person in `working_dir` would type it: relative when it is below, else unchanged.
std::string short_path(const std::filesystem::path& path, const std::filesystem::path& working_dir);
/// The same in the present working directory.
std::string short_path(const std::filesystem::path& path);

/// Shortens a UTF-8 text to `width` columns (code points) by leaving its middle out.
std::string elide_middle(std::string_view text, int width);

}  // namespace genesis
