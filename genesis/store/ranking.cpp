#include "genesis/store/ranking.h"

#include <SQLiteCpp/SQLiteCpp.h>

#include <algorithm>
#include <cmath>

#include "genesis/store/connection.h"
#include "genesis/store/statements.h"

namespace genesis::store {

struct Ranking::Commands {
  explicit Commands(SQLite::Database& database)
      : add(database, "INSERT INTO unranked VALUES(?,?)"),
        sort_in(database,
                "INSERT INTO ranking SELECT score, generation FROM unranked "
                "ORDER BY score DESC, generation"),
        clear(database, "DELETE FROM unranked") {}

  Command add, sort_in, clear;
};

Ranking::Ranking(SQLite::Database& database)
    : commands_(std::make_unique<Commands>(database)),
      waiting_(query_integer(database, "SELECT count(*) FROM unranked").value_or(0)),
      committed_(waiting_) {}

Ranking::~Ranking() = default;

void Ranking::add(std::int64_t generation, double score) {
  if (std::isnan(score)) return;
  commands_->add.run(generation, score);
  ++waiting_;
}

void Ranking::sort_in_if_due(std::int64_t programs) {
  if (waiting_ < most_unranked(programs)) return;
  commands_->sort_in.run();
  commands_->clear.run();
  waiting_ = 0;
}

// Sorting in touches every page of the ranking, some 400 programs each: a thirty-second of all at a
// time costs each program a tenth of a page. A reader sorts that many in a few milliseconds.
std::int64_t most_unranked(std::int64_t programs) {
  return std::clamp<std::int64_t>(programs / 32, 256, 32'768);
}

std::vector<std::int64_t> ranked_generations(SQLite::Database& database, std::int64_t count,
                                             std::int64_t first, std::int64_t end) {
  SQLite::Statement rows(
      database,
      "SELECT generation FROM ("
      "SELECT * FROM (SELECT score, generation FROM ranking "
      "WHERE generation>=?2 AND generation<?3 ORDER BY score DESC, generation LIMIT ?1) UNION ALL "
      "SELECT * FROM (SELECT score, generation FROM unranked "
      "WHERE generation>=?2 AND generation<?3 ORDER BY score DESC, generation LIMIT ?1)) "
      "ORDER BY score DESC, generation LIMIT ?1");
  rows.bind(1, count);
  rows.bind(2, first);
  rows.bind(3, end);
  std::vector<std::int64_t> generations;
  while (rows.executeStep()) generations.push_back(rows.getColumn(0).getInt64());
  return generations;
}

}  // namespace genesis::store
