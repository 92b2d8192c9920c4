#include <SQLiteCpp/SQLiteCpp.h>
#include <fmt/format.h>

#include <utility>

#include "genesis/base/files.h"
#include "genesis/store/connection.h"
#include "genesis/store/queries.h"
#include "genesis/store/run_store.h"
#include "genesis/store/snapshot.h"

namespace genesis::store {
namespace {

class SqliteStoreReader final : public StoreReader {
 public:
  explicit SqliteStoreReader(std::unique_ptr<SQLite::Database> database)
      : database_(std::move(database)), queries_(*database_) {}

  Result<Counters> counters() override { return queries_.counters(); }
  Result<std::vector<std::pair<std::string, std::int64_t>>> outcomes() override {
    return queries_.outcomes();
  }
  Result<std::vector<UsageTotal>> usage() override { return queries_.usage(); }
  Result<std::optional<ProgramRecord>> best() override { return queries_.best(); }
  Result<std::vector<ProgramRecord>> top(int count) override { return queries_.top(count); }
  Result<std::optional<ProgramRecord>> best_between(std::int64_t first, std::int64_t end) override {
    return queries_.best_between(first, end);
  }
  Result<ProgramRecord> program(std::int64_t generation) override {
    return queries_.program(generation);
  }
  Result<Program> source(std::int64_t generation) override { return queries_.source(generation); }
  Status for_each_program(const std::function<bool(const ProgramRecord&)>& visit) override {
    return queries_.for_each_program(visit);
  }
  Result<std::vector<ProgramRecord>> improvements() override { return queries_.improvements(); }
  std::optional<std::string> meta(std::string_view key) override { return queries_.meta(key); }
  std::optional<std::string> state(std::string_view key) override { return queries_.state(key); }
  Result<std::string> canonical_dump() override { return queries_.canonical_dump(); }

 private:
  const std::unique_ptr<SQLite::Database> database_;
  Queries queries_;
};

Result<std::unique_ptr<SQLite::Database>> open_for_reading(const std::filesystem::path& file) {
  // There is a snapshot only where the writer holds its file exclusively. It is replaced by
  // renaming and never written to, so it needs no locks, which a network file system might not
  // keep.
  const std::filesystem::path snapshot = snapshot_path(file);
  std::error_code failure;
  if (std::filesystem::exists(snapshot, failure)) {
    return open_connection(snapshot, Access::read_still);
  }
  auto opened = open_connection(file, Access::read);
  if (opened || opened.error().kind != ErrorKind::io) return opened;
  // A closed store in a folder that may not be written to: SQLite cannot make its shared memory.
  if (std::filesystem::exists(file.string() + "-wal", failure)) return opened;
  auto still = open_connection(file, Access::read_still);
  if (still) return still;
  return opened;
}

}  // namespace

Result<std::unique_ptr<StoreReader>> StoreReader::open(const std::filesystem::path& file) {
  GENESIS_TRY_ASSIGN(auto database, open_for_reading(file));
  return guarded(fmt::format("opening the store '{}'", file.string()),
                 [&]() -> Result<std::unique_ptr<StoreReader>> {
                   return std::make_unique<SqliteStoreReader>(std::move(database));
                 });
}

}  // namespace genesis::store
