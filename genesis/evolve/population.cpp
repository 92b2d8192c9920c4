#include "genesis/evolve/population.h"

#include <algorithm>
#include <cmath>

namespace genesis::evolve {
namespace {

RankedSet::Entry entry_of(const Member& member) {
  return {member.score, member.generation, member.size};
}

}  // namespace

Population::Population(DatabaseConfig config, std::uint64_t seed, std::int64_t first_generation)
    : config_(std::move(config)),
      seed_(seed),
      first_(first_generation),
      islands_(static_cast<std::size_t>(std::max(1, config_.num_islands))),
      race_(config_.num_islands, config_.island_reset_age) {}

bool Population::would_improve(bool correct, double score) const {
  return correct && (!best_ || score > member(*best_).score);
}

std::size_t Population::island_size(int island) const {
  return islands_[static_cast<std::size_t>(island)].programs();
}

void Population::insert(const Member& added) {
  if (added.correct && !best_) everywhere_ = added.generation;
  if (would_improve(added.correct, added.score)) best_ = added.generation;
  members_.push_back(added);
  if (has(added.parent)) ++members_[index_of(added.parent)].children;
  if (!added.correct) return;
  if (added.island != kNoIsland) {
    islands_[static_cast<std::size_t>(added.island)].insert(entry_of(added));
  }
  archive_insert(added);
}

void Population::archive_insert(const Member& added) {
  const RankedSet::Entry entry = entry_of(added);
  const auto at = std::lower_bound(archive_.begin(), archive_.end(), entry,
                                   [](const auto& a, const auto& b) { return a.before(b); });
  // One of each score, as in the islands' own.
  if (at != archive_.begin() && std::prev(at)->score == entry.score) return;
  if (at != archive_.end() && at->score == entry.score) {
    *at = entry;
    return;
  }
  const auto room = static_cast<std::size_t>(std::max(1, config_.archive_size));
  if (at == archive_.end() && archive_.size() >= room) return;
  archive_.insert(at, entry);
  if (archive_.size() > room) archive_.pop_back();
}

std::vector<IslandMove> Population::add(Member added) {
  const bool first_correct = added.correct && !best_;
  // An incorrect one is on no island's list.
  const bool orphan = has(added.parent) && member(added.parent).island == kNoIsland;
  if (added.correct && orphan) added.island = kNoIsland;
  insert(added);
  if (!best_) return {};
  if (first_correct) {
    const std::vector<IslandMove> copies = copies_of(added);
    for (const IslandMove& move : copies) apply(move);
    return copies;
  }
  std::vector<IslandMove> moves;
  if (const auto reset = reset_if_behind(added.island)) {
    moves.push_back(*reset);
    apply(*reset);
  }
  if (config_.migration_interval > 0 && added.generation % config_.migration_interval == 0) {
    const std::vector<IslandMove> migrants = migrate(added.generation);
    moves.insert(moves.end(), migrants.begin(), migrants.end());
  }
  return moves;
}

void Population::restore(const Member& member) {
  insert(member);
}

void Population::apply(const IslandMove& move) {
  if (move.is_reset()) return begin_again(move);
  Member& moved = members_[index_of(move.generation)];
  islands_[static_cast<std::size_t>(move.to)].insert(entry_of(moved));
  if (move.copy) return;
  islands_[static_cast<std::size_t>(move.from)].erase(entry_of(moved));
  moved.island = move.to;
}

std::vector<IslandMove> Population::copies_of(const Member& member) const {
  std::vector<IslandMove> moves;
  for (int island = 0; island < static_cast<int>(islands_.size()); ++island) {
    if (island != member.island) moves.push_back({member.generation, member.island, island, true});
  }
  return moves;
}

// All migrants are chosen before any of them moves: nobody travels twice in one event.
std::vector<IslandMove> Population::migrate(std::int64_t generation) {
  std::vector<IslandMove> moves;
  const int count = static_cast<int>(islands_.size());
  if (count < 2 || config_.migration_rate <= 0) return moves;
  RandomStream random(seed_, "migration", static_cast<std::uint64_t>(generation));
  for (int from = 0; from < count; ++from) {
    const IslandRanking& island = islands_[static_cast<std::size_t>(from)];
    const std::size_t first = config_.island_elitism ? 1 : 0;  // the island's best stays
    if (island.programs() < 2) continue;
    const auto share =
        static_cast<std::size_t>(static_cast<double>(island.programs()) * config_.migration_rate);
    const std::size_t migrants = std::min(
        std::clamp<std::size_t>(share, 1, static_cast<std::size_t>(config_.migration_interval)),
        island.programs() - 1);
    std::vector<std::size_t> ranks;
    // Bounded tries: in a small island most ranks may be taken already.
    for (std::size_t tries = 0; ranks.size() < migrants && tries < 4 * migrants; ++tries) {
      const std::size_t rank = first + random.below(island.programs() - first);
      if (std::find(ranks.begin(), ranks.end(), rank) != ranks.end()) continue;
      ranks.push_back(rank);
      int to = static_cast<int>(random.below(static_cast<std::uint64_t>(count - 1)));
      if (to >= from) ++to;
      const std::int64_t chosen = island.program(rank).generation;
      if (chosen == everywhere_) continue;  // it is there already
      moves.push_back({chosen, from, to, false});
    }
  }
  for (const IslandMove& move : moves) apply(move);
  return moves;
}

// The island of the best of all is never behind: nobody had more at its age.
std::optional<IslandMove> Population::reset_if_behind(int island) {
  if (island == kNoIsland) return std::nullopt;
  const double best = islands_[static_cast<std::size_t>(island)].best().score;
  if (!race_.begins_again(island, best)) return std::nullopt;
  return IslandMove{everywhere_, island, island, true};
}

void Population::begin_again(const IslandMove& move) {
  IslandRanking& island = islands_[static_cast<std::size_t>(move.to)];
  island.for_each([&](const RankedSet::Entry& entry) {
    if (entry.generation != move.generation) {
      members_[index_of(entry.generation)].island = kNoIsland;
    }
  });
  island = IslandRanking();
  island.insert(entry_of(members_[index_of(move.generation)]));
}

std::optional<Draw> Population::draw(std::int64_t proposal) {
  if (!best_) return std::nullopt;
  const auto id = static_cast<std::uint64_t>(proposal);
  RandomStream island_stream(seed_, "island", id);
  RandomStream parent_stream(seed_, "parent", id);
  RandomStream inspiration_stream(seed_, "inspiration", id);
  Draw drawn;
  drawn.event = size();
  drawn.island = draw_island(island_stream);
  drawn.parent = draw_parent(drawn.island, parent_stream);
  drawn.inspirations = draw_inspirations(drawn.island, drawn.parent, inspiration_stream);
  return drawn;
}

std::optional<Draw> Population::draw_failed(std::int64_t proposal) const {
  if (members_.empty()) return std::nullopt;
  RandomStream random(seed_, "parent", static_cast<std::uint64_t>(proposal));
  Draw drawn;
  drawn.event = size();
  drawn.parent = first_ + static_cast<std::int64_t>(random.below(members_.size()));
  drawn.island = member(drawn.parent).island;
  const auto most = static_cast<std::size_t>(std::max(0, config_.num_archive_inspirations) +
                                             std::max(0, config_.num_top_k_inspirations));
  for (std::int64_t ancestor = member(drawn.parent).parent;
       has(ancestor) && drawn.inspirations.size() < most; ancestor = member(ancestor).parent) {
    drawn.inspirations.push_back(ancestor);
  }
  std::reverse(drawn.inspirations.begin(), drawn.inspirations.end());
  return drawn;
}

int Population::draw_island(RandomStream& random) const {
  std::vector<double> weights(islands_.size(), 0.0);
  double highest = member(*best_).score;
  std::size_t fewest = SIZE_MAX;
  for (const IslandRanking& island : islands_) {
    if (!island.empty()) fewest = std::min(fewest, island.programs());
  }
  for (std::size_t i = 0; i < islands_.size(); ++i) {
    const IslandRanking& island = islands_[i];
    if (island.empty()) continue;
    switch (config_.island_selection_strategy) {
      case IslandSelection::uniform:
        weights[i] = 1;
        break;
      case IslandSelection::equal:
        weights[i] = island.programs() == fewest ? 1 : 0;
        break;
      // Shifted by the highest score: large scores must not overflow the exponential.
      case IslandSelection::proportional:
        weights[i] = std::exp(island.best().score - highest);
        break;
      // By rank of the best rather than by its value, so that negative scores are no special case.
      case IslandSelection::weighted: {
        std::size_t better = 0;
        for (const IslandRanking& other : islands_) {
          if (!other.empty() && other.best().score > island.best().score) ++better;
        }
        weights[i] =
            1.0 / (static_cast<double>(1 + better) * static_cast<double>(island.programs()));
        break;
      }
    }
  }
  return static_cast<int>(random.weighted(weights));
}

std::int64_t Population::draw_parent(int island_index, RandomStream& random) const {
  const IslandRanking& island = islands_[static_cast<std::size_t>(island_index)];
  switch (config_.parent_selection_strategy) {
    case ParentSelection::best_of_n:
      return everywhere_;
    case ParentSelection::sequential: {
      for (std::int64_t g = size() - 1; g >= first_; --g) {
        if (member(g).correct) return g;
      }
      return *best_;
    }
    case ParentSelection::weighted:
      return weighted_parent(island_index, random);
    case ParentSelection::power_law:
      break;
  }
  if (random.chance(config_.exploitation_ratio)) {
    const auto archived = archive_of(island_index);
    if (!archived.empty()) {
      return archived[power_law_rank(archived.size(), config_.exploitation_alpha, random)];
    }
  }
  const std::vector<RankedSet::Entry> equals =
      island.all_of(power_law_rank(island.ranks(), config_.exploitation_alpha, random));
  return equals[power_law_rank(equals.size(), config_.exploitation_alpha, random)].generation;
}

std::int64_t Population::weighted_parent(int island_index, RandomStream& random) const {
  const auto candidates = archive_of(island_index);
  if (candidates.empty()) return islands_[static_cast<std::size_t>(island_index)].best().generation;
  std::vector<double> scores;
  for (const std::int64_t g : candidates) scores.push_back(member(g).score);
  const auto median_of = [](std::vector<double> values) {
    const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
    std::nth_element(values.begin(), middle, values.end());
    return *middle;
  };
  const double median = median_of(scores);
  std::vector<double> distances;
  for (const double score : scores) distances.push_back(std::abs(score - median));
  const double scale = std::max(median_of(distances), 1e-6);
  std::vector<double> weights;
  for (std::size_t i = 0; i < candidates.size(); ++i) {
    const double x = config_.parent_selection_lambda * (scores[i] - median) / scale;
    const double fitness = 1.0 / (1.0 + std::exp(-x));
    weights.push_back(fitness / (1.0 + member(candidates[i]).children));
  }
  return candidates[random.weighted(weights)];
}

bool Population::lives_on(std::int64_t generation, int island) const {
  return member(generation).island == island || generation == everywhere_;
}

std::vector<std::int64_t> Population::archive_of(int island_index) const {
  const IslandRanking& island = islands_[static_cast<std::size_t>(island_index)];
  const auto room = static_cast<std::size_t>(std::max(1, config_.archive_size));
  std::vector<std::int64_t> found;
  for (std::size_t rank = 0; rank < std::min(room, island.ranks()); ++rank) {
    found.push_back(island.first_of(rank).generation);
  }
  return found;
}

// What other islands found is used by recombination, while their programs do not spread: a foreign
// program is never a parent here.
std::optional<std::int64_t> Population::draw_foreign(int island, RandomStream& random) const {
  const double chance = config_.foreign_inspiration_ratio;
  if (chance <= 0 || islands_.size() < 2 || !random.chance(chance)) return std::nullopt;
  int other = static_cast<int>(random.below(islands_.size() - 1));
  if (other >= island) ++other;
  const auto theirs = archive_of(other);
  if (theirs.empty()) return std::nullopt;
  return theirs[random.below(theirs.size())];
}

std::vector<std::int64_t> Population::draw_inspirations(int island, std::int64_t parent,
                                                        RandomStream& random) const {
  std::vector<std::int64_t> chosen;
  const auto take = [&](std::int64_t generation) {
    if (generation == parent) return;
    if (std::find(chosen.begin(), chosen.end(), generation) == chosen.end())
      chosen.push_back(generation);
  };
  const auto wanted = static_cast<std::size_t>(std::max(0, config_.num_archive_inspirations));
  const auto archived = archive_of(island);
  if (wanted > 0 && (!config_.enforce_island_separation || lives_on(*best_, island))) take(*best_);
  const auto elites =
      static_cast<std::size_t>(static_cast<double>(wanted) * config_.elite_selection_ratio);
  for (std::size_t i = 0; i < archived.size() && chosen.size() < std::min(wanted, elites + 1);
       ++i) {
    take(archived[i]);
  }
  if (const auto foreign = draw_foreign(island, random)) take(*foreign);
  // Random archive members: bounded tries, because most may be taken already.
  for (std::size_t tries = 0; chosen.size() < wanted && !archived.empty() && tries < 4 * wanted;
       ++tries) {
    take(archived[random.below(archived.size())]);
  }
  if (!config_.enforce_island_separation) {
    for (std::size_t tries = 0; chosen.size() < wanted && tries < 4 * wanted; ++tries) {
      take(archive_[random.below(archive_.size())].generation);
    }
  }
  const std::size_t total =
      chosen.size() + static_cast<std::size_t>(std::max(0, config_.num_top_k_inspirations));
  for (std::size_t i = 0; i < archived.size() && chosen.size() < total; ++i) take(archived[i]);
  return chosen;
}

std::size_t power_law_rank(std::size_t count, double alpha, RandomStream& random) {
  if (count <= 1) return 0;
  if (alpha <= 0) return random.below(count);
  // H is the integral of x^-alpha and its inverse; ranks here are 1-based as in the paper.
  const auto integral = [alpha](double x) {
    return std::abs(alpha - 1) < 1e-9 ? std::log(x) : (std::pow(x, 1 - alpha) - 1) / (1 - alpha);
  };
  const auto inverse = [alpha](double y) {
    if (std::abs(alpha - 1) < 1e-9) return std::exp(y);
    const double base = 1 + y * (1 - alpha);
    return base <= 0 ? INFINITY : std::pow(base, 1 / (1 - alpha));
  };
  const double low = integral(1.5) - 1;
  const double high = integral(static_cast<double>(count) + 0.5);
  for (int tries = 0; tries < 1000; ++tries) {
    const double u = high + random.uniform() * (low - high);
    const double x = inverse(u);
    const double k = std::clamp(std::floor(x + 0.5), 1.0, static_cast<double>(count));
    if (u >= integral(k + 0.5) - std::pow(k, -alpha)) return static_cast<std::size_t>(k) - 1;
  }
  return 0;  // cannot happen for finite alpha: the acceptance rate is above one half
}

}  // namespace genesis::evolve
