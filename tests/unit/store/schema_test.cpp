// Files that are not what they should be: old, new, foreign, cut off, flipped.
#include <gmock/gmock.h>
#include <sqlite3.h>

#include "genesis/base/rng.h"
#include "genesis/store/schema.h"
#include "tests/unit/store/store_fixture.h"

namespace genesis::store {
namespace {

using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Pair;
using ::testing::SizeIs;

class SchemaTest : public StoreTest {
 protected:
  void run_sql(const std::string& sql) {
    sqlite3* database = nullptr;
    ASSERT_EQ(sqlite3_open(file().c_str(), &database), SQLITE_OK);
    char* message = nullptr;
    EXPECT_EQ(sqlite3_exec(database, sql.c_str(), nullptr, nullptr, &message), SQLITE_OK)
        << (message != nullptr ? message : "");
    sqlite3_free(message);
    sqlite3_close(database);
  }
  static std::string golden(const std::string& name) {
    return read_file(GENESIS_SOURCE_DIR "/tests/golden/store/" + name).value();
  }
  void make_old_store(int version = 1) { run_sql(golden(fmt::format("schema_{}.sql", version))); }
  Error open_error(std::int64_t fence = 0) {
    StoreOptions wanted = options();
    wanted.fence = fence;
    auto opened = RunStore::open(std::move(wanted));
    return opened ? Error{ErrorKind::internal, "it opened"} : opened.error();
  }
};

TEST_F(SchemaTest, AStoreOfSchemaOneIsTakenForward) {
  make_old_store();
  const Counters before{
      .proposals = 5, .duplicates = 1, .failed = 1, .evaluations = 4, .attempts = 5, .programs = 2};
  {
    const auto store = open(4);
    const LoadedRun run = store->load().value();
    EXPECT_EQ(run.counters, before);
    ASSERT_THAT(run.pending, SizeIs(1));
    EXPECT_EQ(run.pending[0].attempts.back().ref, "v1:pid=4");
    EXPECT_EQ(Program::decode(run.pending[0].proposal.candidate).value(),
              Program("main.py", "x = 3"));
    EXPECT_EQ(store->state("bandit"), std::string("\0\xff", 2));
    EXPECT_EQ(store->source(1).value(), Program("main.py", "x = 2"));
    ProgramRecord program = make_program(2, 1);
    store->finish_attempt("t3", "exited", "");
    store->record(program, {});
    ASSERT_TRUE(store->flush());
  }
  EXPECT_EQ(open(5)->load()->counters.programs, 3);
  EXPECT_THAT(reader()->outcomes().value(), ElementsAre(Pair("ok", 2), Pair("timeout", 1)));
  EXPECT_EQ(reader()->meta("run_id"), "0123abcd");
}

TEST_F(SchemaTest, AReaderShowsAnOldStoreWithoutChangingIt) {
  make_old_store();
  const std::string bytes = read_file(file()).value();
  EXPECT_EQ(reader()->counters()->programs, 2);
  EXPECT_EQ(reader()->best().value()->generation, 0);
  EXPECT_EQ(read_file(file()).value(), bytes);
}

TEST_F(SchemaTest, AStoreOfSchemaTwoIsTakenForward) {
  make_old_store(2);
  {
    const auto store = open(4);
    std::vector<std::string> moves;
    ASSERT_TRUE(store->for_each_move([&](const MoveRecord& move) {
      moves.push_back(fmt::format("{}: {} from {} to {}{}", move.event, move.generation,
                                  move.from_island, move.to_island, move.copy ? ", stays" : ""));
    }));
    EXPECT_THAT(moves, ElementsAre("1: 0 from 0 to 1, stays", "1: 0 from 0 to 2, stays",
                                   "1: 0 from 0 to 3, stays", "4: 3 from 2 to 0",
                                   "4: 2 from 2 to 1", "5: 2 from 1 to 3"));
    std::vector<std::uint32_t> sizes;
    ASSERT_TRUE(store->for_each_outline(
        [&](const ProgramOutline& program) { sizes.push_back(program.size); }));
    EXPECT_THAT(sizes, Each(38u)) << "bytes of the stored candidates";
  }
  EXPECT_EQ(reader()->canonical_dump().value(), golden("schema_2.dump"));
  EXPECT_THAT(best_first(*reader(), 10), ElementsAre(2, 0, 3));
  {
    const auto store = open(5);
    store->finish_attempt("t3", "exited", "");
    ProgramRecord program = make_program(2, 0.6);
    program.generation = 5;
    store->record(program, {{.event = 6, .generation = 3, .from_island = 0, .to_island = 1}});
    ASSERT_TRUE(store->flush());
  }
  EXPECT_THAT(troubles_, SizeIs(0));
  EXPECT_THAT(best_first(*reader(), 10), ElementsAre(2, 5, 0, 3));
  EXPECT_THAT(best_first(*reader(), 2), ElementsAre(2, 5));
  EXPECT_THAT(reader()->canonical_dump().value(),
              HasSubstr("move event=6 program=3 from=0 to=1 copy=0\n"));
}

TEST_F(SchemaTest, AReaderShowsAStoreOfSchemaTwoAsItIs) {
  make_old_store(2);
  const std::string bytes = read_file(file()).value();
  const auto looker = reader();
  EXPECT_EQ(looker->canonical_dump().value(), golden("schema_2.dump"));
  EXPECT_THAT(best_first(*looker, 10), ElementsAre(2, 0, 3));
  EXPECT_THAT(best_first(*looker, 1), ElementsAre(2));
  EXPECT_EQ(looker->best().value()->generation, 2);
  EXPECT_THAT(looker->improvements().value(), SizeIs(2));
  EXPECT_EQ(read_file(file()).value(), bytes);
}

TEST_F(SchemaTest, AStoreOfSchemaThreeHasUsedNothingYet) {
  make_old_store(3);
  const std::string bytes = read_file(file()).value();
  EXPECT_THAT(reader()->usage().value(), SizeIs(0));
  EXPECT_EQ(reader()->canonical_dump().value(), golden("schema_2.dump"));
  EXPECT_THAT(best_first(*reader(), 10), ElementsAre(2, 0, 3));
  EXPECT_EQ(read_file(file()).value(), bytes) << "a reader changes nothing";
  {
    const auto store = open(4);
    EXPECT_THAT(store->usage().value(), SizeIs(0));
    EXPECT_EQ(store->load()->pending.at(0).attempts.back().held_millis, 0);
    UsageRecord used;
    used.lease = "one";
    used.amount = 2;
    store->put_usage(used);
    ASSERT_TRUE(store->flush());
  }
  EXPECT_THAT(reader()->usage().value(), SizeIs(1));
  EXPECT_EQ(reader()->canonical_dump().value(), golden("schema_2.dump"));
}

TEST_F(SchemaTest, MovesThatAreNotReadableAreAnError) {
  { const auto store = open(); }
  run_sql("INSERT INTO island_moves VALUES(3,'1:0>2 2:0')");
  const auto store = open(1);
  const Status status = store->for_each_move([](const MoveRecord&) {});
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().kind, ErrorKind::parse);
  EXPECT_THAT(status.error().message, HasSubstr("event 3"));
  EXPECT_EQ(reader()->canonical_dump().error().kind, ErrorKind::parse);
}

TEST_F(SchemaTest, ANewerSchemaIsRefused) {
  { const auto store = open(); }
  run_sql("PRAGMA user_version=999");
  EXPECT_EQ(open_error().kind, ErrorKind::unsupported);
  EXPECT_THAT(open_error().message, HasSubstr("999"));
  EXPECT_EQ(StoreReader::open(file()).error().kind, ErrorKind::unsupported);
}

TEST_F(SchemaTest, AnotherProgramsDatabaseIsRefusedAndLeftAlone) {
  run_sql("CREATE TABLE mine(x); INSERT INTO mine VALUES(1)");
  const std::string bytes = read_file(file()).value();
  EXPECT_EQ(open_error().kind, ErrorKind::parse);
  EXPECT_THAT(open_error().message, HasSubstr("another program"));
  EXPECT_EQ(StoreReader::open(file()).error().kind, ErrorKind::parse);
  EXPECT_EQ(read_file(file()).value(), bytes);
}

TEST_F(SchemaTest, WhatIsNoDatabaseIsRefused) {
  ASSERT_TRUE(write_file(file(), std::string(10'000, 'x')));
  EXPECT_EQ(open_error().kind, ErrorKind::parse);
  EXPECT_EQ(StoreReader::open(file()).error().kind, ErrorKind::parse);
  ASSERT_TRUE(write_file(file(), "SQLite format 3"));
  EXPECT_EQ(open_error().kind, ErrorKind::parse);
  EXPECT_FALSE(StoreReader::open(file()));
}

TEST_F(SchemaTest, AFolderInTheWayIsAnError) {
  std::filesystem::create_directory(file());
  EXPECT_EQ(open_error().kind, ErrorKind::io);
  EXPECT_THAT(open_error().message, HasSubstr(file().string()));
}

/// Everything there is to read, whatever comes of it.
void read_all(const std::filesystem::path& file) {
  const auto opened = StoreReader::open(file);
  if (!opened) return;
  StoreReader& reader = **opened;
  (void)reader.counters();
  (void)reader.outcomes();
  (void)reader.usage();
  (void)reader.top(5);
  (void)reader.improvements();
  (void)reader.canonical_dump();
  (void)reader.state("bandit");
  (void)reader.for_each_program([&](const ProgramRecord&) { return true; });
  for (std::int64_t generation = 0; generation < 5; ++generation) (void)reader.source(generation);
}

TEST_F(SchemaTest, FlippedAndCutFilesGiveErrorsAndNeverACrash) {
  {
    const auto store = open();
    for (int i = 0; i < 60; ++i) evolve_one(*store, i, i);
    store->put_state("bandit", std::string(5000, 'b'));
  }
  const std::string whole = read_file(file()).value();
  for (std::uint64_t round = 0; round < 150; ++round) {
    RandomStream random(7, "flip", round);
    std::string bytes = whole;
    if (round % 5 == 0) bytes.resize(random.below(bytes.size()));
    for (int flips = 0; flips < 20 && !bytes.empty(); ++flips) {
      bytes[random.below(bytes.size())] = static_cast<char>(random.below(256));
    }
    const std::filesystem::path hurt = dir_.path() / fmt::format("hurt{}.sqlite", round);
    ASSERT_TRUE(write_file(hurt, bytes));
    read_all(hurt);
    StoreOptions wanted = options();
    wanted.file = hurt;
    auto store = RunStore::open(std::move(wanted));
    if (!store) {
      EXPECT_FALSE(store.error().message.empty());
      continue;
    }
    (void)(*store)->load();
    (void)(*store)->for_each_outline([](const ProgramOutline&) {});
    (void)(*store)->for_each_move([](const MoveRecord&) {});
    evolve_one(**store, 60, 1);
    (void)(*store)->flush();
  }
}

TEST_F(SchemaTest, ACorruptPageStopsTheWriterWithAClearWord) {
  {
    const auto store = open();
    for (int i = 0; i < 60; ++i) evolve_one(*store, i, i);
  }
  std::string bytes = read_file(file()).value();
  // Every page but the first, which holds the schema.
  for (std::size_t at = 8192; at < bytes.size(); ++at) bytes[at] = '\x5a';
  ASSERT_TRUE(write_file(file(), bytes));
  const Error error = open_error();
  EXPECT_EQ(error.kind, ErrorKind::parse);
  EXPECT_THAT(error.message, HasSubstr("malformed"));
  const auto looker = StoreReader::open(file());
  ASSERT_TRUE(looker);
  EXPECT_EQ((*looker)->canonical_dump().error().kind, ErrorKind::parse);
}

}  // namespace
}  // namespace genesis::store
