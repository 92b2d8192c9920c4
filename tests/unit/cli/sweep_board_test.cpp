#include "genesis/cli/sweep_board.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <array>
#include <string>

#include "genesis/base/fd.h"

namespace genesis::cli {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;
using testing::Not;

/// A clock that stands still until it is told.
class HandClock final : public Clock {
 public:
  std::int64_t unix_millis() const override { return 0; }
  std::chrono::steady_clock::time_point steady() const override { return now; }
  std::chrono::steady_clock::time_point now{};
};

class SweepBoardTest : public testing::Test {
 protected:
  SweepBoardTest() {
    std::array<int, 2> ends{};
    EXPECT_EQ(::pipe(ends.data()), 0);
    read_ = Fd(ends[0]);
    write_ = Fd(ends[1]);
  }

  RunStatus status(std::int64_t generation, double best) {
    RunStatus made;
    made.state = "running";
    made.generation = generation;
    made.target_generations = 10;
    made.has_best = true;
    made.best_score = best;
    made.best_generation = generation;
    made.slots_busy = 2;
    made.evaluations_per_second = 1.5;
    made.outcomes = {{"ok", generation}};
    return made;
  }

  std::string printed(Console& console) {
    console.flush(1s);
    std::array<char, 8192> buffer{};
    const ssize_t size = ::read(read_.get(), buffer.data(), buffer.size());
    return std::string(buffer.data(), static_cast<std::size_t>(std::max<ssize_t>(size, 0)));
  }

  Fd read_;
  Fd write_;
  HandClock clock_;
};

TEST_F(SweepBoardTest, NamesTheJobAndPrintsWhatIsBestOverAll) {
  Console console(write_.get());
  SweepBoard board(console, clock_, Verbosity::normal, {"seed=1", "seed=2"}, 2);
  board.observer(0).on_start(status(0, 0), false);
  board.observer(0).on_improvement(status(1, 2.0), "a");
  board.observer(1).on_improvement(status(1, 1.5), "less than the other's");
  board.observer(1).on_improvement(status(2, 2.5), "b");
  board.observer(1).on_notice("disk is low");
  board.observer(1).on_finish(status(10, 2.5), StopReason::generations);
  board.say(0, "refused\nwith a second line");
  const std::string text = printed(console);
  EXPECT_THAT(text, HasSubstr("[1/2] seed=1: starting, 10 generations\n"));
  EXPECT_THAT(text, HasSubstr("gen 1: first score 2.0  a\n"));
  EXPECT_THAT(text, HasSubstr("new best 2.5 (+0.5)  b\n"));
  EXPECT_THAT(text, Not(HasSubstr("less than")));
  EXPECT_THAT(text, HasSubstr("[2/2] disk is low\n"));
  EXPECT_THAT(text, HasSubstr("[2/2] seed=2: all 10 generations are recorded, best 2.5 (gen 10)"));
  EXPECT_THAT(text, HasSubstr("[1/2] seed=1: refused\n"));
}

TEST_F(SweepBoardTest, OneProgressLineForAllAtItsInterval) {
  Console console(write_.get());
  SweepBoard board(console, clock_, Verbosity::normal, {"a=1", "a=2"}, 2, 10s);
  board.observer(0).on_progress(status(3, 1.0));
  clock_.now += 11s;
  board.observer(1).on_progress(status(4, 2.0));
  board.observer(1).on_progress(status(5, 2.0));
  const std::string text = printed(console);
  EXPECT_THAT(text, HasSubstr("0 of 2 ended | gen 7/20 | best 2.0 (gen 4) | 3.00/s | busy 2/2"));
  EXPECT_THAT(text, Not(HasSubstr("gen 8/20")));
}

TEST_F(SweepBoardTest, QuietSaysOnlyNotices) {
  Console console(write_.get());
  SweepBoard board(console, clock_, Verbosity::quiet, {"a=1"}, 1, 0s);
  board.observer(0).on_start(status(0, 0), false);
  board.observer(0).on_improvement(status(1, 2.0), "x");
  board.observer(0).on_progress(status(1, 2.0));
  board.observer(0).on_finish(status(1, 2.0), StopReason::generations);
  board.observer(0).on_notice("paused");
  EXPECT_EQ(printed(console), "[1/1] paused\n");
}

TEST(CombinedStatus, AddsUpAndTakesTheBest) {
  RunStatus ended;
  ended.state = "finished";
  ended.generation = 10;
  ended.target_generations = 10;
  ended.slots_busy = 5;
  ended.evaluations_per_second = 100;
  ended.elapsed = 30s;
  ended.outcomes = {{"ok", 10}};
  RunStatus running;
  running.generation = 2;
  running.target_generations = 10;
  running.slots_busy = 7;
  running.evaluations_per_second = 2;
  running.elapsed = 10s;
  running.has_best = true;
  running.best_score = -1;
  running.best_generation = 2;
  running.outcomes = {{"ok", 1}, {"timeout", 1}};
  const RunStatus all = combined_status({ended, running}, 4);
  EXPECT_EQ(all.generation, 12);
  EXPECT_EQ(all.target_generations, 20);
  EXPECT_EQ(all.slots_busy, 4) << "what waits in the pool is not busy";
  EXPECT_EQ(all.evaluations_per_second, 2);
  EXPECT_EQ(all.elapsed, 30s);
  EXPECT_EQ(all.best_score, -1);
  EXPECT_EQ(all.outcomes.at("ok"), 11);
}

}  // namespace
}  // namespace genesis::cli
