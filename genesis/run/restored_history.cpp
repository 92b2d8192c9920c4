#include "genesis/run/restored_history.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "genesis/run/publisher.h"
#include "launch/job.h"

namespace genesis::run {
namespace {

/// Where programs have got to by moving between islands. A long run has several moves per program;
/// to repeat each in the population would take longer than all the rest, and their order only
/// matters for the few programs that live on several islands. Where islands began again, a program
/// is gone from the first reset after it came to its last island, and so are the children that it
/// had afterwards.
class Places {
 public:
  explicit Places(int islands) : resets_(static_cast<std::size_t>(islands)) {}

  void take(const store::MoveRecord& move) {
    if (move.copy && move.from_island == move.to_island) {
      resets_[static_cast<std::size_t>(move.to_island)].push_back(move.event);
      any_reset_ = true;
      return;
    }
    const auto index = static_cast<std::size_t>(move.generation);
    if (index >= last_.size()) last_.resize(index + 1);
    // Copies come with the program's own record, before it can have moved.
    if (move.copy) last_[index].island = kInOrder;
    if (last_[index].island == kInOrder) {
      in_order_.push_back(move);
    } else {
      last_[index] = {move.to_island, move.event};
    }
  }

  /// Programs come in order of generation, parents first. An incorrect one is on no island's list.
  int of(const store::ProgramOutline& program) {
    Place place{program.island, program.generation};
    const auto index = static_cast<std::size_t>(program.generation);
    if (index < last_.size()) {
      if (last_[index].island == kInOrder) return program.island;
      if (last_[index].island != kNotMoved) place = last_[index];
    }
    if (!any_reset_ || !program.correct) return place.island;
    const std::int64_t gone = gone_at(program, place);
    if (index >= gone_.size()) gone_.resize(index + 1, kNever);
    gone_[index] = gone;
    return gone == kNever ? place.island : evolve::kNoIsland;
  }
  const std::vector<store::MoveRecord>& in_order() const { return in_order_; }

 private:
  static constexpr int kNotMoved = -1;
  static constexpr int kInOrder = -2;
  static constexpr std::int64_t kNever = std::numeric_limits<std::int64_t>::max();
  struct Place {
    int island = kNotMoved;
    std::int64_t since = 0;  ///< A reset of a later event takes it.
  };

  std::int64_t gone_at(const store::ProgramOutline& program, const Place& place) const {
    const auto parent = static_cast<std::size_t>(program.parent);
    if (program.parent >= 0 && parent < gone_.size() && gone_[parent] <= program.generation) {
      return program.generation;
    }
    const auto& resets = resets_[static_cast<std::size_t>(place.island)];
    const auto next = std::upper_bound(resets.begin(), resets.end(), place.since);
    return next == resets.end() ? kNever : *next;
  }

  std::vector<Place> last_;
  std::vector<store::MoveRecord> in_order_;
  std::vector<std::vector<std::int64_t>> resets_;  ///< Events, by island.
  std::vector<std::int64_t> gone_;                 ///< Events, by generation.
  bool any_reset_ = false;
};

/// What would lead out of the indexes: only a damaged file, or one that something else wrote, holds
/// it. Keeps the first finding.
class Soundness {
 public:
  Soundness(std::int64_t programs, int islands) : programs_(programs), islands_(islands) {}

  bool holds(const store::MoveRecord& move) {
    if (move.generation >= 0 && move.generation < programs_ && is_island(move.from_island) &&
        is_island(move.to_island)) {
      return true;
    }
    return complain(fmt::format("generation {} moves from island {} to {}", move.generation,
                                move.from_island, move.to_island));
  }
  bool holds(const store::ProgramOutline& program, std::int64_t expected) {
    if (program.generation == expected && program.parent >= -1 && program.parent < expected &&
        is_island(program.island)) {
      return true;
    }
    return complain(fmt::format("generation {} stands in place of {}, with parent {} on island {}",
                                program.generation, expected, program.parent, program.island));
  }

  Status status() const {
    if (what_.empty()) return {};
    return make_error(ErrorKind::parse,
                      fmt::format("reading the run's store: {}, and the run has {} programs on {} "
                                  "islands; the file is corrupt, restore it from a copy",
                                  what_, programs_, islands_));
  }

 private:
  bool is_island(int number) const { return number >= 0 && number < islands_; }
  bool complain(std::string what) {
    if (what_.empty()) what_ = std::move(what);
    return false;
  }

  const std::int64_t programs_;
  const int islands_;
  std::string what_;
};

evolve::Member member_of(const store::ProgramOutline& program, int island) {
  evolve::Member member;
  member.generation = program.generation;
  member.parent = program.parent;
  member.score = program.score;
  member.island = island;
  member.correct = program.correct;
  member.size = program.size;
  return member;
}

}  // namespace

Result<RestoredHistory> restore_history(store::RunStore& store, evolve::Population& population) {
  RestoredHistory history;
  GENESIS_TRY_ASSIGN(history.loaded, store.load());
  const std::int64_t first = population.first_generation();
  Soundness sound(history.loaded.next_generation, population.islands());
  Places places(population.islands());
  GENESIS_TRY(store.for_each_move([&](const store::MoveRecord& move) {
    // Those of earlier epochs are history.
    if (sound.holds(move) && move.generation >= first) places.take(move);
  }));
  std::int64_t next = 0;
  GENESIS_TRY(store.for_each_outline([&](const store::ProgramOutline& program) {
    if (!sound.holds(program, next)) return;
    ++next;
    ++history.outcomes[std::string(program.outcome)];
    if (program.generation < first) return;
    population.restore(member_of(program, places.of(program)));
    history.known_programs.set(program.program_key, program.generation);
    if (program.generation == first) history.initial_score = program.score;
  }));
  GENESIS_TRY(sound.status());
  for (const store::MoveRecord& move : places.in_order()) {
    population.apply({move.generation, move.from_island, move.to_island, move.copy});
  }
  if (const auto race = store.state("islands");
      race && population.race() != nullptr && !population.empty()) {
    GENESIS_TRY(population.load_race(*race));
  }
  return history;
}

std::optional<evolve::PublishOrder> publish_order_of(store::RunStore& store,
                                                     std::int64_t generation) {
  auto record = store.program(generation);
  auto source = store.source(generation);
  if (!record || !source) return std::nullopt;
  evolve::PublishOrder order;
  order.program = std::make_shared<const Program>(std::move(*source));
  if (record->parent >= 0) {
    if (auto parent = store.source(record->parent)) {
      order.parent = std::make_shared<const Program>(std::move(*parent));
    }
  }
  order.record = std::move(*record);
  return order;
}

std::set<std::filesystem::path> folders_in_flight(const store::LoadedRun& loaded) {
  std::set<std::filesystem::path> folders;
  for (const store::PendingEvaluation& pending : loaded.pending) {
    if (pending.attempts.empty() || !pending.attempts.back().outcome.empty()) continue;
    const store::AttemptRecord& last = pending.attempts.back();
    folders.insert(
        launch::attempt_folder({last.evaluation, last.stage, last.repeat, last.attempt}));
  }
  return folders;
}

BestProgram published_best(store::RunStore& store, const evolve::Member& best,
                           const std::filesystem::path& run_dir, const std::string& extension) {
  BestProgram program;
  program.generation = best.generation;
  program.combined_score = best.score;
  program.correct = true;
  if (auto source = store.source(best.generation)) {
    const std::filesystem::path path = run_dir / "best" / published_name(*source, extension);
    std::error_code ignored;
    if (std::filesystem::exists(path, ignored)) program.path = path.string();
  }
  return program;
}

}  // namespace genesis::run
