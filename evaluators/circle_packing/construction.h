#pragma once

#include <string_view>
#include <vector>

#include "evaluators/circle_packing/verify.h"
#include "genesis/base/files.h"

namespace genesis::circle_packing {

/// Reads circles from a file, by its content:
/// - JSON: {"circles": [{"x":…, "y":…, "r":…}, …]} or {"centers": [[x, y], …], "radii": […]};
/// - a NumPy archive (.npz, as np.savez writes it, not compressed) with float64 arrays `centers`
///   (n × 2) and `radii` (n);
/// - text: x, y, r in every line, by commas or blanks; a header line and # comments are passed
/// over. Numbers are decimal (the nearest double is meant) or hexadecimal floats, which in JSON are
/// strings
/// ("0x1.8p-3"). Errors: not found, larger than 16 MB, malformed (kind `parse`, with the place).
Result<std::vector<Circle>> read_construction(const fs::path& path);

/// The same from memory; `name` is for messages.
Result<std::vector<Circle>> parse_construction(std::string_view content, std::string_view name);

/// The circles of a NumPy archive.
Result<std::vector<Circle>> parse_npz(std::string_view content);

}  // namespace genesis::circle_packing
