#pragma once

#include <filesystem>

#include "genesis/base/error.h"

namespace SQLite {
class Database;
}

namespace genesis::store {

/// "<file>.snapshot".
std::filesystem::path snapshot_path(const std::filesystem::path& file);

/// Copies what is committed next to the store under a temporary name and renames it: readers see an
/// old snapshot or the new one, whole. The connection's thread.
Status write_snapshot(SQLite::Database& database, const std::filesystem::path& file);

}  // namespace genesis::store
