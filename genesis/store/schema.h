#pragma once

#include <filesystem>

#include "genesis/base/error.h"

namespace SQLite {
class Database;
}

namespace genesis::store {

/// In the file's header ("Gene"), so that `file` and we know whose it is.
inline constexpr int kApplicationId = 0x47656e65;
/// The schema that this program writes.
inline constexpr int kSchemaVersion = 4;

enum class SchemaState { empty, older, current };

/// Whose file it is and how old; changes nothing. Errors: `parse` for another program's database,
/// `unsupported` for a newer schema. Throws SQLite's exceptions.
Result<SchemaState> inspect_schema(SQLite::Database& database, const std::filesystem::path& file);

/// Makes the schema in an empty file, or takes an older one forward, each step in a transaction of
/// its own. Throws SQLite's exceptions.
Status migrate_schema(SQLite::Database& database, const std::filesystem::path& file);

/// For readers of a file of version 2 or 3: views of this connection stand for the tables that
/// the file lacks. False when it is of another version. Changes nothing in the file. Throws
/// SQLite's exceptions.
bool view_as_current(SQLite::Database& database);

}  // namespace genesis::store
