#include "genesis/evolve/island_race.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <functional>
#include <iterator>
#include <limits>

#include "genesis/base/text.h"

namespace genesis::evolve {
namespace {

constexpr std::int64_t kReduction = 3;  ///< One of so many goes on, for so many times as long.
constexpr std::size_t kMaxRungs = 32;
constexpr std::string_view kVersion = "race1";

template <typename Number>
bool read_number(std::string_view text, Number& value) {
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), value);
  return failure == std::errc() && end == text.data() + text.size();
}

}  // namespace

IslandRace::IslandRace(int islands, int first_rung)
    : first_rung_(first_rung), islands_(static_cast<std::size_t>(std::max(1, islands))) {}

std::int64_t IslandRace::age_at(std::size_t rung) const {
  std::int64_t age = first_rung_;
  for (std::size_t i = 0; i < rung; ++i) {
    if (age > std::numeric_limits<std::int64_t>::max() / kReduction) return age;
    age *= kReduction;
  }
  return age;
}

bool IslandRace::begins_again(int island_number, double best) {
  if (!on()) return false;
  Island& island = islands_[static_cast<std::size_t>(island_number)];
  ++island.age;
  if (island.age < age_at(island.rung) || island.rung >= kMaxRungs) return false;
  if (island.rung == rungs_.size()) rungs_.emplace_back();
  std::vector<double>& reached = rungs_[island.rung++];
  const auto place = std::lower_bound(reached.begin(), reached.end(), best, std::greater<>());
  const auto better = static_cast<std::size_t>(place - reached.begin());
  reached.insert(place, best);
  const std::size_t pass = (reached.size() + kReduction - 1) / kReduction;
  if (better < pass) return false;
  island = Island();
  return true;
}

std::string IslandRace::save() const {
  std::string text(kVersion);
  for (const Island& island : islands_) {
    fmt::format_to(std::back_inserter(text), " {}:{}", island.age, island.rung);
  }
  for (const std::vector<double>& rung : rungs_) {
    fmt::format_to(std::back_inserter(text), " /");
    for (const double best : rung) fmt::format_to(std::back_inserter(text), " {}", best);
  }
  return text;
}

Status IslandRace::load(std::string_view saved) {
  const auto refused = [] {
    return make_error(
        ErrorKind::parse,
        "islands: the saved state of their race is not 'race1', an age and a rung per "
        "island, and the scores of each rung");
  };
  const auto words = split(saved, ' ');
  if (words.size() < 1 + islands_.size() || words[0] != kVersion) return refused();
  std::vector<Island> islands(islands_.size());
  for (std::size_t i = 0; i < islands.size(); ++i) {
    const auto parts = split(words[1 + i], ':');
    if (parts.size() != 2 || !read_number(parts[0], islands[i].age) ||
        !read_number(parts[1], islands[i].rung) || islands[i].age < 0) {
      return refused();
    }
  }
  std::vector<std::vector<double>> rungs;
  for (std::size_t at = 1 + islands.size(); at < words.size(); ++at) {
    if (words[at] == "/") {
      rungs.emplace_back();
      continue;
    }
    double best = 0;
    if (rungs.empty() || !read_number(words[at], best) || !std::isfinite(best) ||
        (!rungs.back().empty() && rungs.back().back() < best)) {
      return refused();
    }
    rungs.back().push_back(best);
  }
  for (const Island& island : islands) {
    if (island.rung > rungs.size() || rungs.size() > kMaxRungs) return refused();
  }
  islands_ = std::move(islands);
  rungs_ = std::move(rungs);
  return {};
}

}  // namespace genesis::evolve
