// Disks that fail, and what a power barrier costs: through a SQLite file system of our own.
#include <gmock/gmock.h>

#include "tests/unit/store/faulty_disk.h"
#include "tests/unit/store/store_fixture.h"

namespace genesis::store {
namespace {

using ::testing::HasSubstr;
using ::testing::SizeIs;

class TroubleTest : public StoreTest {
 protected:
  FaultyDisk disk_;
};

TEST_F(TroubleTest, AFullDiskKeepsTheWorkUntilThereIsSpace) {
  const auto store = open();
  evolve_one(*store, 0, 1);
  ASSERT_TRUE(store->flush());
  disk_.fail_writes(SQLITE_FULL);
  evolve_one(*store, 1, 2);
  bool fired = false;
  store->when_committed(Commit::process, [&] { fired = true; });
  ASSERT_TRUE(posted_.run_until([&] { return troubles_.size() == 1; }));
  EXPECT_EQ(troubles_[0].error().kind, ErrorKind::io);
  EXPECT_THAT(troubles_[0].error().message, HasSubstr("full"));
  // Told once, however often it fails; a flush says it does not work instead of hanging.
  EXPECT_EQ(store->flush().error().kind, ErrorKind::io);
  EXPECT_EQ(store->flush().error().kind, ErrorKind::io);
  EXPECT_GE(disk_.failed_writes(), 2);
  evolve_one(*store, 2, 3);
  store->hand_over();
  EXPECT_EQ(store->load()->counters.programs, 1);
  disk_.fail_writes(SQLITE_OK);
  ASSERT_TRUE(posted_.run_until([&] { return fired; }));
  ASSERT_THAT(troubles_, SizeIs(2));
  EXPECT_TRUE(troubles_[1]);
  ASSERT_TRUE(store->flush());
  EXPECT_EQ(store->load()->counters,
            (Counters{.proposals = 3, .evaluations = 3, .attempts = 3, .programs = 3}));
}

TEST_F(TroubleTest, AnInputOutputErrorIsTriedAgain) {
  const auto store = open();
  disk_.fail_writes(SQLITE_IOERR_WRITE);
  evolve_one(*store, 0, 1);
  EXPECT_FALSE(store->flush());
  disk_.fail_writes(SQLITE_OK);
  ASSERT_TRUE(posted_.run_until([&] { return troubles_.size() == 2; }));
  EXPECT_EQ(store->load()->counters.programs, 1);
}

TEST_F(TroubleTest, ClosingWhileTheDiskIsFullDoesNotHang) {
  auto store = open();
  evolve_one(*store, 0, 1);
  ASSERT_TRUE(store->flush());
  disk_.fail_writes(SQLITE_FULL);
  evolve_one(*store, 1, 1);
  store.reset();
  disk_.fail_writes(SQLITE_OK);
  EXPECT_EQ(open()->load()->counters.programs, 1);
}

TEST_F(TroubleTest, OnlyAPowerBarrierWaitsForTheDisk) {
  const auto store = open();
  evolve_one(*store, 0, 1);
  ASSERT_TRUE(store->flush());
  const int before = disk_.wal_syncs();
  int fired = 0;
  const auto barrier = [&](Commit commit) {
    const int wanted = fired + 1;
    store->when_committed(commit, [&] { ++fired; });
    ASSERT_TRUE(posted_.run_until([&] { return fired == wanted; }));
  };
  evolve_one(*store, 1, 1);
  barrier(Commit::process);
  EXPECT_EQ(disk_.wal_syncs(), before);
  // Nothing new to write, but what was written before has to become safe.
  barrier(Commit::power);
  EXPECT_EQ(disk_.wal_syncs(), before + 1);
  evolve_one(*store, 2, 1);
  barrier(Commit::power);
  EXPECT_EQ(disk_.wal_syncs(), before + 2);
  evolve_one(*store, 3, 1);
  barrier(Commit::process);
  EXPECT_EQ(disk_.wal_syncs(), before + 2);
}

}  // namespace
}  // namespace genesis::store
