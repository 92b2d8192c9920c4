#pragma once

#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>
#include <chrono>
#include <map>
#include <string>
#include <vector>

#include "genesis/base/files.h"
#include "launch/local/local_launcher.h"

namespace genesis::launch {

/// A local launcher on an event loop that the test turns by hand.
class LocalLauncherFixture : public ::testing::Test {
 protected:
  void open(int slots, LocalOptions options = {}) {
    context.io = &io;
    context.run_id = "test-run";
    context.run_dir = folder.path() / "run";
    context.max_parallel_jobs = slots;
    auto made = make_local_launcher(std::move(options), context);
    ASSERT_TRUE(made) << made.error().message;
    launcher = std::move(*made);
    const Status opened = launcher->open([this](Event event) { take(std::move(event)); });
    ASSERT_TRUE(opened) << opened.error().message;
  }

  void TearDown() override {
    if (launcher) close();
  }

  void close() {
    bool closed = false;
    launcher->close(std::chrono::milliseconds{2000}, [&] { closed = true; });
    EXPECT_TRUE(run_until([&] { return closed; }));
    launcher.reset();
  }

  /// A shell job in a folder of its own.
  JobSpec shell(const std::string& token, const std::string& script) {
    JobSpec spec;
    spec.token = token;
    spec.argv = {"sh", "-c", script};
    spec.work_dir = folder.path() / token;
    return spec;
  }

  /// Turns the loop until `condition` holds; false when that takes too long.
  template <typename Condition>
  bool run_until(Condition condition, std::chrono::seconds limit = std::chrono::seconds{20}) {
    const auto deadline = std::chrono::steady_clock::now() + limit;
    while (!condition()) {
      if (std::chrono::steady_clock::now() > deadline) return false;
      io.restart();
      io.run_one_for(std::chrono::milliseconds{20});
    }
    return true;
  }

  JobOutcome outcome_of(const std::string& token) {
    EXPECT_TRUE(run_until([&] { return finished.contains(token); })) << token;
    return finished[token].outcome;
  }

  std::string log_of(const std::string& token) {
    return read_file(folder.path() / token / "results/job_log.out").value_or("");
  }

  void take(Event event) {
    if (const auto* accepted = std::get_if<Accepted>(&event)) {
      refs[accepted->token] = accepted->ref;
      order[accepted->token] += "A";
    } else if (const auto* started = std::get_if<Started>(&event)) {
      order[started->token] += "S";
    } else if (auto* ended = std::get_if<Finished>(&event)) {
      order[ended->token] += "F";
      finished[ended->token] = std::move(*ended);
    } else if (const auto* capacity = std::get_if<Capacity>(&event)) {
      slots_announced = capacity->slots;
    }
  }

  TempDir folder;
  boost::asio::io_context io;
  LauncherContext context;
  std::unique_ptr<Launcher> launcher;
  std::map<std::string, Finished> finished;
  std::map<std::string, JobRef> refs;
  std::map<std::string, std::string> order;
  int slots_announced = -1;
};

}  // namespace genesis::launch
