#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "genesis/evolve/ranked_set.h"

namespace genesis::evolve {

/// The correct programs of one island, ranked. Programs of exactly the same score share one rank: a
/// search that stands still makes many that differ only where it does not matter, and these would
/// otherwise fill the first ranks and the archive, so that nothing else is drawn from. (FunSearch
/// draws a score first and then one of its programs for the same reason: Romera-Paredes et al.,
/// Nature 625, 2024, "Methods".)
///
/// Costs as RankedSet. One thread.
class IslandRanking {
 public:
  using Entry = RankedSet::Entry;
  /// Of one rank so many are looked at, in RankedSet's order: shortest first, then oldest.
  static constexpr std::size_t kMostOfRank = 64;

  std::size_t programs() const { return all_.size(); }
  bool empty() const { return all_.empty(); }
  Entry best() const { return all_.best(); }
  /// By place among all programs, those of the same score one after another.
  Entry program(std::size_t place) const { return all_.at(place); }
  template <typename Visit>
  void for_each(Visit visit) const {
    all_.for_each(visit);
  }

  /// How many different scores there are; rank 0 is the best.
  std::size_t ranks() const { return firsts_.size(); }
  /// The shortest and then oldest program of a rank.
  Entry first_of(std::size_t rank) const { return firsts_.at(rank); }
  /// Those of the rank, at most kMostOfRank.
  std::vector<Entry> all_of(std::size_t rank) const {
    return all_.of_score(firsts_.at(rank).score, kMostOfRank);
  }

  void insert(Entry entry) {
    const std::vector<Entry> same = all_.of_score(entry.score, 1);
    all_.insert(entry);
    if (!same.empty() && same.front().before(entry)) return;
    if (!same.empty()) firsts_.erase(same.front());
    firsts_.insert(entry);
  }

  /// False when it was not there.
  bool erase(Entry entry) {
    if (!all_.erase(entry)) return false;
    if (!firsts_.erase(entry)) return true;
    const std::vector<Entry> next = all_.of_score(entry.score, 1);
    if (!next.empty()) firsts_.insert(next.front());
    return true;
  }

 private:
  RankedSet all_;
  RankedSet firsts_;
};

}  // namespace genesis::evolve
