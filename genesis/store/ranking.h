#pragma once

#include <cstdint>
#include <memory>
#include <vector>

namespace SQLite {
class Database;
}

namespace genesis::store {

/// The correct programs in order of score, for `show`, `best` and `top`. An index would touch a
/// page at random with each program: in a long run as many bytes as all the rest of its record. So
/// new ones are only appended, to `unranked`, and sorted into `ranking` many at a time. The writer
/// thread's, within its transactions; all may throw SQLite's exceptions.
class Ranking {
 public:
  explicit Ranking(SQLite::Database& database);
  ~Ranking();

  /// What was done since the last commit has been rolled back.
  void begin() { waiting_ = committed_; }
  /// NaN has no rank.
  void add(std::int64_t generation, double score);
  /// Sorts in what waits, if it is enough beside the `programs` there are.
  void sort_in_if_due(std::int64_t programs);
  void commit() { committed_ = waiting_; }

 private:
  struct Commands;

  std::unique_ptr<Commands> commands_;
  std::int64_t waiting_ = 0;
  std::int64_t committed_ = 0;
};

/// At most so many wait to be sorted in: a reader sorts them for itself.
std::int64_t most_unranked(std::int64_t programs);

/// The best `count` of the generations from `first` to before `end`, best first; equal scores in
/// order of generation. Throws SQLite's exceptions.
std::vector<std::int64_t> ranked_generations(SQLite::Database& database, std::int64_t count,
                                             std::int64_t first, std::int64_t end);

}  // namespace genesis::store
