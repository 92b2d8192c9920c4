#include "genesis/store/connection.h"

#include <SQLiteCpp/Backup.h>
#include <SQLiteCpp/SQLiteCpp.h>
#include <fmt/format.h>
#include <sqlite3.h>

#include "genesis/store/schema.h"

namespace genesis::store {
namespace {

constexpr int kBusyMillis = 10'000;
// Large enough that a busy run checkpoints a few times per second at most, small enough that a
// reader never has to search more than a few thousand pages.
constexpr int kCheckpointPages = 2000;
constexpr int kPageBytes = 8192;

ErrorKind kind_of(int primary_code) {
  switch (primary_code) {
    case SQLITE_NOTADB:
    case SQLITE_CORRUPT:
      return ErrorKind::parse;
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return ErrorKind::unavailable;
    case SQLITE_CONSTRAINT:
    case SQLITE_MISMATCH:
    case SQLITE_TOOBIG:
    case SQLITE_RANGE:
    case SQLITE_MISUSE:
      return ErrorKind::internal;
    default:
      return ErrorKind::io;
  }
}

std::string_view advice_for(int primary_code) {
  switch (primary_code) {
    case SQLITE_FULL:
      return "; free space on that disk, the work is kept until then";
    case SQLITE_NOTADB:
      return "; it is not a run's store";
    case SQLITE_CORRUPT:
      return "; restore the file from a copy";
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return "; another process holds it";
    case SQLITE_READONLY:
    case SQLITE_PERM:
    case SQLITE_CANTOPEN:
      return "; check that the folder and the file may be written";
    default:
      return "";
  }
}

void set_common(SQLite::Database& database) {
  database.setBusyTimeout(kBusyMillis);
  // A file from elsewhere must not run code of its own through views or triggers.
  database.exec("PRAGMA trusted_schema=OFF");
  database.exec("PRAGMA cell_size_check=ON");
  database.exec("PRAGMA temp_store=MEMORY");
}

void set_writer(SQLite::Database& database, Access access) {
  sqlite3_db_config(database.getHandle(), SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
  database.exec("PRAGMA foreign_keys=ON");
  database.exec("PRAGMA cache_size=-32768");
  if (access == Access::write_exclusive) {
    database.exec("PRAGMA journal_mode=TRUNCATE");
    database.exec("PRAGMA synchronous=FULL");
    return;
  }
  database.exec("PRAGMA journal_mode=WAL");
  database.exec("PRAGMA synchronous=NORMAL");
  database.exec(fmt::format("PRAGMA wal_autocheckpoint={}", kCheckpointPages));
  database.exec("PRAGMA journal_size_limit=67108864");
}

Result<std::unique_ptr<SQLite::Database>> open_writer(const std::filesystem::path& file,
                                                      Access access) {
  auto database = std::make_unique<SQLite::Database>(
      file.string(), SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE | SQLITE_OPEN_NOMUTEX);
  set_common(*database);
  // Before the first read: then SQLite never maps shared memory, even for a file left in WAL mode.
  if (access == Access::write_exclusive) database->exec("PRAGMA locking_mode=EXCLUSIVE");
  GENESIS_TRY_ASSIGN(const SchemaState state, inspect_schema(*database, file));
  if (state == SchemaState::empty) database->exec(fmt::format("PRAGMA page_size={}", kPageBytes));
  set_writer(*database, access);
  GENESIS_TRY(migrate_schema(*database, file));
  return database;
}

std::string still_uri(const std::filesystem::path& file) {
  std::string uri = "file:";
  for (const char letter : std::filesystem::absolute(file).string()) {
    const bool special = letter == '%' || letter == '?' || letter == '#';
    uri += special ? fmt::format("%{:02X}", static_cast<unsigned char>(letter))
                   : std::string(1, letter);
  }
  return uri + "?immutable=1";
}

Result<std::unique_ptr<SQLite::Database>> open_reader(const std::filesystem::path& file,
                                                      Access access) {
  const bool still = access == Access::read_still;
  auto database = std::make_unique<SQLite::Database>(
      still ? still_uri(file) : file.string(),
      SQLite::OPEN_READONLY | SQLITE_OPEN_NOMUTEX | (still ? SQLite::OPEN_URI : 0));
  set_common(*database);
  GENESIS_TRY_ASSIGN(const SchemaState state, inspect_schema(*database, file));
  if (state == SchemaState::empty) {
    return make_error(ErrorKind::not_found,
                      fmt::format("reading the store '{}': it holds no run yet", file.string()));
  }
  if (state == SchemaState::current || view_as_current(*database)) {
    database->exec("PRAGMA query_only=ON");
    return database;
  }
  auto copy = std::make_unique<SQLite::Database>(
      ":memory:", SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE | SQLITE_OPEN_NOMUTEX);
  SQLite::Backup backup(*copy, *database);
  if (const int code = backup.executeStep(-1); code != SQLITE_DONE) {
    throw SQLite::Exception(sqlite3_errstr(code), code);
  }
  set_common(*copy);
  GENESIS_TRY(migrate_schema(*copy, file));
  return copy;
}

}  // namespace

Error current_sqlite_error(std::string_view operation) {
  try {
    throw;
  } catch (const SQLite::Exception& exception) {
    const int primary = exception.getErrorCode() & 0xff;
    return Error{kind_of(primary),
                 fmt::format("{}: {}{}", operation, exception.what(), advice_for(primary))};
  }
}

Result<std::unique_ptr<SQLite::Database>> open_connection(const std::filesystem::path& file,
                                                          Access access) {
  const bool reads = access == Access::read || access == Access::read_still;
  std::error_code failure;
  if (reads && !std::filesystem::exists(file, failure)) {
    return make_error(ErrorKind::not_found,
                      fmt::format("opening the store '{}': no such file", file.string()));
  }
  return guarded(fmt::format("opening the store '{}'", file.string()),
                 [&] { return reads ? open_reader(file, access) : open_writer(file, access); });
}

std::optional<std::int64_t> query_integer(SQLite::Database& database, const char* sql) {
  SQLite::Statement statement(database, sql);
  if (!statement.executeStep() || statement.getColumn(0).isNull()) return std::nullopt;
  return statement.getColumn(0).getInt64();
}

std::optional<std::string> query_value(SQLite::Database& database, const char* sql,
                                       std::string_view key) {
  SQLite::Statement statement(database, sql);
  statement.bind(1, std::string(key));
  if (!statement.executeStep()) return std::nullopt;
  return statement.getColumn(0).getString();
}

}  // namespace genesis::store
