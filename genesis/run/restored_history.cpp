#include "genesis/run/restored_history.h"

#include <fmt/format.h>

#include <string>
#include <utility>
#include <vector>

#include "genesis/run/publisher.h"
#include "launch/job.h"

namespace genesis::run {
namespace {

/// Where programs have got to by moving between islands. A long run has several moves per program;
/// to repeat each in the population would take longer than all the rest, and their order only
/// matters for the few programs that live on several islands.
class Places {
 public:
  void take(const store::MoveRecord& move) {
    const auto index = static_cast<std::size_t>(move.generation);
    if (index >= last_.size()) last_.resize(index + 1, kNotMoved);
    // Copies come with the program's own record, before it can have moved.
    if (move.copy) last_[index] = kInOrder;
    if (last_[index] == kInOrder) {
      in_order_.push_back(move);
    } else {
      last_[index] = move.to_island;
    }
  }

  int of(std::int64_t generation, int born) const {
    const auto index = static_cast<std::size_t>(generation);
    return index < last_.size() && last_[index] >= 0 ? last_[index] : born;
  }
  const std::vector<store::MoveRecord>& in_order() const { return in_order_; }

 private:
  static constexpr int kNotMoved = -1;
  static constexpr int kInOrder = -2;
  std::vector<int> last_;
  std::vector<store::MoveRecord> in_order_;
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
  Places places;
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
    population.restore(member_of(program, places.of(program.generation, program.island)));
    history.known_programs.set(program.program_key, program.generation);
    if (program.generation == first) history.initial_score = program.score;
  }));
  GENESIS_TRY(sound.status());
  for (const store::MoveRecord& move : places.in_order()) {
    population.apply({move.generation, move.from_island, move.to_island, move.copy});
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
