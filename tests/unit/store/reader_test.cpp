#include <gmock/gmock.h>

#include "tests/unit/store/store_fixture.h"

namespace genesis::store {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::Pair;
using ::testing::SizeIs;

TEST_F(StoreTest, AReaderLooksOnWhileTheRunnerWrites) {
  const auto store = open();
  evolve_one(*store, 0, 1);
  ASSERT_TRUE(store->flush());
  const auto looker = reader();
  EXPECT_EQ(looker->counters()->programs, 1);
  evolve_one(*store, 1, 5);
  ASSERT_TRUE(store->flush());
  EXPECT_EQ(looker->counters()->programs, 2);
  EXPECT_EQ(looker->best().value()->generation, 1);
  EXPECT_EQ(looker->source(1).value(), Program("main.py", "x = 1\n"));
}

TEST_F(StoreTest, BestAndTopTakeCorrectProgramsFirstComeFirst) {
  const auto store = open();
  ASSERT_TRUE(store->flush());
  EXPECT_EQ(reader()->best().value(), std::nullopt);
  for (const auto& [id, score] : {std::pair{0, 2.0}, {1, 7.0}, {2, 9.0}, {3, 7.0}, {4, -1.0}}) {
    store->queue_evaluation(id, make_proposal(id), make_attempt(id));
    ProgramRecord program = make_program(id, score);
    program.correct = id != 2;
    program.outcome = program.correct ? "ok" : "incorrect";
    program.improved = id < 2;
    store->record(program, {});
  }
  ASSERT_TRUE(store->flush());
  EXPECT_EQ(reader()->best().value()->generation, 1);
  std::vector<std::int64_t> order;
  const std::vector<ProgramRecord> top = reader()->top(3).value();
  for (const ProgramRecord& program : top) order.push_back(program.generation);
  EXPECT_THAT(order, ElementsAre(1, 3, 0));
  EXPECT_THAT(reader()->top(0).value(), SizeIs(0));
  EXPECT_THAT(reader()->top(-1).value(), SizeIs(0));
  EXPECT_THAT(reader()->improvements().value(), SizeIs(2));
  EXPECT_THAT(reader()->outcomes().value(), ElementsAre(Pair("incorrect", 1), Pair("ok", 4)));
}

TEST_F(StoreTest, TheCanonicalDumpLeavesOutTimesAndTokens) {
  std::string dumps[2];
  for (int round = 0; round < 2; ++round) {
    const TempDir dir;
    StoreOptions here = options();
    here.file = dir.path() / "run.sqlite";
    const auto store = value_or_throw(RunStore::open(std::move(here)));
    AttemptRecord attempt = make_attempt(0);
    attempt.token = fmt::format("round{}", round);
    store->queue_evaluation(0, make_proposal(0), attempt);
    ProgramRecord program = make_program(0, 0.1);
    program.recorded_at += round;
    program.wall_millis += round;
    program.log_tail = attempt.token;
    store->record(program, {{.event = 1, .generation = 0, .to_island = 1, .copy = true}});
    ProposalRecord twin = make_proposal(1);
    twin.fate = ProposalFate::duplicate;
    twin.detail = "gen 0";
    twin.summary = "two\nlines, \"quoted\"";
    store->put_proposal(twin);
    ASSERT_TRUE(store->set_meta("run_id", attempt.token));
    ASSERT_TRUE(store->flush());
    dumps[round] = StoreReader::open(dir.path() / "run.sqlite").value()->canonical_dump().value();
  }
  EXPECT_EQ(dumps[0], dumps[1]);
  const std::string key = make_proposal(0).program_key;
  EXPECT_THAT(dumps[0], HasSubstr("program 0 proposal=0 parent=-1 island=0 mutator=\"literal\" "
                                  "patch=\"operator\" score=0.1 correct=1 outcome=\"ok\" "
                                  "improved=0 key=" +
                                  key + "\n"));
  EXPECT_THAT(dumps[0], HasSubstr("summary=\"two\\nlines, \\\"quoted\\\"\" fate=duplicate "
                                  "of=\"gen 0\""));
  EXPECT_THAT(dumps[0], HasSubstr("move event=1 program=0 from=0 to=1 copy=1\n"));
  EXPECT_THAT(dumps[0], HasSubstr("fate=recorded key=" + key + " candidate=" + key));
  EXPECT_THAT(dumps[0], Not(HasSubstr("round")));
}

TEST_F(StoreTest, TheCanonicalDumpSeesAnyDifference) {
  std::vector<std::string> dumps;
  for (int variant = 0; variant < 4; ++variant) {
    const TempDir dir;
    StoreOptions here = options();
    here.file = dir.path() / "run.sqlite";
    const auto store = value_or_throw(RunStore::open(std::move(here)));
    ProposalRecord proposal = make_proposal(0);
    if (variant == 1) proposal.candidate = Program("main.py", "other").encode();
    if (variant == 2) proposal.inspirations = {9};
    store->queue_evaluation(0, proposal, make_attempt(0));
    store->record(make_program(0, variant == 3 ? 0.1 + 1e-17 + 1e-16 : 0.1), {});
    ASSERT_TRUE(store->flush());
    dumps.push_back(StoreReader::open(dir.path() / "run.sqlite").value()->canonical_dump().value());
    for (int other = 0; other < variant; ++other) {
      EXPECT_NE(dumps[static_cast<std::size_t>(other)], dumps.back()) << other << " " << variant;
    }
  }
}

TEST_F(StoreTest, AReaderOfNothingSaysSo) {
  EXPECT_EQ(StoreReader::open(dir_.path() / "none.sqlite").error().kind, ErrorKind::not_found);
  ASSERT_TRUE(write_file(dir_.path() / "empty.sqlite", ""));
  EXPECT_EQ(StoreReader::open(dir_.path() / "empty.sqlite").error().kind, ErrorKind::not_found);
  EXPECT_FALSE(StoreReader::open(dir_.path()));
}

class NetworkStoreTest : public StoreTest {
 protected:
  std::unique_ptr<RunStore> open_network() {
    StoreOptions wanted = options();
    wanted.network_file_system = true;
    wanted.snapshot_every = std::chrono::milliseconds(10);
    return value_or_throw(RunStore::open(std::move(wanted)));
  }
};

TEST_F(NetworkStoreTest, ThereIsNoWalAndReadersSeeTheSnapshot) {
  {
    const auto store = open_network();
    evolve_one(*store, 0, 1);
    ASSERT_TRUE(store->flush());
    EXPECT_EQ(store->source(0).value(), Program("main.py", "x = 0\n"));
    EXPECT_EQ(store->load()->counters.programs, 1);
    EXPECT_FALSE(std::filesystem::exists(file().string() + "-wal"));
    EXPECT_FALSE(std::filesystem::exists(file().string() + "-shm"));
    // The snapshot follows by itself, while the runner holds its file for itself. On a busy machine
    // the first one is slow, and the next is due only after twenty times as long.
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(120);
    std::int64_t seen = 0;
    while (seen != 1 && std::chrono::steady_clock::now() < deadline) {
      const auto looker = StoreReader::open(file());
      if (looker) seen = (*looker)->counters()->programs;
    }
    EXPECT_EQ(seen, 1);
    evolve_one(*store, 1, 2);
  }
  EXPECT_EQ(reader()->counters()->programs, 2) << "the last state is there after the end";
  EXPECT_EQ(open_network()->load()->counters.programs, 2);
}

TEST_F(NetworkStoreTest, AStoreMovesBetweenFileSystems) {
  {
    const auto store = open();
    evolve_one(*store, 0, 1);
  }
  {
    const auto store = open_network();
    evolve_one(*store, 1, 1);
  }
  const auto store = open();
  evolve_one(*store, 2, 1);
  ASSERT_TRUE(store->flush());
  EXPECT_EQ(reader()->counters()->programs, 3) << "not an old snapshot's two";
}

}  // namespace
}  // namespace genesis::store
