// What is paid for by time: leases that grow, end, and are never counted twice.
#include <gmock/gmock.h>

#include "tests/unit/store/store_fixture.h"

namespace genesis::store {
namespace {

using ::testing::ElementsAre;
using ::testing::SizeIs;

UsageRecord used(const std::string& lease, double amount, bool over = false) {
  UsageRecord record;
  record.lease = lease;
  record.resource = "sandbox";
  record.kind = "base";
  record.unit = "s";
  record.cpus = 2;
  record.memory_gib = 0.5;
  record.amount = amount;
  record.currency = "EUR";
  record.cost = amount / 10;
  record.over = over;
  return record;
}

UsageTotal total(std::int64_t leases, double amount) {
  return {"sandbox", "base", "s", 2, 0.5, "EUR", leases, amount, amount / 10};
}

using UsageTest = StoreTest;

TEST_F(UsageTest, ALeaseIsReplacedAndAnEndedOneIsAddedUp) {
  const auto store = open();
  store->put_usage(used("a", 1));
  store->put_usage(used("b", 4));
  store->put_usage(used("a", 3));
  ASSERT_TRUE(store->flush());
  EXPECT_THAT(store->usage().value(), ElementsAre(total(2, 7)));
  store->put_usage(used("a", 5, true));
  store->put_usage(used("c", 10, true));
  ASSERT_TRUE(store->flush());
  EXPECT_THAT(store->usage().value(), ElementsAre(total(3, 19)));
  EXPECT_THAT(reader()->usage().value(), ElementsAre(total(3, 19)));
}

TEST_F(UsageTest, WhatWasJournaledNeverShrinks) {
  {
    const auto store = open();
    store->put_usage(used("a", 30));
    ASSERT_TRUE(store->flush());
  }
  // A later runner that knows less of it.
  const auto store = open(1);
  store->put_usage(used("a", 2));
  ASSERT_TRUE(store->flush());
  EXPECT_THAT(store->usage().value(), ElementsAre(total(1, 30)));
  store->put_usage(used("a", 3, true));
  ASSERT_TRUE(store->flush());
  EXPECT_THAT(store->usage().value(), ElementsAre(total(1, 30)));
}

TEST_F(UsageTest, ASizeThatIsLearntLaterReplacesTheUnknownOne) {
  const auto store = open();
  UsageRecord unknown = used("a", 1);
  unknown.cpus = unknown.memory_gib = unknown.cost = 0;
  unknown.currency.clear();
  store->put_usage(unknown);
  store->put_usage(used("a", 2, true));
  ASSERT_TRUE(store->flush());
  EXPECT_THAT(store->usage().value(), ElementsAre(total(1, 2)));
}

TEST_F(UsageTest, KindsAndSizesAreCountedApart) {
  const auto store = open();
  UsageRecord large = used("a", 1, true);
  large.cpus = 8;
  store->put_usage(large);
  UsageRecord other = used("b", 2, true);
  other.kind = "other";
  store->put_usage(other);
  store->put_usage(used("c", 4, true));
  ASSERT_TRUE(store->flush());
  const auto totals = store->usage().value();
  ASSERT_THAT(totals, SizeIs(3));
  EXPECT_EQ(totals[0], total(1, 4));
  EXPECT_EQ(totals[1].cpus, 8);
  EXPECT_EQ(totals[2].kind, "other");
}

TEST_F(UsageTest, AnAmountThatIsNoneIsLeftOutAndTheRestGoesOn) {
  const auto store = open();
  store->put_usage(used("a", -1));
  store->put_usage(used("", 1));
  store->put_usage(used("b", 1));
  ASSERT_TRUE(store->flush());
  EXPECT_THAT(store->usage().value(), ElementsAre(total(1, 1)));
  EXPECT_TRUE(posted_.run_until([&] { return troubles_.size() == 2; }));
}

TEST_F(UsageTest, AnAttemptRemembersHowLongAMachineWasHeldForIt) {
  {
    const auto store = open();
    store->queue_evaluation(1, make_proposal(1), make_attempt(1));
    store->finish_attempt(make_attempt(1).token, "lost", "gone", 1234);
    ASSERT_TRUE(store->flush());
  }
  const auto store = open(1);
  const auto run = store->load().value();
  ASSERT_THAT(run.pending, SizeIs(1));
  EXPECT_EQ(run.pending[0].attempts.at(0).held_millis, 1234);
}

}  // namespace
}  // namespace genesis::store
