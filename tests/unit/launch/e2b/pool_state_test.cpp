#include "launch/e2b/pool_state.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace genesis::launch::e2b {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;

class PoolStateTest : public testing::Test {
 protected:
  static PoolPolicy policy(SandboxReuse reuse, int most, int warm = 0) {
    PoolPolicy made;
    made.reuse = reuse;
    made.most = most;
    made.warm = warm;
    made.recycle_after = 3;
    made.creates_per_second = 1000;
    return made;
  }
  void begin(PoolPolicy with) { pool_.emplace(with, now_); }

  /// What is decided, as words: "make 0", "lease a 0", "end 0", "refuse a", "capacity 2".
  std::vector<std::string> decide() {
    std::vector<std::string> said;
    for (const PoolAction& action : pool_->decide(now_)) {
      if (const auto* make = std::get_if<MakeSandbox>(&action)) {
        said.push_back(fmt::format("make {}", make->slot));
      } else if (const auto* end = std::get_if<EndSandbox>(&action)) {
        said.push_back(fmt::format("end {}", end->slot));
      } else if (const auto* lease = std::get_if<GiveLease>(&action)) {
        said.push_back(fmt::format("lease {} {}", lease->token, lease->slot));
      } else if (const auto* refuse = std::get_if<RefuseLease>(&action)) {
        said.push_back("refuse " + refuse->token);
      } else if (const auto* capacity = std::get_if<AnnounceCapacity>(&action)) {
        said.push_back(fmt::format("capacity {}", capacity->slots));
        reason_ = capacity->reason;
      }
    }
    return said;
  }
  void made(int slot) { pool_->made(slot, fmt::format("sb{}", slot), now_); }
  void not_made(int slot, FailureKind kind) {
    pool_->not_made(slot, Failure(kind, "as the provider said"), now_);
  }

  PoolState::Time now_ = PoolState::Time() + 1h;
  std::optional<PoolState> pool_;
  std::string reason_;
};

TEST_F(PoolStateTest, ASandboxIsMadeForWhoWaitsAndEndsWithTheJob) {
  begin(policy(SandboxReuse::per_job, 2));
  EXPECT_THAT(decide(), ElementsAre("capacity 2"));
  pool_->want("a");
  EXPECT_THAT(decide(), ElementsAre("make 0"));
  made(0);
  EXPECT_THAT(decide(), ElementsAre("lease a 0"));
  pool_->give_back(0, true);
  EXPECT_THAT(decide(), ElementsAre("end 0"));
  EXPECT_TRUE(pool_->is_ending(0));
  pool_->ended(0);
  EXPECT_EQ(pool_->count(), 0u);
}

TEST_F(PoolStateTest, APooledOneServesInTurnUntilItIsRecycled) {
  begin(policy(SandboxReuse::pooled, 1));
  decide();
  for (const char* token : {"a", "b", "c", "d"}) pool_->want(token);
  EXPECT_THAT(decide(), ElementsAre("make 0"));
  made(0);
  EXPECT_THAT(decide(), ElementsAre("lease a 0"));
  pool_->give_back(0, true);
  EXPECT_THAT(decide(), ElementsAre("lease b 0"));
  pool_->give_back(0, true);
  EXPECT_THAT(decide(), ElementsAre("lease c 0"));
  pool_->give_back(0, true);  // The third job: recycled.
  EXPECT_THAT(decide(), ElementsAre("end 0", "make 1"));
}

TEST_F(PoolStateTest, ASandboxGoesToWhomItWasMadeFor) {
  begin(policy(SandboxReuse::per_job, 4));
  decide();
  for (const char* token : {"a", "b", "c"}) pool_->want(token);
  std::vector<std::string> made_for;
  for (const PoolAction& action : pool_->decide(now_)) {
    made_for.push_back(std::get<MakeSandbox>(action).token);
  }
  EXPECT_THAT(made_for, ElementsAre("a", "b", "c"));
  made(1);
  EXPECT_THAT(decide(), ElementsAre("lease b 1"));
  // Who has gone leaves his sandbox to who waits longest without one.
  pool_->forget("a");
  pool_->want("d");
  made(0);
  EXPECT_THAT(decide(), ElementsAre("lease d 0"));
  // One that failed is made again for the same.
  not_made(2, FailureKind::broken);
  now_ += 10s;
  const auto again = pool_->decide(now_);
  const auto* make = std::get_if<MakeSandbox>(&again.back());
  ASSERT_NE(make, nullptr);
  EXPECT_EQ(make->token, "c");
}

