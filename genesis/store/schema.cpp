#include "genesis/store/schema.h"

#include <SQLiteCpp/SQLiteCpp.h>
#include <fmt/format.h>

#include <array>

#include "genesis/base/failpoint.h"
#include "genesis/store/connection.h"

namespace genesis::store {
namespace {

// How version 3 holds the moves of version 2.
#define GENESIS_MOVES_OF_VERSION_2                                                          \
  "SELECT e.event, (SELECT group_concat(one, ' ') FROM ("                                   \
  "SELECT generation || ':' || from_island || iif(copy, '+', '>') || to_island AS one "     \
  "FROM main.moves m WHERE m.id BETWEEN e.first AND e.last AND m.event=e.event ORDER BY id" \
  ")) AS moves FROM (SELECT event, min(id) AS first, max(id) AS last FROM main.moves "      \
  "GROUP BY event) e"

// One entry per version: what makes version N out of N - 1. Never edited once released; a change of
// the schema is a new entry and a fixture of the version before it under tests/golden/store.
//
// Candidate texts have a table of their own: they are written once, while a proposal's row is
// updated when its fate is known, and streaming over programs must not read them.
// Attempts are found by evaluation; tokens need no index because the writer knows those in flight.
constexpr std::array<const char*, kSchemaVersion> kMigrations = {
    R"sql(
CREATE TABLE meta(key TEXT PRIMARY KEY NOT NULL, value TEXT NOT NULL) STRICT;
CREATE TABLE state(key TEXT PRIMARY KEY NOT NULL, value BLOB NOT NULL) STRICT;
CREATE TABLE proposals(
  id INTEGER PRIMARY KEY,
  parent INTEGER NOT NULL,
  inspirations TEXT NOT NULL,
  island INTEGER NOT NULL,
  draw_event INTEGER NOT NULL,
  mutator TEXT NOT NULL,
  patch TEXT NOT NULL,
  summary TEXT NOT NULL,
  fate INTEGER NOT NULL,
  detail TEXT NOT NULL,
  program_key TEXT NOT NULL) STRICT;
CREATE TABLE candidates(
  proposal INTEGER PRIMARY KEY REFERENCES proposals(id),
  encoded BLOB NOT NULL) STRICT;
CREATE TABLE evaluations(
  id INTEGER PRIMARY KEY,
  proposal INTEGER NOT NULL REFERENCES proposals(id),
  state INTEGER NOT NULL) STRICT;
CREATE TABLE attempts(
  evaluation INTEGER NOT NULL REFERENCES evaluations(id),
  stage INTEGER NOT NULL,
  repeat INTEGER NOT NULL,
  attempt INTEGER NOT NULL,
  token TEXT NOT NULL,
  backend TEXT NOT NULL,
  ref TEXT NOT NULL,
  outcome TEXT NOT NULL,
  detail TEXT NOT NULL,
  PRIMARY KEY(evaluation, stage, repeat, attempt)) STRICT, WITHOUT ROWID;
CREATE TABLE programs(
  generation INTEGER PRIMARY KEY,
  proposal INTEGER NOT NULL UNIQUE REFERENCES proposals(id),
  evaluation INTEGER NOT NULL UNIQUE REFERENCES evaluations(id),
  parent INTEGER NOT NULL,
  island INTEGER NOT NULL,
  score REAL,
  correct INTEGER NOT NULL,
  improved INTEGER NOT NULL,
  draw_event INTEGER NOT NULL,
  recorded_at INTEGER NOT NULL,
  elapsed_millis INTEGER NOT NULL,
  wall_millis INTEGER NOT NULL,
  cpu_millis INTEGER NOT NULL,
  peak_memory_bytes INTEGER NOT NULL,
  program_key TEXT NOT NULL,
  mutator TEXT NOT NULL,
  patch TEXT NOT NULL,
  outcome TEXT NOT NULL,
  summary TEXT NOT NULL,
  error TEXT NOT NULL,
  public_json TEXT NOT NULL,
  private_json TEXT NOT NULL,
  text_feedback TEXT NOT NULL,
  extra_json TEXT NOT NULL,
  log_tail TEXT NOT NULL,
  log_path TEXT NOT NULL,
  log_bytes INTEGER NOT NULL) STRICT;
CREATE INDEX programs_by_score ON programs(score DESC, generation) WHERE correct;
CREATE INDEX programs_improved ON programs(generation) WHERE improved;
CREATE TABLE moves(
  id INTEGER PRIMARY KEY,
  event INTEGER NOT NULL,
  generation INTEGER NOT NULL REFERENCES programs(generation),
  from_island INTEGER NOT NULL,
  to_island INTEGER NOT NULL,
  copy INTEGER NOT NULL) STRICT;
)sql",
    // Totals kept with every commit, because counting a million rows is not what `show` may cost.
    R"sql(
CREATE TABLE counters(
  id INTEGER PRIMARY KEY CHECK(id = 1),
  proposals INTEGER NOT NULL,
  duplicates INTEGER NOT NULL,
  rejected INTEGER NOT NULL,
  no_change INTEGER NOT NULL,
  failed INTEGER NOT NULL,
  evaluations INTEGER NOT NULL,
  attempts INTEGER NOT NULL,
  programs INTEGER NOT NULL,
  commits INTEGER NOT NULL) STRICT;
INSERT INTO counters SELECT 1,
  (SELECT count(*) FROM proposals),
  (SELECT count(*) FROM proposals WHERE fate = 2),
  (SELECT count(*) FROM proposals WHERE fate = 3),
  (SELECT count(*) FROM proposals WHERE fate = 4),
  (SELECT count(*) FROM proposals WHERE fate = 5),
  (SELECT count(*) FROM evaluations),
  (SELECT count(*) FROM attempts),
  (SELECT count(*) FROM programs),
  0;
CREATE TABLE outcomes(outcome TEXT PRIMARY KEY NOT NULL, programs INTEGER NOT NULL) STRICT;
INSERT INTO outcomes SELECT outcome, count(*) FROM programs GROUP BY outcome;
)sql",
    // What a long run's programs cost most: four rows of moves each, with a look at a program far
    // back, and a page at random of the index by score. See moves.h and ranking.h.
    R"sql(
CREATE TABLE island_moves(event INTEGER PRIMARY KEY, moves TEXT NOT NULL) STRICT;
INSERT INTO island_moves )sql" GENESIS_MOVES_OF_VERSION_2 R"sql(;
DROP TABLE moves;
CREATE TABLE ranking(
  score REAL NOT NULL,
  generation INTEGER NOT NULL,
  PRIMARY KEY(score DESC, generation)) STRICT, WITHOUT ROWID;
INSERT INTO ranking SELECT score, generation FROM programs
  WHERE correct AND score IS NOT NULL ORDER BY score DESC, generation;
DROP INDEX programs_by_score;
CREATE TABLE unranked(generation INTEGER PRIMARY KEY, score REAL NOT NULL) STRICT;
ALTER TABLE programs ADD COLUMN size INTEGER NOT NULL DEFAULT 0;
UPDATE programs SET size=coalesce(
  (SELECT length(encoded) FROM candidates c WHERE c.proposal=programs.proposal), 0);
)sql",
    // What is paid for by time. A row per lease only until it is over: a run may have a million.
    R"sql(
