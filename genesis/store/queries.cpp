#include "genesis/store/queries.h"

#include <SQLiteCpp/SQLiteCpp.h>
#include <fmt/format.h>

#include <charconv>
#include <limits>

#include "genesis/base/text.h"
#include "genesis/store/connection.h"
#include "genesis/store/epochs.h"
#include "genesis/store/moves.h"
#include "genesis/store/ranking.h"

namespace genesis::store {
namespace {

constexpr std::string_view kReading = "reading the run's store";

// The order of read_program below.
constexpr std::string_view kProgramColumns =
    "SELECT generation, proposal, evaluation, parent, island, score, correct, improved, "
    "draw_event, "
    "recorded_at, elapsed_millis, wall_millis, cpu_millis, peak_memory_bytes, program_key, "
    "mutator, "
    "patch, outcome, summary, error, public_json, private_json, text_feedback, extra_json, "
    "log_tail, "
    "log_path, log_bytes FROM programs ";

/// Reads a row's columns from left to right.
class Row {
 public:
  explicit Row(SQLite::Statement& statement) : statement_(statement) {}

  void operator>>(std::int64_t& out) { out = next().getInt64(); }
  void operator>>(int& out) { out = next().getInt(); }
  void operator>>(std::uint32_t& out) { out = next().getUInt(); }
  void operator>>(bool& out) { out = next().getInt() != 0; }
  void operator>>(std::string& out) { out = next().getString(); }
  /// Until the statement's next step.
  void operator>>(std::string_view& out) {
    const SQLite::Column column = next();
    const char* const text = column.getText();
    out = std::string_view(text, static_cast<std::size_t>(column.getBytes()));
  }
  void operator>>(double& out) {
    const SQLite::Column column = next();
    out = column.isNull() ? std::numeric_limits<double>::quiet_NaN() : column.getDouble();
  }

  template <typename... Values>
  void read(Values&... values) {
    (void(*this >> values), ...);
  }

 private:
  SQLite::Column next() { return statement_.getColumn(index_++); }

  SQLite::Statement& statement_;
  int index_ = 0;
};

ProgramRecord read_program(SQLite::Statement& statement) {
  ProgramRecord p;
  Row(statement).read(p.generation, p.proposal, p.evaluation, p.parent, p.island, p.score,
                      p.correct, p.improved, p.draw_event, p.recorded_at, p.elapsed_millis,
                      p.wall_millis, p.cpu_millis, p.peak_memory_bytes, p.program_key, p.mutator,
                      p.patch, p.outcome, p.summary, p.error, p.public_json, p.private_json,
                      p.text_feedback, p.extra_json, p.log_tail, p.log_path, p.log_bytes);
  return p;
}

/// One transaction around several reads, so that they see the same state.
class ReadTransaction {
 public:
  explicit ReadTransaction(SQLite::Database& database) : database_(database) {
    database_.exec("BEGIN");
  }
  ~ReadTransaction() { database_.tryExec("COMMIT"); }
  ReadTransaction(const ReadTransaction&) = delete;
  ReadTransaction& operator=(const ReadTransaction&) = delete;

