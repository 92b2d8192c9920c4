#include <SQLiteCpp/SQLiteCpp.h>
#include <fmt/format.h>

#include <iterator>

#include "genesis/base/hash.h"
#include "genesis/base/text.h"
#include "genesis/store/moves.h"
#include "genesis/store/queries.h"

// What makes two runs the same: which proposals were made of which parents by which operator, what
// they became, and the scores. Times, tokens, run ids, logs and metrics (which may hold times) are
// left out; so are evaluation ids, which a repaired run may count differently.

namespace genesis::store {
namespace {

std::string quoted(const std::string& text) {
  std::string out = "\"";
  for (const char letter : text) {
    switch (letter) {
      case '"':
        out += "\\\"";
        break;
      case '\\':
        out += "\\\\";
        break;
      case '\n':
        out += "\\n";
        break;
      case '\r':
        out += "\\r";
        break;
      default:
        out += letter;
    }
  }
  return out + '"';
}

Status dump_proposals(SQLite::Database& database, std::string& out) {
  SQLite::Statement rows(
      database,
      "SELECT p.id, p.parent, p.inspirations, p.island, p.draw_event, p.mutator, p.patch, "
      "p.summary, p.fate, p.detail, p.program_key, c.encoded "
      "FROM proposals p LEFT JOIN candidates c ON c.proposal=p.id ORDER BY p.id");
  while (rows.executeStep()) {
    GENESIS_TRY_ASSIGN(const ProposalFate fate, read_fate(rows.getColumn(8).getInt()));
    fmt::format_to(std::back_inserter(out),
                   "proposal {} parent={} inspirations=[{}] island={} draw={} mutator={} patch={} "
                   "summary={} fate={}",
                   rows.getColumn(0).getInt64(), rows.getColumn(1).getInt64(),
                   rows.getColumn(2).getString(), rows.getColumn(3).getInt(),
                   rows.getColumn(4).getInt64(), quoted(rows.getColumn(5).getString()),
                   quoted(rows.getColumn(6).getString()), quoted(rows.getColumn(7).getString()),
                   to_string(fate));
    // Of what failed for reasons of the machine, only that it failed is the run's.
    if (fate == ProposalFate::duplicate) out += " of=" + quoted(rows.getColumn(9).getString());
    fmt::format_to(
        std::back_inserter(out), " key={} candidate={}\n", rows.getColumn(10).getString(),
        rows.getColumn(11).isNull() ? "none" : hash128_hex(rows.getColumn(11).getString()));
  }
  return {};
}

void dump_programs(SQLite::Database& database, std::string& out) {
  SQLite::Statement rows(
      database,
      "SELECT generation, proposal, parent, island, mutator, patch, score, correct, outcome, "
      "improved, program_key FROM programs ORDER BY generation");
  while (rows.executeStep()) {
    const SQLite::Column score = rows.getColumn(6);
    fmt::format_to(std::back_inserter(out),
                   "program {} proposal={} parent={} island={} mutator={} patch={} score={} "
                   "correct={} outcome={} improved={} key={}\n",
                   rows.getColumn(0).getInt64(), rows.getColumn(1).getInt64(),
                   rows.getColumn(2).getInt64(), rows.getColumn(3).getInt(),
                   quoted(rows.getColumn(4).getString()), quoted(rows.getColumn(5).getString()),
                   score.isNull() ? "nan" : shortest_double(score.getDouble()),
                   rows.getColumn(7).getInt(), quoted(rows.getColumn(8).getString()),
                   rows.getColumn(9).getInt(), rows.getColumn(10).getString());
  }
}

Status dump_moves(SQLite::Database& database, std::string& out) {
  return read_moves(database, [&out](const MoveRecord& move) {
    fmt::format_to(std::back_inserter(out), "move event={} program={} from={} to={} copy={}\n",
                   move.event, move.generation, move.from_island, move.to_island,
                   static_cast<int>(move.copy));
  });
}

}  // namespace

Result<std::string> dump_canonically(SQLite::Database& database) {
  std::string out = "genesis canonical dump 1\n";
  GENESIS_TRY(dump_proposals(database, out));
  dump_programs(database, out);
  GENESIS_TRY(dump_moves(database, out));
  return out;
}

}  // namespace genesis::store