CREATE TABLE leases(
  lease TEXT PRIMARY KEY NOT NULL,
  resource TEXT NOT NULL,
  kind TEXT NOT NULL,
  unit TEXT NOT NULL,
  cpus REAL NOT NULL,
  memory_gib REAL NOT NULL,
  currency TEXT NOT NULL,
  amount REAL NOT NULL,
  cost REAL NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE usage(
  resource TEXT NOT NULL,
  kind TEXT NOT NULL,
  unit TEXT NOT NULL,
  cpus REAL NOT NULL,
  memory_gib REAL NOT NULL,
  currency TEXT NOT NULL,
  leases INTEGER NOT NULL,
  amount REAL NOT NULL,
  cost REAL NOT NULL,
  PRIMARY KEY(resource, kind, unit, cpus, memory_gib, currency)) STRICT, WITHOUT ROWID;
ALTER TABLE attempts ADD COLUMN held_millis INTEGER NOT NULL DEFAULT 0;
)sql"};

// Not a temporary copy: a store of a million programs is larger than memory may be.
constexpr const char* kVersion2AsCurrent =
    "CREATE TEMP VIEW island_moves AS " GENESIS_MOVES_OF_VERSION_2
    R"sql(;
CREATE TEMP VIEW ranking AS SELECT score, generation FROM main.programs
  WHERE correct AND score IS NOT NULL;
