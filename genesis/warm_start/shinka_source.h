#pragma once

#include <chrono>
#include <filesystem>
#include <memory>

#include "genesis/warm_start/program_source.h"

namespace SQLite {
class Database;
}

namespace genesis::warm_start {

/// The `programs` table of ShinkaEvolve and of the SQLite versions of Genesis (Python). Needed are
/// the columns id, code, generation, combined_score and correct; the others may be missing.
Result<std::unique_ptr<ProgramSource>> open_shinka(const std::filesystem::path& file);

/// The same over a connection that is open already. `name` is for messages; reading that takes
/// longer than `budget` in all is given up.
Result<std::unique_ptr<ProgramSource>> open_shinka(
    std::unique_ptr<SQLite::Database> database, const std::string& name,
    std::chrono::milliseconds budget = std::chrono::minutes(5));

}  // namespace genesis::warm_start
