#include "genesis/run/epoch_seeds.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <set>
#include <unordered_map>
#include <utility>

#include "genesis/ui/progress_text.h"

namespace genesis::run {

using evolve::Seed;

namespace {

struct Scored {
  std::int64_t generation = 0;
  double score = 0;
  bool correct = false;
  std::string outcome;
  int island = 0;
};

bool better(const Scored& a, const Scored& b) {
  return a.score != b.score ? a.score > b.score : a.generation < b.generation;
}

/// The epoch's programs as far as they matter: the best, and those that it started from.
struct EpochPrograms {
  std::vector<Scored> best;
  std::unordered_map<std::string, Scored> of_seeds;  // by program key
  Scored first;
};

Result<EpochPrograms> read_epoch(store::RunStore& store, const store::Epoch& epoch, int top,
                                 const std::vector<Seed>& seeds) {
  std::set<std::string> keys;
  for (const Seed& seed : seeds) keys.insert(seed.program.key());
  EpochPrograms programs;
  const auto room = static_cast<std::size_t>(std::max(top, 0));
  GENESIS_TRY(store.for_each_program([&](const store::ProgramRecord& record) {
    if (record.generation < epoch.first_generation) return true;
    const Scored one{record.generation, record.score, record.correct, record.outcome,
                     record.island};
    if (record.generation == epoch.first_generation) programs.first = one;
    if (keys.count(record.program_key) > 0) programs.of_seeds.emplace(record.program_key, one);
    if (!record.correct || !std::isfinite(record.score) || room == 0) return true;
    auto& best = programs.best;
    if (best.size() == room && !better(one, best.back())) return true;
    best.insert(std::upper_bound(best.begin(), best.end(), one, better), one);
    if (best.size() > room) best.pop_back();
    return true;
  }));
  return programs;
}

class SeedChoice {
 public:
  explicit SeedChoice(const store::Epoch& before) : before_(before) {}

  void add(Program program, const Scored& was) {
    Seed seed;
    seed.program = std::move(program);
    seed.mutator = "rescore";
    seed.summary = fmt::format("generation {} again: {} in epoch {}", was.generation,
                               was.correct ? format_score(was.score) : was.outcome, before_.number);
    seed.island = was.island;
    seed.generation_before = was.generation;
    add(std::move(seed));
  }
  /// One that the epoch before started from and never came to.
  void add(Seed seed) {
    if (!keys_.insert(seed.program.key()).second) return;
    seed.parent.reset();
    seed.trusted.reset();
    seeds_.push_back(std::move(seed));
  }
  std::vector<Seed> take() { return std::move(seeds_); }
  std::size_t size() const { return seeds_.size(); }

 private:
  const store::Epoch& before_;
  std::set<std::string> keys_;
  std::vector<Seed> seeds_;
};

}  // namespace

Result<std::vector<Seed>> choose_epoch_seeds(store::RunStore& store, const store::Epoch& before,
                                             int top, std::vector<Seed> seeds_before) {
  GENESIS_TRY_ASSIGN(const EpochPrograms programs, read_epoch(store, before, top, seeds_before));
  SeedChoice choice(before);
  const auto add_earlier = [&](Seed seed) {
    const auto recorded = programs.of_seeds.find(seed.program.key());
    if (recorded == programs.of_seeds.end()) {
      choice.add(std::move(seed));
    } else {
      choice.add(std::move(seed.program), recorded->second);
    }
  };
  if (seeds_before.empty()) {
    GENESIS_TRY_ASSIGN(Program initial, store.source(before.first_generation));
    choice.add(std::move(initial), programs.first);
  } else {
    add_earlier(seeds_before.front());
  }
  for (const Scored& one : programs.best) {
    GENESIS_TRY_ASSIGN(Program program, store.source(one.generation));
    choice.add(std::move(program), one);
  }
  for (Seed& seed : seeds_before) {
    if (choice.size() > static_cast<std::size_t>(std::max(top, 0))) break;
    add_earlier(std::move(seed));
  }
  return choice.take();
}

}  // namespace genesis::run
