#include "genesis/ui/progress_text.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace genesis {
namespace {

RunStatus busy_status() {
  RunStatus status;
  status.state = "running";
  status.generation = 412;
  status.target_generations = 1000;
  status.has_best = true;
  status.best_score = 2.3541;
  status.best_generation = 398;
  status.evaluations_per_second = 1243.1;
  status.slots_busy = 2;
  status.slots = 2;
  status.eta = std::chrono::seconds(190);
  status.elapsed = std::chrono::milliseconds(65'400);
  status.outcomes = {{"incorrect", 12}, {"ok", 400}, {"timeout", 1}};
  return status;
}

TEST(ProgressText, LineSaysAllThatMatters) {
  EXPECT_EQ(progress_line(busy_status(), 200),
            "gen 412/1000 | best 2.3541 (gen 398) | 1243/s | busy 2/2 | ETA 3m10s | "
            "ok 400, incorrect 12, timeout 1");
}

TEST(ProgressText, LineNamesAnUnusualState) {
  RunStatus status = busy_status();
  status.state = "draining";
  status.eta.reset();
  status.duplicates = 7;
  status.retries = 2;
  status.outcomes.clear();
  status.evaluations_per_second = 0.25;
  EXPECT_EQ(progress_line(status, 200),
            "gen 412/1000 | best 2.3541 (gen 398) | 0.25/s | busy 2/2 | draining | duplicates 7 | "
            "retries 2");
}

TEST(ProgressText, LineFitsTheTerminal) {
  for (int width = 0; width < 120; ++width) {
    EXPECT_LE(progress_line(busy_status(), width).size(), static_cast<std::size_t>(width));
  }
}

TEST(ProgressText, ElidesTheMiddleByCodePoints) {
  EXPECT_EQ(elide_middle("abcdefghij", 10), "abcdefghij");
  EXPECT_EQ(elide_middle("abcdefghij", 9), "abc...hij");
  EXPECT_EQ(elide_middle("abcdefghij", 8), "abc...ij");
  EXPECT_EQ(elide_middle("äöüßäöüß", 7), "äö...üß");
  EXPECT_EQ(elide_middle("abcdef", 2), "..");
  EXPECT_EQ(elide_middle("abcdef", -4), "");
}

TEST(ProgressText, ScoresReadWell) {
  EXPECT_EQ(format_score(2.0), "2.0");
  EXPECT_EQ(format_score(0), "0.0");
  EXPECT_EQ(format_score(2.6358), "2.6358");
  EXPECT_EQ(format_score(-10.5), "-10.5");
  EXPECT_EQ(format_score(100), "100.0");
  EXPECT_EQ(format_score(1.5e-7), "1.5e-07");
  EXPECT_EQ(format_score(std::nan("")), "nan");
  EXPECT_EQ(format_score(-std::numeric_limits<double>::infinity()), "-inf");
}

TEST(ProgressText, ImprovementsAreClean) {
  RunStatus status = busy_status();
  EXPECT_EQ(improvement_line(status, 2.3418, "literal 0.5 -> 0.52\x1b[2J\nx", 200),
            "   1m05s  gen 398: new best 2.3541 (+0.0123)  literal 0.5 -> 0.52?[2J x");
  EXPECT_EQ(improvement_line(status, std::nullopt, "", 80),
            "   1m05s  gen 398: first score 2.3541");
}

TEST(ProgressText, PathsAreAsAPersonTypesThem) {
  EXPECT_EQ(short_path("/home/me/results/a", "/home/me"), "results/a");
  EXPECT_EQ(short_path("/home/me", "/home/me"), ".");
  EXPECT_EQ(short_path("/elsewhere/a", "/home/me"), "/elsewhere/a");
  EXPECT_EQ(short_path("/home/meet/a", "/home/me"), "/home/meet/a");
  EXPECT_EQ(short_path("results/a", "/home/me"), "results/a");
}

TEST(ProgressText, EveryReasonHasANameAndASentence) {
  const StopReason all[] = {StopReason::generations, StopReason::evaluations,
                            StopReason::wall_time,   StopReason::target_score,
                            StopReason::patience,    StopReason::exhausted,
                            StopReason::interrupted, StopReason::aborted,
                            StopReason::seed_failed, StopReason::error};
  std::map<std::string_view, int> names;
  for (const StopReason reason : all) {
    EXPECT_NE(describe_stop(reason, busy_status()), "ended") << to_string(reason);
    ++names[to_string(reason)];
  }
  EXPECT_EQ(names.size(), std::size(all));
  EXPECT_TRUE(is_resumable(StopReason::interrupted));
  EXPECT_TRUE(is_resumable(StopReason::aborted));
  EXPECT_FALSE(is_resumable(StopReason::generations));
  EXPECT_FALSE(is_resumable(StopReason::seed_failed));
}

}  // namespace
}  // namespace genesis