TEST_F(PoolStateTest, APooledSandboxIsMadeForNobody) {
  begin(policy(SandboxReuse::pooled, 2));
  decide();
  pool_->want("a");
  EXPECT_EQ(std::get<MakeSandbox>(pool_->decide(now_).at(0)).token, "");
}

TEST_F(PoolStateTest, ADoubtEndsAPooledSandbox) {
  begin(policy(SandboxReuse::pooled, 1));
  decide();
  pool_->want("a");
  decide();
  made(0);
  decide();
  pool_->give_back(0, false);
  EXPECT_THAT(decide(), ElementsAre("end 0"));
}

TEST_F(PoolStateTest, WarmOnesAreMadeBeforeAnybodyAsks) {
  begin(policy(SandboxReuse::per_job, 4, 2));
  EXPECT_THAT(decide(), testing::UnorderedElementsAre("capacity 4", "make 0", "make 1"));
  made(0);
  pool_->want("a");
  EXPECT_THAT(decide(), ElementsAre("lease a 0", "make 2"));
}

TEST_F(PoolStateTest, CreationIsPaced) {
  PoolPolicy slow = policy(SandboxReuse::per_job, 100);
  slow.creates_per_second = 2;
  begin(slow);
  decide();
  for (int i = 0; i < 10; ++i) pool_->want(fmt::format("t{}", i));
  EXPECT_EQ(decide().size(), 2u);
  EXPECT_TRUE(decide().empty());
  const auto next = pool_->next_look(now_);
  ASSERT_TRUE(next);
  EXPECT_LE(*next - now_, 510ms);
  now_ = *next;
  EXPECT_THAT(decide(), ElementsAre("make 2"));
}

TEST_F(PoolStateTest, A429TeachesACeilingThatRisesAgain) {
  begin(policy(SandboxReuse::per_job, 4));
  decide();
  for (const char* token : {"a", "b", "c", "d"}) pool_->want(token);
  decide();
  made(0);
  made(1);
  not_made(2, FailureKind::rate_limited);
  not_made(3, FailureKind::rate_limited);
  EXPECT_THAT(decide(), ElementsAre("capacity 2", "lease a 0", "lease b 1"));
  EXPECT_THAT(reason_, HasSubstr("2 at a time"));
  now_ += 10s;
  EXPECT_TRUE(decide().empty());
  pool_->give_back(0, true);
  decide();
  pool_->ended(0);
  EXPECT_THAT(decide(), ElementsAre("make 4"));  // Below the ceiling: a place is free.
  made(4);
  decide();
  now_ += 31s;
  const auto later = decide();
  EXPECT_THAT(later, ElementsAre("make 5", "capacity 3"));
}

TEST_F(PoolStateTest, A429BesideSandboxesThatAreMadeTeachesNoLessThanThese) {
  begin(policy(SandboxReuse::per_job, 4));
  decide();
  for (const char* token : {"a", "b", "c", "d"}) pool_->want(token);
  EXPECT_EQ(decide().size(), 4u);
  not_made(0, FailureKind::rate_limited);
  EXPECT_THAT(decide(), ElementsAre("capacity 1"));
  for (int slot = 1; slot < 4; ++slot) made(slot);
  EXPECT_THAT(decide(), ElementsAre("lease b 1", "lease c 2", "lease d 3", "capacity 3"));
}

