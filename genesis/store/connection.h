#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>

#include "genesis/base/error.h"

namespace SQLite {
class Database;
class Statement;
}  // namespace SQLite

namespace genesis::store {

/// How a connection treats the file.
enum class Access {
  write,            ///< WAL: the one writer, while any number of readers look on.
  write_exclusive,  ///< Rollback journal under an exclusive lock: no shared memory, one connection.
  read,             ///< Read only; a writer may be at work.
  read_still,       ///< Read only, from a folder nobody may write to: no locks, no WAL.
};

/// Opens one SQLite connection with our settings, after looking whether the file is ours (a foreign
/// database is refused before anything in it changes). Writers make or migrate the schema. Readers
/// of an older schema get a migrated copy in memory. Errors: `parse` (not a database, corrupt, not
/// ours), `unsupported` (newer schema), `not_found`, `io`, `unavailable` (locked).
/// A connection is used by one thread at a time.
Result<std::unique_ptr<SQLite::Database>> open_connection(const std::filesystem::path& file,
                                                          Access access);

/// The error that the SQLite exception now in flight means; others are thrown on. Only inside a
/// handler.
Error current_sqlite_error(std::string_view operation);

/// Runs `action`, turning SQLite's exceptions into an error that starts with `operation`.
template <typename Action>
auto guarded(std::string_view operation, Action&& action) -> std::invoke_result_t<Action> {
  try {
    return action();
  } catch (...) {
    return tl::unexpected<Error>(current_sqlite_error(operation));
  }
}

/// The first column of the first row, if there is one.
std::optional<std::int64_t> query_integer(SQLite::Database& database, const char* sql);
std::optional<std::string> query_value(SQLite::Database& database, const char* sql,
                                       std::string_view key);

}  // namespace genesis::store
