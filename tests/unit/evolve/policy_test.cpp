#include <gtest/gtest.h>

#include "genesis/evolve/attempt_policy.h"
#include "genesis/evolve/evaluation_book.h"
#include "genesis/evolve/progress_meter.h"
#include "genesis/evolve/stop_conditions.h"

namespace genesis::evolve {
namespace {

using std::chrono::milliseconds;
using Time = std::chrono::steady_clock::time_point;

TEST(StopConditions, EachHoldsByItself) {
  EvolutionConfig config;
  Progress progress;
  progress.generations = 10;
  progress.best_score = 1.5;
  progress.best_generation = 4;
  EXPECT_EQ(stop_reason(config, 11, progress), StopReason::none);
  EXPECT_EQ(stop_reason(config, 10, progress), StopReason::generations);
  config.target_score = 1.5;
  EXPECT_EQ(stop_reason(config, 11, progress), StopReason::target_score);
  config.target_score.reset();
  config.patience = 6;
  EXPECT_EQ(stop_reason(config, 11, progress), StopReason::patience);
  config.patience = 7;
  EXPECT_EQ(stop_reason(config, 11, progress), StopReason::none);
  config.max_wall_time = milliseconds(100);
  progress.elapsed = milliseconds(100);
  EXPECT_EQ(stop_reason(config, 11, progress), StopReason::wall_time);
  config.max_wall_time.reset();
  progress.fruitless_proposals = config.max_proposals_in_a_row;
  EXPECT_EQ(stop_reason(config, 11, progress), StopReason::exhausted);
}

TEST(StopConditions, CountedLimitsAreNotOvershot) {
  EvolutionConfig config;
  config.max_evaluations = 8;
  Progress progress;
  progress.generations = 5;
  progress.evaluations = 6;
  EXPECT_EQ(evaluations_left(config, 100, progress), 2);
  EXPECT_EQ(evaluations_left(config, 6, progress), 1);
  EXPECT_EQ(evaluations_left(config, 3, progress), 0);
}

TEST(AttemptPolicy, BacksOffThenGivesUp) {
  AttemptPolicy policy(3);
  const Time now{};
  EXPECT_EQ(policy.on_failure(1, now), milliseconds(500));
  EXPECT_EQ(policy.on_failure(2, now), milliseconds(1000));
  EXPECT_EQ(policy.on_failure(3, now), std::nullopt);
  EXPECT_TRUE(policy.may_submit(now));
}

TEST(AttemptPolicy, BreakerPausesAndAProbeIsLetThrough) {
  AttemptPolicy policy(3);
  Time now{};
  for (int i = 0; i < 5; ++i) policy.on_failure(1, now);
  EXPECT_FALSE(policy.may_submit(now));
  now = *policy.paused_until();
  EXPECT_TRUE(policy.may_submit(now));
  policy.on_submit(now);
  EXPECT_FALSE(policy.may_submit(now)) << "one probe, not all";
  // While the backend is down no evaluation is given up for it.
  EXPECT_TRUE(policy.on_failure(7, now).has_value());
  const auto longer = *policy.paused_until() - now;
  EXPECT_GE(longer, milliseconds(2000));
  policy.on_success();
  EXPECT_TRUE(policy.may_submit(now));
}

TEST(EvaluationBook, MovesBetweenStatesAndFindsByToken) {
  EvaluationBook book;
  Evaluation first;
  first.id = 1;
  first.token = "a";
  Evaluation second;
  second.id = 2;
  second.token = "b";
  second.state = Evaluation::State::ready;
  book.add(std::move(first));
  book.add(std::move(second));
  EXPECT_EQ(book.next_ready()->id, 2);
  book.move_to(*book.find(1), Evaluation::State::ready);
  book.move_to(*book.find(2), Evaluation::State::running);
  EXPECT_EQ(book.next_ready()->id, 1);
  EXPECT_EQ(book.count(Evaluation::State::running), 1u);
  book.renew(*book.find(2), "c");
  EXPECT_EQ(book.find_token("b"), nullptr);
  EXPECT_EQ(book.find_token("c")->key.attempt, 2);
  book.find(2)->retry_at = Time{} + milliseconds(10);
  book.move_to(*book.find(2), Evaluation::State::waiting);
  book.wake(Time{} + milliseconds(9));
  EXPECT_EQ(book.count(Evaluation::State::waiting), 1u);
  book.wake(Time{} + milliseconds(10));
  EXPECT_EQ(book.count(Evaluation::State::ready), 2u);
  book.remove(1);
  EXPECT_EQ(book.size(), 1u);
  EXPECT_EQ(book.next_ready()->id, 2);
}

TEST(ProgressMeter, RateAndExpectedEndFollowTheLastSeconds) {
  ProgressMeter meter;
  meter.status().target_generations = 1000;
  Time now{};
  for (int i = 0; i < 200; ++i) {
    now += milliseconds(50);
    meter.count("ok", now);
    meter.status().generation = i;
    meter.refresh(now);
  }
  EXPECT_NEAR(meter.status().evaluations_per_second, 20.0, 1.0);
  ASSERT_TRUE(meter.status().eta);
  EXPECT_NEAR(static_cast<double>(meter.status().eta->count()), 801.0 / 20 * 1000, 3000);
  EXPECT_EQ(meter.status().outcomes.at("ok"), 200);
}

}  // namespace
}  // namespace genesis::evolve
