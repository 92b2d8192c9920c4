#include "genesis/evolve/population.h"

#include <gtest/gtest.h>

#include <cmath>
#include <map>
#include <set>

namespace genesis::evolve {
namespace {

Member program(std::int64_t generation, double score, int island = 0, bool correct = true,
               std::int64_t parent = 0) {
  Member member;
  member.generation = generation;
  member.parent = generation == 0 ? -1 : parent;
  member.score = score;
  member.island = island;
  member.correct = correct;
  return member;
}

DatabaseConfig islands(int count) {
  DatabaseConfig config;
  config.num_islands = count;
  return config;
}

TEST(RankedSet, KeepsOrderUnderManyInsertsAndErases) {
  RankedSet set;
  std::map<std::pair<double, std::int64_t>, int> reference;  // (-score, generation)
  RandomStream random(1, "ranked", 0);
  for (std::int64_t g = 0; g < 5000; ++g) {
    const double score = static_cast<double>(random.below(50));
    set.insert({score, g});
    reference[{-score, g}] = 1;
    if (g % 3 == 0) {
      const auto victim =
          std::next(reference.begin(), static_cast<long>(random.below(reference.size())));
      EXPECT_TRUE(set.erase({-victim->first.first, victim->first.second}));
      reference.erase(victim);
    }
  }
  ASSERT_EQ(set.size(), reference.size());
  std::size_t rank = 0;
  for (const auto& [key, unused] : reference) {
    EXPECT_EQ(set.at(rank).generation, key.second) << "rank " << rank;
    ++rank;
  }
  EXPECT_FALSE(set.erase({1e9, 1}));
}

TEST(RankedSet, OfEqualScoresTheShortestIsFirstAndThenTheOldest) {
  RankedSet set;
  set.insert({1.0, 0, 30});
  set.insert({1.0, 1, 20});
  set.insert({2.0, 2, 90});
  set.insert({1.0, 3, 20});
  std::vector<std::int64_t> order;
  for (std::size_t rank = 0; rank < set.size(); ++rank) order.push_back(set.at(rank).generation);
  EXPECT_EQ(order, (std::vector<std::int64_t>{2, 1, 3, 0}));
  EXPECT_TRUE(set.erase({1.0, 3, 20}));
  EXPECT_FALSE(set.erase({1.0, 1, 30})) << "another size";
}

TEST(IslandRanking, ProgramsOfOneScoreShareARank) {
  IslandRanking island;
  std::map<double, std::set<std::pair<std::uint32_t, std::int64_t>>> reference;
  std::vector<RankedSet::Entry> present;
  RandomStream random(1, "ranking", 0);
  for (std::int64_t g = 0; g < 4000; ++g) {
    const RankedSet::Entry entry{static_cast<double>(random.below(40)), g,
                                 static_cast<std::uint32_t>(random.below(30))};
    island.insert(entry);
    present.push_back(entry);
    reference[entry.score].insert({entry.size, g});
    if (g % 2 == 0) {
      std::swap(present[random.below(present.size())], present.back());
      const RankedSet::Entry gone = present.back();
      present.pop_back();
      EXPECT_TRUE(island.erase(gone));
      EXPECT_FALSE(island.erase(gone));
      reference[gone.score].erase({gone.size, gone.generation});
      if (reference[gone.score].empty()) reference.erase(gone.score);
    }
  }
  ASSERT_EQ(island.programs(), present.size());
  ASSERT_EQ(island.ranks(), reference.size());
  std::size_t rank = 0;
  for (auto level = reference.rbegin(); level != reference.rend(); ++level, ++rank) {
    EXPECT_EQ(island.first_of(rank).generation, level->second.begin()->second);
    const auto all = island.all_of(rank);
    ASSERT_EQ(all.size(), std::min(level->second.size(), IslandRanking::kMostOfRank));
    auto expected = level->second.begin();
    for (const RankedSet::Entry& entry : all) EXPECT_EQ(entry.generation, (expected++)->second);
  }
}

// A search that stands still makes many programs of the best score: the others are parents still.
TEST(Population, ManyProgramsOfTheBestScoreDoNotCrowdTheOthersOut) {
  DatabaseConfig config = islands(1);
  config.archive_size = 4;
  config.num_archive_inspirations = 3;
  Population population(config, 1);
  for (std::int64_t g = 0; g < 10; ++g) population.add(program(g, static_cast<double>(g)));
  for (std::int64_t g = 10; g < 200; ++g) population.add(program(g, 9.0));
  std::set<double> of_parents, of_inspirations;
  for (std::int64_t proposal = 0; proposal < 400; ++proposal) {
    const auto draw = population.draw(proposal);
    ASSERT_TRUE(draw.has_value());
    of_parents.insert(population.member(draw->parent).score);
    for (const std::int64_t g : draw->inspirations) {
      of_inspirations.insert(population.member(g).score);
    }
  }
  EXPECT_EQ(of_parents.size(), 10u);
  EXPECT_EQ(of_inspirations, (std::set<double>{6, 7, 8, 9}));
  std::set<double> archived;
  for (const RankedSet::Entry& entry : population.archive()) archived.insert(entry.score);
  EXPECT_EQ(archived, (std::set<double>{6, 7, 8, 9}));
}

TEST(Population, AmongEquallyGoodParentsTheShorterIsDrawnMoreOften) {
  DatabaseConfig config = islands(1);
  config.exploitation_ratio = 0;
  Population population(config, 7);
  for (std::int64_t g = 0; g < 50; ++g) {
    Member member = program(g, 1.0);
    member.size = g == 40 ? 10 : 100;
    population.add(member);
  }
  std::map<std::int64_t, int> drawn;
  for (std::int64_t id = 1; id <= 1000; ++id) ++drawn[population.draw(id)->parent];
  for (const auto& [generation, times] : drawn) {
    EXPECT_TRUE(generation == 40 || times < drawn[40]) << generation;
  }
  EXPECT_EQ(population.best(), 0) << "the best is the first that reached its score";
}

// Programs of earlier epochs are counted and known to nobody.
TEST(Population, BeginsWhereItsEpochDoes) {
  Population population(islands(2), 7, 100);
  EXPECT_EQ(population.size(), 100);
  EXPECT_TRUE(population.empty());
  EXPECT_FALSE(population.best());
  EXPECT_FALSE(population.draw_failed(1));
  population.add(program(100, 0.1, 0, false, 40));
  EXPECT_EQ(population.draw_failed(1)->parent, 100);
  EXPECT_TRUE(population.draw_failed(1)->inspirations.empty());
  EXPECT_EQ(population.add(program(101, 0.2, 1, true, 99)).size(), 1u);
  EXPECT_EQ(population.best(), 101);
  population.add(program(102, 0.3, 0, true, 101));
  EXPECT_EQ(population.member(101).children, 1);
  EXPECT_EQ(population.size(), 103);
  EXPECT_TRUE(population.has(102));
  for (const std::int64_t other : {-1, 0, 99, 103}) EXPECT_FALSE(population.has(other));
  for (std::int64_t id = 1; id <= 200; ++id) {
    const auto draw = population.draw(id);
    EXPECT_GE(draw->parent, 101);
    for (const std::int64_t inspiration : draw->inspirations) EXPECT_GE(inspiration, 101);
  }
}

TEST(Population, SeedIsCopiedToEveryIslandAndChildrenSpread) {
  Population population(islands(4), 7);
  EXPECT_EQ(population.add(program(0, 1.0)).size(), 3u);
  std::set<int> drawn;
  for (std::int64_t id = 1; id <= 200; ++id) drawn.insert(population.draw(id)->island);
  EXPECT_EQ(drawn.size(), 4u);
}

TEST(Population, NothingIsDrawnWithoutACorrectProgram) {
  Population population(islands(2), 7);
  EXPECT_TRUE(population.add(program(0, 5.0, 0, false)).empty());
  EXPECT_FALSE(population.draw(1));
  EXPECT_FALSE(population.best());
}

TEST(Population, FailedProgramsAreDrawnForRepairWithTheirAncestors) {
  Population population(islands(3), 7);
  EXPECT_FALSE(population.draw_failed(1));
  population.add(program(0, 0, 0, false));
  for (std::int64_t g = 1; g < 12; ++g) population.add(program(g, 0, 0, false, g - 1));
  std::set<std::int64_t> drawn;
  for (std::int64_t id = 1; id <= 200; ++id) {
    const auto draw = population.draw_failed(id);
    ASSERT_TRUE(draw);
    drawn.insert(draw->parent);
    EXPECT_EQ(draw->event, 12);
    // The nearest seven (five and two, the defaults), oldest first.
    const auto count = static_cast<std::int64_t>(draw->inspirations.size());
    EXPECT_EQ(count, std::min<std::int64_t>(7, draw->parent));
    for (std::int64_t i = 0; i < count; ++i) {
      EXPECT_EQ(draw->inspirations[static_cast<std::size_t>(i)], draw->parent - count + i);
    }
    const auto again = population.draw_failed(id);
    EXPECT_EQ(again->parent, draw->parent);
  }
  EXPECT_EQ(drawn.size(), 12u);
}

TEST(Population, TheFirstCorrectProgramLivesOnEveryIsland) {
  DatabaseConfig config = islands(3);
  config.migration_interval = 5;
  Population population(config, 7), restored(config, 7);
  std::vector<IslandMove> moves = population.add(program(0, 0, 0, false));
  moves = population.add(program(1, 0, 0, false));
  EXPECT_TRUE(moves.empty());
  moves = population.add(program(2, 1.0, 0, true, 1));
  ASSERT_EQ(moves.size(), 2u);
  for (const IslandMove& move : moves) {
    EXPECT_EQ(move.generation, 2);
    EXPECT_TRUE(move.copy);
  }
  for (std::int64_t g = 0; g < 3; ++g) restored.restore(population.member(g));
  for (const IslandMove& move : moves) restored.apply(move);
  std::set<int> drawn;
  for (std::int64_t id = 1; id <= 200; ++id) {
    const auto draw = population.draw(id);
    EXPECT_EQ(draw->parent, 2);
    drawn.insert(draw->island);
    EXPECT_EQ(restored.draw(id)->island, draw->island);
  }
  EXPECT_EQ(drawn.size(), 3u);
  // It does not travel: it is everywhere already.
  for (std::int64_t g = 3; g < 60; ++g) {
    for (const IslandMove& move : population.add(program(g, 1.0, static_cast<int>(g % 3), true, 2)))
      EXPECT_NE(move.generation, 2);
  }
  config.parent_selection_strategy = ParentSelection::best_of_n;
  config.num_islands = 1;
  Population alone(config, 7);
  alone.add(program(0, 0, 0, false));
  alone.add(program(1, 1.0, 0, true, 0));
  alone.add(program(2, 2.0, 0, true, 1));
  EXPECT_EQ(alone.draw(1)->parent, 1);
}

TEST(Population, IncorrectProgramsAreNeverParentsNorInspirations) {
  Population population(islands(1), 7);
  population.add(program(0, 1.0));
  for (std::int64_t g = 1; g < 100; ++g)
    population.add(program(g, 10.0 + static_cast<double>(g), 0, g % 2 == 0));
  for (std::int64_t id = 1; id < 300; ++id) {
    const auto draw = population.draw(id);
    EXPECT_EQ(draw->parent % 2, 0);
    for (const std::int64_t inspiration : draw->inspirations) {
      EXPECT_EQ(inspiration % 2, 0);
      EXPECT_NE(inspiration, draw->parent);
    }
  }
}

TEST(Population, BestIsTheFirstOfTheHighestScores) {
  Population population(islands(1), 7);
  population.add(program(0, 1.0));
  population.add(program(1, 2.0));
  population.add(program(2, 2.0));
  population.add(program(3, 9.0, 0, false));
  EXPECT_EQ(population.best(), 1);
  EXPECT_FALSE(population.would_improve(true, 2.0));
  EXPECT_TRUE(population.would_improve(true, 2.5));
  EXPECT_FALSE(population.would_improve(false, 99.0));
}

TEST(Population, ArchiveHoldsTheBestAndNoMore) {
  DatabaseConfig config = islands(2);
  config.archive_size = 10;
  Population population(config, 7);
  population.add(program(0, 0.0));
  for (std::int64_t g = 1; g <= 100; ++g)
    population.add(program(g, static_cast<double>(g * 37 % 101), static_cast<int>(g % 2)));
  ASSERT_EQ(population.archive().size(), 10u);
  for (std::size_t i = 0; i < 10; ++i)
    EXPECT_EQ(population.archive()[i].score, 100.0 - static_cast<double>(i));
}

TEST(Population, SeparatedIslandsInspireOnlyThemselves) {
  Population population(islands(3), 7);
  population.add(program(0, 0.0));
  for (std::int64_t g = 1; g < 60; ++g) {
    if (g % 10 != 0)
      population.add(program(g, static_cast<double>(g), static_cast<int>(g % 3)));
    else
      population.add(program(g, 0.1, static_cast<int>(g % 3), false));
  }
  for (std::int64_t id = 1; id < 200; ++id) {
    const auto draw = population.draw(id);
    for (const std::int64_t g : draw->inspirations) {
      EXPECT_TRUE(g == 0 || population.member(g).island == draw->island);
    }
  }
}

TEST(Population, OneInspirationMayComeFromAnotherIslandAndNoParentDoes) {
  DatabaseConfig config = islands(3);
  config.migration_interval = 0;
  config.foreign_inspiration_ratio = 0.5;
  Population population(config, 7);
  population.add(program(0, 0.0));
  for (std::int64_t g = 1; g < 90; ++g) {
    population.add(program(g, static_cast<double>(g), static_cast<int>(g % 3)));
  }
  int foreign_draws = 0;
  std::set<std::pair<int, int>> ways;
  for (std::int64_t id = 1; id <= 600; ++id) {
    const auto draw = population.draw(id);
    EXPECT_TRUE(draw->parent == 0 || population.member(draw->parent).island == draw->island);
    int foreign = 0;
    for (const std::int64_t g : draw->inspirations) {
      if (g == 0 || population.member(g).island == draw->island) continue;
      ++foreign;
      ways.insert({population.member(g).island, draw->island});
    }
    EXPECT_LE(foreign, 1);
    foreign_draws += foreign;
  }
  EXPECT_NEAR(foreign_draws, 300, 60);
  EXPECT_EQ(ways.size(), 6u);
}

TEST(Population, MigrationMovesAndNeverLosesOrTakesTheElite) {
  DatabaseConfig config = islands(3);
  config.migration_interval = 10;
  config.migration_rate = 0.5;
  Population population(config, 7);
  population.add(program(0, 0.0));
  std::size_t moved = 0;
  for (std::int64_t g = 1; g <= 300; ++g) {
    std::vector<std::int64_t> elites;
    for (const IslandMove& move :
         population.add(program(g, static_cast<double>(g * 31 % 97), static_cast<int>(g % 3)))) {
      EXPECT_NE(move.from, move.to);
      EXPECT_EQ(population.member(move.generation).island, move.to);
      EXPECT_EQ(g % 10, 0);
      ++moved;
    }
    std::size_t total = 0;
    for (int i = 0; i < 3; ++i) total += population.island_size(i);
    EXPECT_EQ(total, static_cast<std::size_t>(g) + 3);  // the seed lives on all three
  }
  EXPECT_GT(moved, 100u);
}

TEST(Population, AnIslandThatIsBehindBeginsAgainFromTheFirstCorrectProgram) {
  DatabaseConfig config = islands(2);
  config.island_reset_age = 10;
  config.migration_interval = 0;
  Population population(config, 7);
  std::int64_t next = 0;
  population.add(program(next++, 0.0));
  const auto grow = [&](int island, int count, double score) {
    std::vector<IslandMove> moves;
    for (int i = 0; i < count; ++i) {
      for (const IslandMove& move : population.add(program(next++, score, island))) {
        moves.push_back(move);
      }
    }
    return moves;
  };
  EXPECT_TRUE(grow(0, 10, 2.0).empty());
  const auto moves = grow(1, 10, 1.0);
  ASSERT_EQ(moves.size(), 1u);
  EXPECT_TRUE(moves[0].is_reset());
  EXPECT_EQ(moves[0].to, 1);
  EXPECT_EQ(moves[0].generation, 0);
  EXPECT_EQ(population.island_size(0), 11u);
  EXPECT_EQ(population.island_size(1), 1u);  // the seed
  EXPECT_EQ(population.member(12).island, kNoIsland);
  EXPECT_EQ(population.best(), 1);

  // A child of one that is gone does not bring its line back.
  population.add(program(next++, 1.5, 1, true, 12));
  EXPECT_EQ(population.island_size(1), 1u);
  population.add(program(next++, 0.5, 1, true, 0));
  EXPECT_EQ(population.island_size(1), 2u);
  for (std::int64_t id = 0; id < 200; ++id) {
    const auto draw = population.draw(id);
    const int lives = population.member(draw->parent).island;
    EXPECT_TRUE(draw->parent == 0 || lives == draw->island);
  }
}

TEST(Population, EveryIslandHasMatesHoweverGoodTheOthersAre) {
  DatabaseConfig config = islands(2);
  config.archive_size = 5;
  config.migration_interval = 0;
  Population population(config, 7);
  population.add(program(0, 0.0));
  for (std::int64_t g = 1; g <= 40; ++g) {
    population.add(
        program(g, static_cast<double>(g % 2 == 0 ? g : 1000 + g), static_cast<int>(g % 2)));
  }
  for (std::int64_t id = 1; id < 100; ++id) EXPECT_FALSE(population.draw(id)->inspirations.empty());
}

// The same history gives the same population whether lived through or restored from the record.
TEST(Population, RestoredDrawsLikeTheOriginal) {
  DatabaseConfig config = islands(4);
  Population lived(config, 3);
  std::vector<std::vector<IslandMove>> moves;
  std::vector<Member> members;
  RandomStream random(5, "scores", 0);
  for (std::int64_t g = 0; g < 400; ++g) {
    const std::int64_t parent =
        g == 0 ? -1 : static_cast<std::int64_t>(random.below(static_cast<std::uint64_t>(g)));
    members.push_back(program(g, random.uniform(), static_cast<int>(random.below(4)),
                              random.chance(0.8) || g == 0, parent));
    moves.push_back(lived.add(members.back()));
  }
  Population restored(config, 3);
  for (std::size_t g = 0; g < members.size(); ++g) {
    restored.restore(members[g]);
    for (const IslandMove& move : moves[g]) restored.apply(move);
  }
  for (std::int64_t id = 400; id < 900; ++id) {
    const auto a = lived.draw(id);
    const auto b = restored.draw(id);
    EXPECT_EQ(a->parent, b->parent);
    EXPECT_EQ(a->island, b->island);
    EXPECT_EQ(a->inspirations, b->inspirations);
    EXPECT_EQ(a->event, 400);
  }
}

TEST(Population, EveryStrategyDrawsFromANonEmptyIsland) {
  for (const auto parents : {ParentSelection::power_law, ParentSelection::weighted,
                             ParentSelection::best_of_n, ParentSelection::sequential}) {
    for (const auto choice : {IslandSelection::uniform, IslandSelection::equal,
                              IslandSelection::proportional, IslandSelection::weighted}) {
      DatabaseConfig config = islands(3);
      config.parent_selection_strategy = parents;
      config.island_selection_strategy = choice;
      Population population(config, 1);
      population.add(program(0, -5000.0));  // negative and far apart: no overflow, no zero weights
      for (std::int64_t g = 1; g < 50; ++g) {
        population.add(
            program(g, -4000.0 + 1000.0 * static_cast<double>(g), static_cast<int>(g % 3)));
      }
      for (std::int64_t id = 0; id < 50; ++id) {
        const auto draw = population.draw(id);
        ASSERT_TRUE(draw);
        EXPECT_TRUE(population.member(draw->parent).correct);
      }
    }
  }
}

TEST(PowerLawRank, FollowsTheLaw) {
  RandomStream random(1, "zipf", 0);
  std::map<std::size_t, int> counts;
  constexpr int kDraws = 200'000;
  for (int i = 0; i < kDraws; ++i) ++counts[power_law_rank(1000, 1.0, random)];
  double harmonic = 0;
  for (int r = 1; r <= 1000; ++r) harmonic += 1.0 / r;
  for (const std::size_t rank : {0u, 1u, 9u}) {
    const double expected = 1.0 / (static_cast<double>(rank + 1) * harmonic);
    EXPECT_NEAR(static_cast<double>(counts[rank]) / kDraws, expected, 0.1 * expected);
  }
  EXPECT_LT(counts.rbegin()->first, 1000u);
}

TEST(PowerLawRank, ExtremeExponents) {
  RandomStream random(1, "zipf", 1);
  for (int i = 0; i < 1000; ++i) {
    EXPECT_EQ(power_law_rank(50, 100.0, random), 0u);
    EXPECT_LT(power_law_rank(50, 0.0, random), 50u);
    EXPECT_LT(power_law_rank(50, 0.3, random), 50u);
    EXPECT_EQ(power_law_rank(1, 1.0, random), 0u);
  }
}

}  // namespace
}  // namespace genesis::evolve