TEST_F(PoolStateTest, AProviderThatIsDownPausesEverythingAndIsTriedAgain) {
  begin(policy(SandboxReuse::per_job, 3));
  decide();
  pool_->want("a");
  pool_->want("b");
  decide();
  not_made(0, FailureKind::unavailable);
  not_made(1, FailureKind::unavailable);
  EXPECT_THAT(decide(), ElementsAre("capacity 0"));
  EXPECT_THAT(reason_, HasSubstr("as the provider said"));
  EXPECT_TRUE(pool_->is_down());
  EXPECT_TRUE(decide().empty());
  now_ += 5s;
  EXPECT_THAT(decide(), ElementsAre("make 2"));  // One try, not two.
  made(2);
  EXPECT_THAT(decide(), ElementsAre("capacity 3", "lease a 2", "make 3"));
  EXPECT_FALSE(pool_->is_down());
}

TEST_F(PoolStateTest, AProviderThatIsDownIsTriedAgainThoughNobodyWaits) {
  begin(policy(SandboxReuse::per_job, 3));
  decide();
  pool_->want("a");
  decide();
  not_made(0, FailureKind::unavailable);
  EXPECT_THAT(decide(), ElementsAre("capacity 0"));
  EXPECT_TRUE(pool_->forget("a"));  // Where no job can run, who waits is taken back.
  ASSERT_TRUE(pool_->next_look(now_));
  now_ = *pool_->next_look(now_);
  EXPECT_THAT(decide(), ElementsAre("make 1"));
  made(1);
  EXPECT_THAT(decide(), ElementsAre("capacity 3"));
}

TEST_F(PoolStateTest, ATryThatHangsDoesNotKeepTheNextOneWaiting) {
  begin(policy(SandboxReuse::per_job, 1));
  decide();
  pool_->want("a");
  EXPECT_THAT(decide(), ElementsAre("make 0"));
  not_made(0, FailureKind::unavailable);
  EXPECT_THAT(decide(), ElementsAre("capacity 0"));
  for (int slot = 1; slot <= 4; ++slot) {
    const auto before = now_;
    std::vector<std::string> told;
    for (int i = 0; i < 10 && (told = decide()).empty(); ++i) now_ = *pool_->next_look(now_);
    EXPECT_THAT(told, ElementsAre("make " + std::to_string(slot)));
    if (slot > 1) {
      EXPECT_EQ(now_ - before, 5s);
    }
  }
  EXPECT_FALSE(pool_->next_look(now_ + 5s)) << "four at a time";
  now_ += 5s;
  made(3);
  EXPECT_THAT(decide(), ElementsAre("capacity 1", "lease a 3"));
}

TEST_F(PoolStateTest, PooledSandboxesWorkOnWhileNoneCanBeMade) {
  begin(policy(SandboxReuse::pooled, 3));
  decide();
  pool_->want("a");
  pool_->want("b");
  decide();
  made(0);
  EXPECT_THAT(decide(), ElementsAre("lease a 0"));
  not_made(1, FailureKind::unavailable);
  EXPECT_THAT(decide(), ElementsAre("capacity 1"));
  EXPECT_TRUE(pool_->is_down());
  pool_->give_back(0, true);
  EXPECT_THAT(decide(), ElementsAre("lease b 0"));
}

TEST_F(PoolStateTest, ALearntLimitThatIsNotMetAgainRisesFasterAndFaster) {
  begin(policy(SandboxReuse::per_job, 10));
  decide();
  pool_->want("first");
  pool_->want("second");
  decide();
  made(0);
  not_made(1, FailureKind::rate_limited);
  decide();
  for (int i = 0; i < 10; ++i) pool_->want("job" + std::to_string(i));
  std::vector<long> waits;
  auto since = now_;
  for (int slot = 2; waits.size() < 6 && slot < 30;) {
    now_ = *pool_->next_look(now_);
    for (const std::string& told : decide()) {
      if (told.starts_with("make")) made(slot++);
      if (!told.starts_with("capacity")) continue;
      waits.push_back(std::chrono::duration_cast<std::chrono::milliseconds>(now_ - since).count());
      since = now_;
    }
  }
  EXPECT_THAT(waits, ElementsAre(30'000, 15'000, 7'500, 3'750, 2'000, 2'000));
}

