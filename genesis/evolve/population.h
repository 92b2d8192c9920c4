#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "genesis/base/rng.h"
#include "genesis/evolve/island_race.h"
#include "genesis/evolve/island_ranking.h"
#include "genesis/evolve/ranked_set.h"
#include "genesis/evolve/run_config.h"

namespace genesis::evolve {

/// The island of programs that live on none any more.
inline constexpr int kNoIsland = -1;

/// What the population keeps of a recorded program. Texts live in the store.
struct Member {
  std::int64_t generation = 0;
  std::int64_t parent = -1;
  double score = 0;
  int island = 0;
  int children = 0;
  std::uint32_t size = 0;  ///< Bytes of text; of equally good programs the shorter one is better.
  bool correct = false;
};

/// A change of island membership; mirrors store::MoveRecord without knowing the store. A copy from
/// an island to itself is a reset: the island begins again from this program alone.
struct IslandMove {
  std::int64_t generation = 0;
  int from = 0;
  int to = 0;
  bool copy = false;

  bool is_reset() const { return copy && from == to; }
};

/// What a proposal works on. `event` is the number of programs the draw saw.
struct Draw {
  std::int64_t parent = 0;
  int island = 0;
  std::vector<std::int64_t> inspirations;
  std::int64_t event = 0;
};

/// Islands and archive over recorded programs, and the draws from them. No I/O, no clock: equal
/// histories and streams give equal draws.
///
/// Parents: power law over ranks, which programs of equal scores share (island_ranking.h), and
/// again over those that share one; or the weighted rule of ShinkaEvolve (sigmoid of the score's
/// distance from the median in units of the median absolute deviation, times 1/(1 + children)).
/// Archive: the first program of each of the best `archive_size` ranks of the island (of all
/// islands where they are not separated): an island that is behind has its own to learn from.
/// Migration: every `migration_interval` generations each island sends max(1, floor(size × rate))
/// random programs to another, but never more than `migration_interval`, so that the cost per
/// generation stays flat. Resets: an island that falls behind in the race (island_race.h) begins
/// again from the first correct program; children whose parents went with an island go with them.
class Population {
 public:
  /// `first_generation`: where the present epoch begins. Programs before it are history: they are
  /// counted, and known to nobody.
  Population(DatabaseConfig config, std::uint64_t seed, std::int64_t first_generation = 0);

  /// Adds a recorded program; generations come in order. Returns the moves it causes (copies
  /// of the first correct program, migration), already applied.
  std::vector<IslandMove> add(Member member);
  /// Adds a program of an earlier session, without causing moves; those are replayed by `apply`.
  void restore(const Member& member);
  void apply(const IslandMove& move);

  /// What a resumed run needs beyond its history; null where that is nothing.
  const IslandRace* race() const { return race_.on() ? &race_ : nullptr; }
  Status load_race(std::string_view saved) { return race_.load(saved); }

  /// Draws for one proposal; nullopt while there is no correct program. Depends on the streams
  /// (seed, "island" | "parent" | "inspiration", proposal) and the population only.
  std::optional<Draw> draw(std::int64_t proposal);
  /// The same while there is no correct program, for mutators that can repair one: any program,
  /// and its nearest ancestors, oldest first, in place of inspirations (ShinkaEvolve's fix mode).
  /// Nullopt while there is no program at all.
  std::optional<Draw> draw_failed(std::int64_t proposal) const;

  /// Programs of the run, those of earlier epochs included: the next generation's number.
  std::int64_t size() const { return first_ + static_cast<std::int64_t>(members_.size()); }
  std::int64_t first_generation() const { return first_; }
  bool empty() const { return members_.empty(); }
  /// Is it a program of this epoch?
  bool has(std::int64_t generation) const { return generation >= first_ && generation < size(); }
  std::optional<std::int64_t> best() const { return best_; }
  /// Of a program of this epoch.
  const Member& member(std::int64_t generation) const { return members_[index_of(generation)]; }
  /// Is a correct program of this score better than the best so far?
  bool would_improve(bool correct, double score) const;
  int islands() const { return static_cast<int>(islands_.size()); }
  std::size_t island_size(int island) const;
  std::span<const RankedSet::Entry> archive() const { return archive_; }

 private:
  std::size_t index_of(std::int64_t generation) const {
    return static_cast<std::size_t>(generation - first_);
  }
  void insert(const Member& member);
  void archive_insert(const Member& member);
  std::vector<IslandMove> copies_of(const Member& member) const;
  std::vector<IslandMove> migrate(std::int64_t generation);
  std::optional<IslandMove> reset_if_behind(int island);
  void begin_again(const IslandMove& move);
  int draw_island(RandomStream& random) const;
  std::int64_t draw_parent(int island, RandomStream& random) const;
  std::int64_t weighted_parent(int island, RandomStream& random) const;
  std::vector<std::int64_t> draw_inspirations(int island, std::int64_t parent,
                                              RandomStream& random) const;
  std::optional<std::int64_t> draw_foreign(int island, RandomStream& random) const;
  std::vector<std::int64_t> archive_of(int island) const;
  bool lives_on(std::int64_t generation, int island) const;

  DatabaseConfig config_;
  std::uint64_t seed_;
  std::int64_t first_;
  std::vector<Member> members_;
  std::vector<IslandRanking> islands_;  // correct programs
  IslandRace race_;
  std::vector<RankedSet::Entry> archive_;  // best first, at most archive_size
  std::optional<std::int64_t> best_;
  std::int64_t everywhere_ = 0;  ///< The first correct program: it lives on every island.
};

/// Rank in [0, count) with p(r) ∝ (r + 1)^-alpha. Rejection-inversion (Hörmann and Derflinger,
/// "Rejection-inversion to generate variates from monotone discrete distributions", 1996): constant
/// time whatever the count.
std::size_t power_law_rank(std::size_t count, double alpha, RandomStream& random);

}  // namespace genesis::evolve
