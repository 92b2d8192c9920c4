// What becomes of the working folders: those of a recorded evaluation all go, those that a launcher
// may still collect stay, and what a crash left is swept at the start.
#include "genesis/run/publisher.h"

#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>

#include "genesis/base/files.h"

namespace genesis::run {
namespace {

class PublisherTest : public testing::Test {
 protected:
  /// An attempt's folder with results in it.
  fs::path make_attempt(const std::string& name) {
    const fs::path folder = run_dir_.path() / "evaluations" / name;
    EXPECT_TRUE(make_directories(folder / "results"));
    EXPECT_TRUE(write_file(folder / "results/metrics.json", name));
    return folder;
  }
  evolve::PublishOrder order(std::int64_t generation, const fs::path& work_dir = {}) {
    evolve::PublishOrder order;
    order.record.generation = generation;
    order.record.evaluation = generation;
    order.program = std::make_shared<const Program>("main.py", "x = 1\n");
    order.work_dir = work_dir;
    return order;
  }
  bool there(const std::string& path) { return fs::exists(run_dir_.path() / path); }
  std::string content(const std::string& path) {
    return read_file(run_dir_.path() / path).value_or("(no such file)");
  }

  TempDir run_dir_;
  boost::asio::io_context io_;
  WorkerPool workers_{io_, 1, WorkKind::waits};
  Publisher publisher_{workers_, run_dir_.path(), ResultsConfig{}, "py"};
};

TEST_F(PublisherTest, ARecordTakesTheFoldersOfEarlierAttemptsAlong) {
  make_attempt("5/attempt_1");  // left by a runner that was killed
  publisher_.publish(order(5, make_attempt("5/attempt_2")));
  make_attempt("6/attempt_1");
  io_.run();
  EXPECT_EQ(content("gen_5/results/metrics.json"), "5/attempt_2");
  EXPECT_FALSE(there("evaluations/5"));
  EXPECT_TRUE(there("evaluations/6/attempt_1/results"));
}

TEST_F(PublisherTest, AFailedAttemptGoesAlone) {
  const fs::path first = make_attempt("5/attempt_1");
  const fs::path second = make_attempt("5/attempt_2");
  publisher_.discard(first);
  io_.run();
  EXPECT_FALSE(there("evaluations/5/attempt_1"));
  EXPECT_TRUE(there("evaluations/5/attempt_2/results"));
  publisher_.discard(second);
  io_.restart();
  io_.run();
  EXPECT_FALSE(there("evaluations/5"));
  EXPECT_TRUE(there("evaluations"));
}

TEST_F(PublisherTest, TheSweepPublishesTheLatestAttemptByItsNumber) {
  make_attempt("1/attempt_9");
  make_attempt("1/attempt_10");
  publisher_.sweep([&](std::int64_t) { return std::optional(order(1)); }, {});
  EXPECT_EQ(content("gen_1/results/metrics.json"), "1/attempt_10");
}

TEST_F(PublisherTest, TheSweepKeepsOnlyWhatALauncherMayCollect) {
  make_attempt("1/attempt_1");  // recorded, killed before it was published
  make_attempt("2/attempt_1");  // ended, killed before it was removed
  make_attempt("2/attempt_2");  // in flight
  make_attempt("3/attempt_1");  // given up
  make_attempt("4/s1_r2_attempt_1");
  EXPECT_TRUE(make_directories(run_dir_.path() / ".gen_1.tmp"));
  publisher_.sweep(
      [&](std::int64_t evaluation) -> std::optional<evolve::PublishOrder> {
        if (evaluation != 1) return std::nullopt;
        return order(1);
      },
      {"evaluations/2/attempt_2", "evaluations/4/s1_r2_attempt_1"});
  EXPECT_EQ(content("gen_1/results/metrics.json"), "1/attempt_1");
  EXPECT_FALSE(there("evaluations/1"));
  EXPECT_FALSE(there("evaluations/2/attempt_1"));
  EXPECT_TRUE(there("evaluations/2/attempt_2/results"));
  EXPECT_FALSE(there("evaluations/3"));
  EXPECT_TRUE(there("evaluations/4/s1_r2_attempt_1/results"));
  EXPECT_FALSE(there(".gen_1.tmp"));
}

}  // namespace
}  // namespace genesis::run
