#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "genesis/base/error.h"

namespace genesis::evolve {

/// Decides which islands go on and which begin again: asynchronous successive halving (Li et al.,
/// "A System for Massively Parallel Hyperparameter Tuning", MLSys 2020) with an island's life as
/// the trial and the programs born on it as the budget. An island that has reached a rung
/// (`first_rung` programs, three times as many, nine times …) goes on when its best is in the best
/// third of all that ever reached this rung, itself included; a young island is so never measured
/// against what an old one has got to. No I/O, no clock, no randomness. One thread at a time.
class IslandRace {
 public:
  /// `first_rung` of 0: nobody ever begins again.
  IslandRace(int islands, int first_rung);

  bool on() const { return first_rung_ > 0; }
  /// A program was born on `island`, whose best score is now `best`. True: it begins again, from
  /// age 0.
  bool begins_again(int island, double best);

  /// The state as one line of text; equal states give equal texts.
  std::string save() const;
  /// Error `parse` leaves the state as it was.
  Status load(std::string_view saved);

 private:
  struct Island {
    std::int64_t age = 0;
    std::size_t rung = 0;  ///< The next one, by its place in `rungs_`.
  };
  std::int64_t age_at(std::size_t rung) const;

  std::int64_t first_rung_;
  std::vector<Island> islands_;
  std::vector<std::vector<double>> rungs_;  ///< What islands had there, best first.
};

}  // namespace genesis::evolve
