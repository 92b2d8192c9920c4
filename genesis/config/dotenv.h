#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "genesis/base/error.h"
#include "genesis/base/files.h"

namespace genesis::config {

/// Parses the lines of a `.env` file: NAME=value, `export NAME=value`, comments, single quotes (as
/// written), double quotes (\n, \t, \", \\), values over several lines inside quotes. An unquoted
/// value ends at " #". `source` is for messages ("file:line: …").
Result<std::vector<std::pair<std::string, std::string>>> parse_dotenv(std::string_view text,
                                                                      const std::string& source);

/// Puts the variables of `file` into the environment of this process; those that the shell has
/// already set win. A file that does not exist is fine. Call before any thread is started. Returns
/// the names that were set.
Result<std::vector<std::string>> load_dotenv(const fs::path& file);

}  // namespace genesis::config
