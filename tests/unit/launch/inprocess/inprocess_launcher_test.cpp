#include "launch/inprocess/inprocess_launcher.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <boost/asio/io_context.hpp>
#include <future>
#include <stdexcept>
#include <thread>

namespace genesis::launch {
namespace {

using namespace std::chrono_literals;

class InProcess : public testing::Test {
 protected:
  void open(InProcessCallable callable, int slots = 2) {
    launcher = make_inprocess_launcher(io, std::move(callable), slots);
    ASSERT_TRUE(launcher->open([this](Event event) {
      if (auto* end = std::get_if<Finished>(&event)) finished.push_back(std::move(*end));
      if (auto* capacity = std::get_if<Capacity>(&event)) capacities.push_back(capacity->slots);
    }));
  }

  static JobSpec job(std::string token) {
    JobSpec spec;
    spec.token = std::move(token);
    return spec;
  }

  template <typename Condition>
  void run_until(Condition condition) {
    const auto deadline = std::chrono::steady_clock::now() + 20s;
    while (!condition() && std::chrono::steady_clock::now() < deadline) {
      io.restart();
      io.run_one_for(50ms);
    }
    ASSERT_TRUE(condition()) << "nothing after 20 s";
  }

  boost::asio::io_context io;
  std::unique_ptr<Launcher> launcher;
  std::vector<Finished> finished;
  std::vector<int> capacities;
};

TEST_F(InProcess, ResultsComeInline) {
  open([](const JobSpec& spec, const StopFlag&) {
    JobResults results;
    results.inline_files["metrics.json"] = spec.token;
    return results;
  });
  launcher->submit(job("a"));
  run_until([&] { return !finished.empty(); });
  EXPECT_EQ(finished[0].outcome.kind, JobOutcomeKind::exited);
  EXPECT_EQ(finished[0].results.inline_files.at("metrics.json"), "a");
}

TEST_F(InProcess, WhatTheCallableThrowsBecomesExitOne) {
  open([](const JobSpec& spec, const StopFlag&) -> JobResults {
    if (spec.token == "odd") throw 3;
    throw std::runtime_error("no such circle");
  });
  launcher->submit(job("std"));
  launcher->submit(job("odd"));
  run_until([&] { return finished.size() == 2; });
  for (const auto& end : finished) {
    EXPECT_EQ(end.outcome.kind, JobOutcomeKind::exited);
    EXPECT_EQ(end.outcome.exit_code, 1);
    EXPECT_THAT(end.outcome.detail,
                testing::HasSubstr(end.token == "std" ? "no such circle" : "not a std::exception"));
  }
}

TEST_F(InProcess, APlainFunctionWillDo) {
  launcher = make_inprocess_launcher(
      io,
      [](const JobSpec&) {
        return JobResults{std::nullopt, {{"a", "b"}}};
      },
      1);
  std::optional<Finished> end;
  ASSERT_TRUE(launcher->open([&](Event event) {
    if (auto* found = std::get_if<Finished>(&event)) end = *found;
  }));
  launcher->submit(job("a"));
  run_until([&] { return end.has_value(); });
  EXPECT_EQ(end->results.inline_files.at("a"), "b");
}

TEST_F(InProcess, AnEmptyCallableIsRefusedAtOpen) {
  launcher = make_inprocess_launcher(io, InProcessCallable(), 1);
  EXPECT_FALSE(launcher->open([](Event) {}));
}

TEST_F(InProcess, AStubbornCallableIsReportedAndTakenOffTheCapacityUntilItReturns) {
  auto gate = std::make_shared<std::promise<void>>();
  const std::shared_future<void> opened = gate->get_future().share();
  open([opened](const JobSpec&, const StopFlag&) {
    opened.wait();
    return JobResults{};
  });
  JobSpec spec = job("stubborn");
  spec.limits.wall_time = 5ms;
  spec.limits.kill_grace = 5ms;
  launcher->submit(std::move(spec));
  run_until([&] { return !finished.empty(); });
  EXPECT_EQ(finished[0].outcome.kind, JobOutcomeKind::timeout);
  EXPECT_THAT(finished[0].outcome.detail, testing::HasSubstr("did not return"));
  EXPECT_THAT(capacities, testing::ElementsAre(2, 1));
  gate->set_value();
  run_until([&] { return capacities.size() == 3; });
  EXPECT_EQ(capacities.back(), 2);
  EXPECT_EQ(finished.size(), 1u);
}

TEST_F(InProcess, ACallableThatHeedsTheFlagLeavesNothingBehind) {
  open([](const JobSpec&, const StopFlag& stop) {
    while (!stop.requested()) std::this_thread::yield();
    return JobResults{};
  });
  JobSpec spec = job("polite");
  spec.limits.wall_time = 5ms;
  launcher->submit(std::move(spec));
  run_until([&] { return !finished.empty(); });
  EXPECT_EQ(finished[0].outcome.kind, JobOutcomeKind::timeout);
  EXPECT_TRUE(finished[0].outcome.detail.empty());
  EXPECT_THAT(capacities, testing::ElementsAre(2));
}

TEST_F(InProcess, DestructionDoesNotWaitForAStubbornCallable) {
  auto gate = std::make_shared<std::promise<void>>();
  const std::shared_future<void> opened = gate->get_future().share();
  auto entered = std::make_shared<std::atomic<bool>>(false);
  auto left = std::make_shared<std::atomic<bool>>(false);
  open([=](const JobSpec&, const StopFlag&) {
    *entered = true;
    opened.wait();
    *left = true;
    return JobResults{};
  });
  launcher->submit(job("stubborn"));
  run_until([&] { return entered->load(); });
  bool closed = false;
  launcher->close(1ms, [&] { closed = true; });
  run_until([&] { return closed; });
  ASSERT_EQ(finished.size(), 1u);
  EXPECT_EQ(finished[0].outcome.kind, JobOutcomeKind::cancelled);
  launcher.reset();
  EXPECT_FALSE(left->load());
  gate->set_value();
  run_until([&] { return left->load(); });
}

TEST_F(InProcess, AnIdleLauncherDoesNotKeepTheLoopRunning) {
  open([](const JobSpec&, const StopFlag&) { return JobResults{}; });
  JobSpec spec = job("quick");
  spec.limits.wall_time = 1h;
  launcher->submit(std::move(spec));
  io.run_for(20s);
  EXPECT_EQ(finished.size(), 1u);
  EXPECT_TRUE(io.stopped()) << "something was still waited for";
}

TEST_F(InProcess, ManyJobsEndInFewPosts) {
  constexpr std::size_t kJobs = 20'000;
  open([](const JobSpec&, const StopFlag&) { return JobResults{}; });
  for (std::size_t i = 0; i < kJobs; ++i) launcher->submit(job(fmt::format("job-{}", i)));
  std::size_t handlers = 0;
  const auto deadline = std::chrono::steady_clock::now() + 60s;
  while (finished.size() < kJobs && std::chrono::steady_clock::now() < deadline) {
    io.restart();
    handlers += io.run_one_for(50ms);
  }
  ASSERT_EQ(finished.size(), kJobs);
  EXPECT_LT(handlers, 2 * kJobs);  // Three events each, and far fewer handlers.
}

}  // namespace
}  // namespace genesis::launch
