#include "launch/e2b/usage_meter.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace genesis::launch::e2b {
namespace {

using namespace std::chrono_literals;
using testing::SizeIs;

class UsageMeterTest : public testing::Test {
 protected:
  UsageMeterTest() {
    prices_.currency = "EUR";
    prices_.usual.vcpu_hour = 3600;  // One per vCPU and second.
  }
  UsageMeter::Time at(std::chrono::milliseconds time) const { return start_ + time; }

  PriceList prices_;
  UsageMeter::Time start_{1000s};
  UsageMeter::Size size_{2, 0.5};
};

TEST_F(UsageMeterTest, ASandboxCountsFromItsCreationToItsEnd) {
  UsageMeter meter(prices_, 10s);
  EXPECT_TRUE(meter.born("a", "base", at(0s))) << "its size must be asked for";
  EXPECT_FALSE(meter.born("b", "base", at(1s))) << "once per kind";
  meter.learnt("base", size_);
  meter.ended("a", at(3s));
  const auto told = meter.due(at(4s));
  ASSERT_THAT(told, SizeIs(1));
  EXPECT_EQ(told[0].lease, "a");
  EXPECT_EQ(told[0].resource, "sandbox");
  EXPECT_EQ(told[0].kind, "base");
  EXPECT_TRUE(told[0].over);
  EXPECT_DOUBLE_EQ(told[0].amount, 3);
  EXPECT_EQ(told[0].cpus, 2);
  EXPECT_EQ(told[0].memory_gib, 0.5);
  EXPECT_DOUBLE_EQ(told[0].cost.value(), 6);
  EXPECT_EQ(told[0].currency, "EUR");
  EXPECT_THAT(meter.due(at(5s)), SizeIs(0)) << "once";
}

TEST_F(UsageMeterTest, LivingOnesAreToldNowAndThen) {
  UsageMeter meter({}, 10s);
  meter.born("a", "base", at(0s));
  meter.learnt("base", size_);
  EXPECT_THAT(meter.due(at(0s)), SizeIs(0));
  EXPECT_THAT(meter.due(at(9s)), SizeIs(0));
  const auto told = meter.due(at(12s));
  ASSERT_THAT(told, SizeIs(1));
  EXPECT_FALSE(told[0].over);
  EXPECT_DOUBLE_EQ(told[0].amount, 12);
  EXPECT_FALSE(told[0].cost) << "no prices";
  EXPECT_THAT(meter.due(at(13s)), SizeIs(0));
  EXPECT_DOUBLE_EQ(meter.due(at(25s)).at(0).amount, 25);
}

TEST_F(UsageMeterTest, WhatEndsBeforeItsSizeIsKnownWaits) {
  UsageMeter meter(prices_, 10s);
  meter.born("a", "base", at(0s));
  meter.ended("a", at(2s));
  EXPECT_THAT(meter.due(at(3s)), SizeIs(0));
  meter.learnt("base", size_);
  EXPECT_DOUBLE_EQ(meter.due(at(3s)).at(0).cost.value(), 4);
}

TEST_F(UsageMeterTest, ASizeThatNobodyTellsIsUnknownAtLast) {
  UsageMeter meter(prices_, 10s);
  for (int i = 0; i < 3; ++i) {
    EXPECT_TRUE(meter.born(std::to_string(i), "base", at(0s)));
    meter.not_learnt("base");
    meter.ended(std::to_string(i), at(1s));
  }
  EXPECT_FALSE(meter.born("more", "base", at(0s)));
  const auto told = meter.due(at(2s));
  ASSERT_THAT(told, SizeIs(3));
  EXPECT_EQ(told[0].cpus, 0);
  EXPECT_FALSE(told[0].cost);
}

TEST_F(UsageMeterTest, OneOfAnEarlierRunnerCountsFromItsBeginningAndOnce) {
  UsageMeter meter({}, 10s);
  meter.found("a", "base", 100s, size_, at(0s));
  meter.found("a", "base", 900s, size_, at(1s));
  EXPECT_TRUE(meter.knows("a"));
  EXPECT_DOUBLE_EQ(meter.age("a", at(5s)).value().count(), 105);
  meter.ended("a", at(10s));
  EXPECT_DOUBLE_EQ(meter.due(at(10s)).at(0).amount, 110);
  meter.found("a", "base", 120s, size_, at(11s));
  EXPECT_FALSE(meter.knows("a")) << "a late list still had it";
  EXPECT_THAT(meter.last_word(at(12s)), SizeIs(0));
  meter.found("b", "base", -5s, size_, at(20s));
  meter.ended("b", at(21s));
  EXPECT_DOUBLE_EQ(meter.due(at(21s)).at(0).amount, 1) << "never from the future";
}

TEST_F(UsageMeterTest, OneThatNobodyCouldEndCountsToItsLifetimeAndIsNotOver) {
  UsageMeter meter({}, 10s);
  meter.born("a", "base", at(0s));
  meter.learnt("base", size_);
  meter.left_alone("a", at(600s));
  const auto told = meter.due(at(5s));
  ASSERT_THAT(told, SizeIs(1));
  EXPECT_DOUBLE_EQ(told[0].amount, 600);
  EXPECT_FALSE(told[0].over);
}

TEST_F(UsageMeterTest, TheLastWordIsOnEveryOne) {
  UsageMeter meter(prices_, 10s);
  meter.born("alive", "base", at(0s));
  meter.born("ended", "base", at(0s));
  meter.ended("ended", at(1s));
  meter.ended("never there", at(1s));
  const auto told = meter.last_word(at(4s));
  ASSERT_THAT(told, SizeIs(2));
  for (const Usage& usage : told) {
    EXPECT_EQ(usage.over, usage.lease == "ended");
    EXPECT_EQ(usage.cpus, 0);
    EXPECT_FALSE(usage.cost);
  }
  EXPECT_THAT(meter.last_word(at(5s)), SizeIs(0));
}

}  // namespace
}  // namespace genesis::launch::e2b
