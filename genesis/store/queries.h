#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "genesis/base/error.h"
#include "genesis/program/program.h"
#include "genesis/store/records.h"
#include "genesis/store/run_store.h"

namespace SQLite {
class Database;
class Statement;
}  // namespace SQLite

namespace genesis::store {

/// Everything that is read from a store, by the runner and by other processes alike. Statements are
/// prepared once. One thread at a time, like the connection, which must outlive it.
class Queries {
 public:
  using Visit = std::function<bool(const ProgramRecord&)>;

  /// Throws SQLite's exceptions.
  explicit Queries(SQLite::Database& database);
  ~Queries();

  Result<LoadedRun> load();
  Result<Counters> counters();
  Result<std::vector<std::pair<std::string, std::int64_t>>> outcomes();
  Result<std::vector<UsageTotal>> usage();
  // Of the present epoch.
  Result<std::optional<ProgramRecord>> best();
  Result<std::vector<ProgramRecord>> top(int count);
  Result<std::vector<ProgramRecord>> improvements();
  /// The best of the generations from `first` to before `end`.
  Result<std::optional<ProgramRecord>> best_between(std::int64_t first, std::int64_t end);
  Status for_each_program(const Visit& visit);
  Status for_each_outline(const std::function<void(const ProgramOutline&)>& visit);
  Status for_each_move(const std::function<void(const MoveRecord&)>& visit);
  Result<std::optional<std::int64_t>> generation_of(std::int64_t evaluation);
  Result<ProgramRecord> program(std::int64_t generation);
  Result<Program> source(std::int64_t generation);
  std::optional<std::string> state(std::string_view key);
  std::optional<std::string> meta(std::string_view key);
  Result<std::string> canonical_dump();

 private:
  /// The best `count` of the generations from `first` to before `end`.
  Result<std::vector<ProgramRecord>> ranked(std::int64_t first, std::int64_t end,
                                            std::int64_t count);
  std::vector<ProgramRecord> select(const std::string& tail, std::int64_t limit);

  SQLite::Database& database_;
  std::unique_ptr<SQLite::Statement> program_;
  std::unique_ptr<SQLite::Statement> source_;
};

/// The canonical dump of what the connection sees. Throws SQLite's exceptions.
Result<std::string> dump_canonically(SQLite::Database& database);

/// "1,2,3" to numbers; what is not a number is left out.
std::vector<std::int64_t> read_numbers(std::string_view text);

/// A stored number to a fate; `parse` when it is none.
Result<ProposalFate> read_fate(int number);

}  // namespace genesis::store
