#include "genesis/store/snapshot.h"

#include <SQLiteCpp/Backup.h>
#include <SQLiteCpp/SQLiteCpp.h>
#include <fmt/format.h>
#include <sqlite3.h>

#include "genesis/base/failpoint.h"
#include "genesis/store/connection.h"

namespace genesis::store {

std::filesystem::path snapshot_path(const std::filesystem::path& file) {
  return file.string() + ".snapshot";
}

Status write_snapshot(SQLite::Database& database, const std::filesystem::path& file) {
  const std::filesystem::path target = snapshot_path(file);
  const std::filesystem::path temporary = target.string() + ".tmp";
  failpoint("store.snapshot.before");
  std::error_code failure;
  std::filesystem::remove(temporary, failure);  // Left by a runner that was killed.
  GENESIS_TRY(guarded(fmt::format("writing the snapshot '{}'", target.string()), [&]() -> Status {
    SQLite::Database copy(temporary.string(),
                          SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE | SQLITE_OPEN_NOMUTEX);
    copy.exec("PRAGMA synchronous=OFF");  // A copy of what is safe elsewhere.
    copy.exec("PRAGMA journal_mode=OFF");
    SQLite::Backup backup(copy, database);
    if (const int code = backup.executeStep(-1); code != SQLITE_DONE) {
      throw SQLite::Exception(sqlite3_errstr(code), code);
    }
    return {};
  }));
  failpoint("store.snapshot.copied");
  std::filesystem::rename(temporary, target, failure);
  if (failure) return errno_error("rename to", target.string(), failure.value());
  failpoint("store.snapshot.after");
  return {};
}

}  // namespace genesis::store