CREATE TEMP VIEW unranked AS SELECT generation, score FROM main.programs WHERE 0;
)sql";

constexpr const char* kVersion3AsCurrent = R"sql(
CREATE TEMP VIEW leases AS SELECT '' AS lease, '' AS resource, '' AS kind, '' AS unit, 0.0 AS cpus,
  0.0 AS memory_gib, '' AS currency, 0.0 AS amount, 0.0 AS cost WHERE 0;
CREATE TEMP VIEW usage AS SELECT '' AS resource, '' AS kind, '' AS unit, 0.0 AS cpus,
  0.0 AS memory_gib, '' AS currency, 0 AS leases, 0.0 AS amount, 0.0 AS cost WHERE 0;
)sql";

Status migrate_step(SQLite::Database& database, std::int64_t to) {
  database.exec("BEGIN IMMEDIATE");
  try {
    database.exec(kMigrations[static_cast<std::size_t>(to - 1)]);
    database.exec(fmt::format("PRAGMA application_id={}", kApplicationId));
    database.exec(fmt::format("PRAGMA user_version={}", to));
    failpoint("store.migrate.before");
    database.exec("COMMIT");
    failpoint("store.migrate.after");
  } catch (...) {
    database.tryExec("ROLLBACK");
    throw;
  }
  return {};
}

}  // namespace

Result<SchemaState> inspect_schema(SQLite::Database& database, const std::filesystem::path& file) {
  const auto application = query_integer(database, "PRAGMA application_id").value_or(0);
  const auto version = query_integer(database, "PRAGMA user_version").value_or(0);
  const auto tables = query_integer(database, "SELECT count(*) FROM sqlite_schema").value_or(0);
  if (application == 0 && version == 0 && tables == 0) return SchemaState::empty;
  if (application != kApplicationId || version < 1) {
    return make_error(ErrorKind::parse,
                      fmt::format("opening the store '{}': it is a database of another program; "
                                  "choose another output_dir or store_dir",
                                  file.string()));
  }
  if (version > kSchemaVersion) {
    return make_error(ErrorKind::unsupported,
                      fmt::format("opening the store '{}': its schema is version {}, this program "
                                  "knows up to {}; use the newer genesis that wrote it",
                                  file.string(), version, kSchemaVersion));
  }
  return version == kSchemaVersion ? SchemaState::current : SchemaState::older;
}

Status migrate_schema(SQLite::Database& database, const std::filesystem::path& file) {
  GENESIS_TRY(inspect_schema(database, file));
  const auto version = query_integer(database, "PRAGMA user_version").value_or(0);
  for (std::int64_t to = version + 1; to <= kSchemaVersion; ++to) {
    GENESIS_TRY(migrate_step(database, to));
  }
  return {};
}

bool view_as_current(SQLite::Database& database) {
  static_assert(kSchemaVersion == 4, "the views lead from 2 and 3 to 4");
  const auto version = query_integer(database, "PRAGMA user_version").value_or(0);
  if (version != 2 && version != 3) return false;
  if (version == 2) database.exec(kVersion2AsCurrent);
  database.exec(kVersion3AsCurrent);
  return true;
}

}  // namespace genesis::store