TEST_F(PoolStateTest, WithAllThatThereMayBeAProviderThatIsDownDoesNotMatter) {
  begin(policy(SandboxReuse::pooled, 2));
  decide();
  pool_->want("a");
  pool_->want("b");
  decide();
  made(0);
  EXPECT_THAT(decide(), ElementsAre("lease a 0"));
  not_made(1, FailureKind::rate_limited);
  EXPECT_THAT(decide(), ElementsAre("capacity 1"));
  now_ += 31s;
  EXPECT_THAT(decide(), ElementsAre("make 2", "capacity 2"));
  not_made(2, FailureKind::rate_limited);
  now_ += 31s;
  EXPECT_THAT(decide(), testing::Contains("make 3"));
  not_made(3, FailureKind::unavailable);
  EXPECT_THAT(decide(), testing::Contains("capacity 1")) << "the one that there is";
  EXPECT_TRUE(pool_->forget("b"));
  now_ += 5s;
  EXPECT_THAT(decide(), ElementsAre("make 4"));  // Even so.
  not_made(4, FailureKind::rate_limited);
  EXPECT_TRUE(decide().empty());
  EXPECT_FALSE(pool_->is_down());
}

TEST_F(PoolStateTest, TheWaitsBetweenTriesGrowAndEndAtAMinute) {
  begin(policy(SandboxReuse::per_job, 1));
  decide();
  pool_->want("a");
  int slot = 0;
  auto last = 0ms;
  for (int i = 0; i < 12; ++i) {
    while (decide().empty()) now_ = *pool_->next_look(now_);
    not_made(slot++, FailureKind::unavailable);
    const auto failed_at = now_;
    decide();
    const auto wait =
        std::chrono::duration_cast<std::chrono::milliseconds>(*pool_->next_look(now_) - failed_at);
    EXPECT_GE(wait, last);
    EXPECT_LE(wait, 60s);
    last = wait;
    now_ = *pool_->next_look(now_);
  }
  EXPECT_EQ(last, 60s);
}

TEST_F(PoolStateTest, WhatNoTryWillChangeRefusesAllWhoWait) {
  begin(policy(SandboxReuse::per_job, 3));
  decide();
  pool_->want("a");
  pool_->want("b");
  decide();
  not_made(0, FailureKind::unknown_template);
  EXPECT_THAT(decide(), ElementsAre("refuse a", "refuse b"));
  EXPECT_FALSE(pool_->is_down());
}

TEST_F(PoolStateTest, WhoIsForgottenGetsNothing) {
  begin(policy(SandboxReuse::pooled, 1));
  decide();
  pool_->want("a");
  decide();
  EXPECT_TRUE(pool_->forget("a"));
  EXPECT_FALSE(pool_->forget("a"));
  made(0);
  EXPECT_TRUE(decide().empty());
  pool_->want("b");
  EXPECT_THAT(decide(), ElementsAre("lease b 0"));
}

TEST_F(PoolStateTest, ClosingEndsWhatNobodyHasAndTheRestWhenItComesBack) {
  begin(policy(SandboxReuse::pooled, 3));
  decide();
  for (const char* token : {"a", "b", "c"}) pool_->want(token);
  decide();
  made(0);
  made(1);
  pool_->forget("b");
  pool_->forget("c");
  EXPECT_THAT(decide(), ElementsAre("lease a 0"));
  pool_->close();
  EXPECT_THAT(decide(), ElementsAre("end 1"));
  made(2);  // It was on its way.
  EXPECT_THAT(decide(), ElementsAre("end 2"));
  pool_->give_back(0, true);
  EXPECT_THAT(decide(), ElementsAre("end 0"));
  for (int slot : {0, 1, 2}) pool_->ended(slot);
  EXPECT_EQ(pool_->count(), 0u);
}

TEST_F(PoolStateTest, AnAdoptedSandboxEndsWithItsJob) {
  begin(policy(SandboxReuse::pooled, 1));
  decide();
  const int slot = pool_->adopt("left");
  EXPECT_EQ(pool_->id_of(slot), "left");
  pool_->want("a");
  EXPECT_TRUE(decide().empty()) << "the only place is taken";
  pool_->give_back(slot, true);
  EXPECT_THAT(decide(), ElementsAre(fmt::format("end {}", slot), "make 1"));
}

}  // namespace
}  // namespace genesis::launch::e2b
