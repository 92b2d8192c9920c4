#include "genesis/run/restored_history.h"

#include <fmt/format.h>
#include <gmock/gmock.h>

#include <deque>
#include <memory>
#include <optional>
#include <vector>

#include "genesis/base/files.h"
#include "genesis/base/hash.h"
#include "genesis/base/rng.h"

namespace genesis::run {
namespace {

/// Records a program in both: what the store has must rebuild what the population is. `draw` is
/// what it was made from.
void record(store::RunStore& store, evolve::Population& population, std::int64_t id,
            const std::optional<evolve::Draw>& draw, std::vector<store::MoveRecord> moves = {}) {
  RandomStream random(5, "history", static_cast<std::uint64_t>(id));
  store::ProposalRecord proposal;
  proposal.id = id;
  proposal.program_key = hash128_hex(std::to_string(id));
  proposal.candidate = Program("main.py", std::to_string(id)).encode();
  store::AttemptRecord attempt;
  attempt.evaluation = id;
  attempt.token = fmt::format("token{}", id);
  store::ProgramRecord program;
  program.generation = program.proposal = program.evaluation = id;
  program.program_key = proposal.program_key;
  if (draw) {
    program.parent = draw->parent;
    program.island = draw->island;
  }
  program.score = static_cast<double>(random.below(100)) / 100;  // some are equal
  program.size = 10 + static_cast<std::uint32_t>(random.below(5));
  program.correct = id != 0 && !random.chance(0.2);
  program.outcome = program.correct ? "ok" : "incorrect";
  store.queue_evaluation(id, std::move(proposal), std::move(attempt));
  evolve::Member member;
  member.generation = id;
  member.parent = program.parent;
  member.score = program.score;
  member.island = program.island;
  member.correct = program.correct;
  member.size = program.size;
  for (const evolve::IslandMove& move : population.add(member)) {
    moves.push_back({population.size(), move.generation, move.from, move.to, move.copy});
  }
  store.record(std::move(program), std::move(moves));
  if (population.race() != nullptr) store.put_state("islands", population.race()->save());
}

std::unique_ptr<store::RunStore> open_store(const TempDir& dir) {
  store::StoreOptions options;
  options.file = dir.path() / "run.sqlite";
  return value_or_throw(store::RunStore::open(std::move(options)));
}

/// Grows a population and restores another from the record: equal programs in equal places, and
/// equal draws. Returns how many programs are not where they were born.
std::int64_t grow_and_restore(const DatabaseConfig& config) {
  const TempDir dir("genesis-history");
  const auto store = open_store(dir);
  evolve::Population grown(config, 7);
  constexpr std::int64_t kPrograms = 600;
  // Some are under way while others are recorded: an island may begin again meanwhile.
  std::deque<std::optional<evolve::Draw>> under_way(5);
  for (std::int64_t id = 0; id < kPrograms; ++id) {
    record(*store, grown, id, under_way.front());
    under_way.pop_front();
    under_way.push_back(grown.draw(id));
  }
  EXPECT_TRUE(store->flush());

  evolve::Population restored(config, 7);
  const RestoredHistory history = value_or_throw(restore_history(*store, restored));
  EXPECT_EQ(restored.size(), grown.size());
  EXPECT_EQ(restored.best(), grown.best());
  for (int island = 0; island < 4; ++island) {
    EXPECT_EQ(restored.island_size(island), grown.island_size(island)) << island;
  }
  std::int64_t moved = 0;
  for (std::int64_t id = 0; id < kPrograms; ++id) {
    EXPECT_EQ(restored.member(id).island, grown.member(id).island) << id;
    EXPECT_EQ(restored.member(id).children, grown.member(id).children) << id;
    moved += restored.member(id).island != store->program(id)->island ? 1 : 0;
    EXPECT_EQ(history.known_programs.find(hash128_hex(std::to_string(id))), id);
  }
  for (std::int64_t proposal = 0; proposal < 500; ++proposal) {
    const auto one = grown.draw(proposal), other = restored.draw(proposal);
    EXPECT_EQ(one->parent, other->parent);
    EXPECT_EQ(one->island, other->island);
    EXPECT_EQ(one->inspirations, other->inspirations);
  }
  EXPECT_EQ(history.outcomes.at("ok") + history.outcomes.at("incorrect"), kPrograms);
  EXPECT_EQ(history.initial_score, store->program(0)->score);
  EXPECT_EQ(store->generation_of(17).value(), 17);
  EXPECT_EQ(store->generation_of(kPrograms).value(), std::nullopt);
  if (grown.race() != nullptr) {
    EXPECT_EQ(restored.race()->save(), grown.race()->save());
  }
  return moved;
}

TEST(RestoredHistory, ARestoredPopulationDrawsAsTheOneThatGrew) {
  EXPECT_GT(grow_and_restore(DatabaseConfig{}), 50);
}

TEST(RestoredHistory, IslandsThatBeganAgainAreWhatTheyWere) {
  DatabaseConfig config;
  config.island_reset_age = 7;
  config.migration_interval = 0;
  EXPECT_GT(grow_and_restore(config), 20);
}

TEST(RestoredHistory, MigrantsToAndFromIslandsThatBeganAgainAreWhereTheyWere) {
  DatabaseConfig config;
  config.island_reset_age = 7;
  EXPECT_GT(grow_and_restore(config), 50);
}

TEST(RestoredHistory, WhatLeadsOutOfTheIndexesIsCorruptAndNamed) {
  for (const store::MoveRecord& wrong :
       {store::MoveRecord{10, 3, 0, 4, false}, store::MoveRecord{10, 3, 4, 1, true}}) {
    const TempDir dir("genesis-history");
    const auto store = open_store(dir);
    evolve::Population grown(DatabaseConfig{}, 7);
    for (std::int64_t id = 0; id < 9; ++id) record(*store, grown, id, grown.draw(id));
    record(*store, grown, 9, grown.draw(9), {wrong});
    ASSERT_TRUE(store->flush());
    evolve::Population restored(DatabaseConfig{}, 7);
    const auto history = restore_history(*store, restored);
    ASSERT_FALSE(history);
    EXPECT_EQ(history.error().kind, ErrorKind::parse);
    EXPECT_THAT(
        history.error().message,
        ::testing::HasSubstr(fmt::format("generation {} moves from island {} to {}",
                                         wrong.generation, wrong.from_island, wrong.to_island)));
  }
}

TEST(RestoredHistory, ARunOfMoreIslandsThanThePopulationHasIsAnError) {
  const TempDir dir("genesis-history");
  const auto store = open_store(dir);
  evolve::Population grown(DatabaseConfig{}, 7);
  for (std::int64_t id = 0; id < 60; ++id) record(*store, grown, id, grown.draw(id));
  ASSERT_TRUE(store->flush());
  DatabaseConfig fewer;
  fewer.num_islands = 2;
  evolve::Population restored(fewer, 7);
  const auto history = restore_history(*store, restored);
  ASSERT_FALSE(history);
  EXPECT_THAT(history.error().message, ::testing::HasSubstr("60 programs on 2 islands"));
}

}  // namespace
}  // namespace genesis::run