 private:
  SQLite::Database& database_;
};

struct ResetAtExit {
  SQLite::Statement& statement;
  ~ResetAtExit() { statement.tryReset(); }
};

std::vector<AttemptRecord> read_attempts(SQLite::Statement& attempts, std::int64_t evaluation) {
  const ResetAtExit reset{attempts};
  attempts.bind(1, evaluation);
  std::vector<AttemptRecord> found;
  while (attempts.executeStep()) {
    AttemptRecord& a = found.emplace_back();
    Row(attempts).read(a.evaluation, a.stage, a.repeat, a.attempt, a.token, a.backend, a.ref,
                       a.outcome, a.detail, a.held_millis);
  }
  return found;
}

Result<std::vector<PendingEvaluation>> read_pending(SQLite::Database& database) {
  SQLite::Statement rows(
      database,
      "SELECT e.id, p.id, p.parent, p.inspirations, p.island, p.draw_event, p.mutator, p.patch, "
      "p.summary, p.fate, p.detail, p.program_key, c.encoded "
      "FROM evaluations e JOIN proposals p ON p.id=e.proposal "
      "LEFT JOIN candidates c ON c.proposal=p.id WHERE e.state=0 ORDER BY e.id");
  SQLite::Statement attempts(database,
                             "SELECT evaluation, stage, repeat, attempt, token, backend, ref, "
                             "outcome, detail, held_millis FROM attempts WHERE evaluation=? "
                             "ORDER BY stage, repeat, attempt");
  std::vector<PendingEvaluation> pending;
  while (rows.executeStep()) {
    PendingEvaluation& one = pending.emplace_back();
    ProposalRecord& p = one.proposal;
    std::string inspirations;
    int fate = 0;
    Row(rows).read(one.evaluation, p.id, p.parent, inspirations, p.island, p.draw_event, p.mutator,
                   p.patch, p.summary, fate, p.detail, p.program_key, p.candidate);
    p.inspirations = read_numbers(inspirations);
    GENESIS_TRY_ASSIGN(p.fate, read_fate(fate));
    one.attempts = read_attempts(attempts, one.evaluation);
  }
  return pending;
}

Counters read_counters(SQLite::Database& database) {
  SQLite::Statement row(database,
                        "SELECT proposals, duplicates, rejected, no_change, failed, evaluations, "
                        "attempts, programs FROM counters WHERE id=1");
  Counters c;
  if (row.executeStep()) {
    Row(row).read(c.proposals, c.duplicates, c.rejected, c.no_change, c.failed, c.evaluations,
                  c.attempts, c.programs);
  }
  return c;
}

std::int64_t next_id(SQLite::Database& database, const char* sql) {
  const auto last = query_integer(database, sql);
  return last ? *last + 1 : 0;
}

tl::unexpected<Error> no_generation(std::int64_t generation) {
  return make_error(ErrorKind::not_found,
                    fmt::format("reading the run's store: there is no generation {}", generation));
}

}  // namespace

std::vector<std::int64_t> read_numbers(std::string_view text) {
  std::vector<std::int64_t> numbers;
  for (const std::string_view part : split(text, ',')) {
    std::int64_t number = 0;
    const auto read = std::from_chars(part.data(), part.data() + part.size(), number);
    if (read.ec == std::errc()) numbers.push_back(number);
  }
  return numbers;
}

Result<ProposalFate> read_fate(int number) {
  if (number < 0 || number > static_cast<int>(ProposalFate::failed)) {
    return make_error(
        ErrorKind::parse,
        fmt::format("{}: {} is not a proposal's fate; the file is corrupt", kReading, number));
  }
  return static_cast<ProposalFate>(number);
}

Queries::Queries(SQLite::Database& database)
    : database_(database),
      program_(std::make_unique<SQLite::Statement>(
          database, fmt::format("{} WHERE generation=?", kProgramColumns))),
      source_(std::make_unique<SQLite::Statement>(
          database,
          "SELECT c.encoded FROM programs p JOIN candidates c ON c.proposal=p.proposal "
          "WHERE p.generation=?")) {}

Queries::~Queries() = default;

Result<LoadedRun> Queries::load() {
  return guarded(kReading, [&]() -> Result<LoadedRun> {
    const ReadTransaction transaction(database_);
    LoadedRun run;
    GENESIS_TRY_ASSIGN(run.pending, read_pending(database_));
    run.counters = read_counters(database_);
    run.next_proposal = next_id(database_, "SELECT max(id) FROM proposals");
    run.next_evaluation = next_id(database_, "SELECT max(id) FROM evaluations");
    run.next_generation = next_id(database_, "SELECT max(generation) FROM programs");
    return run;
  });
}

Result<Counters> Queries::counters() {
  return guarded(kReading, [&]() -> Result<Counters> { return read_counters(database_); });
}

Result<std::vector<std::pair<std::string, std::int64_t>>> Queries::outcomes() {
  using Outcomes = std::vector<std::pair<std::string, std::int64_t>>;
  return guarded(kReading, [&]() -> Result<Outcomes> {
    SQLite::Statement rows(database_, "SELECT outcome, programs FROM outcomes ORDER BY outcome");
    Outcomes outcomes;
    while (rows.executeStep()) {
      auto& [outcome, programs] = outcomes.emplace_back();
      Row(rows).read(outcome, programs);
    }
    return outcomes;
  });
}

Result<std::vector<UsageTotal>> Queries::usage() {
  return guarded(kReading, [&]() -> Result<std::vector<UsageTotal>> {
    SQLite::Statement rows(
        database_,
        "SELECT resource, kind, unit, cpus, memory_gib, currency, sum(leases), sum(amount), "
        "sum(cost) FROM (SELECT resource, kind, unit, cpus, memory_gib, currency, leases, amount, "
        "cost FROM usage UNION ALL SELECT resource, kind, unit, cpus, memory_gib, currency, 1, "
        "amount, cost FROM leases) GROUP BY 1, 2, 3, 4, 5, 6 ORDER BY 1, 2, 3, 4, 5, 6");
    std::vector<UsageTotal> totals;
    while (rows.executeStep()) {
      UsageTotal& t = totals.emplace_back();
      Row(rows).read(t.resource, t.kind, t.unit, t.cpus, t.memory_gib, t.currency, t.leases,
                     t.amount, t.cost);
    }
    return totals;
  });
}

std::vector<ProgramRecord> Queries::select(const std::string& tail, std::int64_t limit) {
  SQLite::Statement rows(database_, fmt::format("{}{} LIMIT ?", kProgramColumns, tail));
  rows.bind(1, limit);
  std::vector<ProgramRecord> programs;
  while (rows.executeStep()) programs.push_back(read_program(rows));
  return programs;
}

Result<std::vector<ProgramRecord>> Queries::ranked(std::int64_t first, std::int64_t end,
                                                   std::int64_t count) {
  std::vector<ProgramRecord> programs;
  for (const std::int64_t generation : ranked_generations(database_, count, first, end)) {
    GENESIS_TRY_ASSIGN(ProgramRecord one, program(generation));
    programs.push_back(std::move(one));
  }
  return programs;
}

Result<std::vector<ProgramRecord>> Queries::top(int count) {
  return guarded(kReading, [&]() -> Result<std::vector<ProgramRecord>> {
    const std::int64_t first = first_generation_of(state(kEpochsKey));
    return ranked(first, std::numeric_limits<std::int64_t>::max(), std::max(count, 0));
  });
}

Result<std::optional<ProgramRecord>> Queries::best() {
  GENESIS_TRY_ASSIGN(std::vector<ProgramRecord> programs, top(1));
  if (programs.empty()) return std::optional<ProgramRecord>();
  return std::optional<ProgramRecord>(std::move(programs.front()));
}

Result<std::vector<ProgramRecord>> Queries::improvements() {
  return guarded(kReading, [&]() -> Result<std::vector<ProgramRecord>> {
    const std::int64_t first = first_generation_of(state(kEpochsKey));
    return select(fmt::format("WHERE improved AND generation>={} ORDER BY generation", first), -1);
  });
}

Result<std::optional<ProgramRecord>> Queries::best_between(std::int64_t first, std::int64_t end) {
  return guarded(kReading, [&]() -> Result<std::optional<ProgramRecord>> {
    GENESIS_TRY_ASSIGN(std::vector<ProgramRecord> found, ranked(first, end, 1));
    if (found.empty()) return std::optional<ProgramRecord>();
    return std::optional<ProgramRecord>(std::move(found.front()));
  });
}

Status Queries::for_each_program(const Visit& visit) {
  return guarded(kReading, [&]() -> Status {
    SQLite::Statement rows(database_, fmt::format("{} ORDER BY generation", kProgramColumns));
    while (rows.executeStep()) {
      if (!visit(read_program(rows))) break;
    }
    return {};
  });
}

Status Queries::for_each_outline(const std::function<void(const ProgramOutline&)>& visit) {
  return guarded(kReading, [&]() -> Status {
    SQLite::Statement rows(database_,
                           "SELECT generation, parent, island, score, correct, size, "
                           "program_key, outcome FROM programs ORDER BY generation");
    ProgramOutline p;
    while (rows.executeStep()) {
      Row(rows).read(p.generation, p.parent, p.island, p.score, p.correct, p.size, p.program_key,
                     p.outcome);
      visit(p);
    }
    return {};
  });
}

Status Queries::for_each_move(const std::function<void(const MoveRecord&)>& visit) {
  return guarded(kReading, [&]() -> Status { return read_moves(database_, visit); });
}

Result<std::optional<std::int64_t>> Queries::generation_of(std::int64_t evaluation) {
  return guarded(kReading, [&]() -> Result<std::optional<std::int64_t>> {
    SQLite::Statement row(database_, "SELECT generation FROM programs WHERE evaluation=?");
    row.bind(1, evaluation);
    if (!row.executeStep()) return std::optional<std::int64_t>();
    return std::optional<std::int64_t>(row.getColumn(0).getInt64());
  });
}

Result<ProgramRecord> Queries::program(std::int64_t generation) {
  return guarded(kReading, [&]() -> Result<ProgramRecord> {
    const ResetAtExit reset{*program_};
    program_->bind(1, generation);
    if (!program_->executeStep()) return no_generation(generation);
    return read_program(*program_);
  });
}

Result<Program> Queries::source(std::int64_t generation) {
  return guarded(kReading, [&]() -> Result<Program> {
    const ResetAtExit reset{*source_};
    source_->bind(1, generation);
    if (!source_->executeStep()) return no_generation(generation);
    const SQLite::Column encoded = source_->getColumn(0);
    const void* const bytes = encoded.getBlob();
    const auto size = static_cast<std::size_t>(encoded.getBytes());
    return Program::decode(std::string_view(static_cast<const char*>(bytes), size));
  });
}

std::optional<std::string> Queries::state(std::string_view key) {
  auto value = guarded(kReading, [&]() -> Result<std::optional<std::string>> {
    return query_value(database_, "SELECT value FROM state WHERE key=?", key);
  });
  return value ? *value : std::nullopt;
}

std::optional<std::string> Queries::meta(std::string_view key) {
  auto value = guarded(kReading, [&]() -> Result<std::optional<std::string>> {
    return query_value(database_, "SELECT value FROM meta WHERE key=?", key);
  });
  return value ? *value : std::nullopt;
}

Result<std::string> Queries::canonical_dump() {
  return guarded(kReading, [&]() -> Result<std::string> {
    const ReadTransaction transaction(database_);
    return dump_canonically(database_);
  });
}

}  // namespace genesis::store
