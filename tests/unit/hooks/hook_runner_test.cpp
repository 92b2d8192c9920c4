// Commands that are really started: what they get, and that nothing they do holds anybody up.
#include "genesis/hooks/hook_runner.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cstdlib>

#include "genesis/base/files.h"
#include "genesis/base/text.h"
#include "genesis/process/proc_fs.h"

namespace genesis::hooks {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::HasSubstr;
using testing::IsEmpty;

class HookRunnerTest : public testing::Test {
 protected:
  HookConfig shell(const std::string& script) {
    HookConfig hook;
    hook.name = "test";
    hook.events = {"start", "improvement", "end"};
    hook.command = {"sh", "-c", script};
    return hook;
  }

  static events::Announcement event(const std::string& name, std::int64_t seq = 1) {
    events::Announcement event;
    event.event = name;
    event.seq = seq;
    event.line = R"({"event":")" + name + R"(","seq":)" + std::to_string(seq) + "}";
    return event;
  }

  void make(std::vector<HookConfig> hooks) {
    HookRunner::Setup setup;
    setup.hooks = std::move(hooks);
    setup.run = {"run1", dir_.path().string(), "the task"};
    setup.log_file = dir_.path() / "hooks.log";
    setup.notice = [this](std::string text) { notices_.push_back(std::move(text)); };
    runner_.emplace(io_, clock_, std::move(setup));
  }

  /// Lets everything be delivered, for a minute at most.
  void finish(milliseconds most = seconds(60)) {
    bool done = false;
    runner_->finish(most, [&] { done = true; });
    while (!done) io_.run_one();
  }

  std::string file(const char* name) {
    return read_file(dir_.path() / name).value_or(std::string("(none)"));
  }
  std::string path(const char* name) { return (dir_.path() / name).string(); }
  HookCounts counts() { return runner_->counts().front(); }

  TempDir dir_{"hooks"};
  boost::asio::io_context io_{1};
  const boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_{
      io_.get_executor()};  // it never runs dry
  SystemClock clock_;
  std::vector<std::string> notices_;
  std::optional<HookRunner> runner_;
};

TEST_F(HookRunnerTest, ACommandGetsTheEventThreeWays) {
  HookConfig hook = shell("cat > " + path("input") +
                          "; echo \"$1 $GENESIS_EVENT $GENESIS_TASK\" > " + path("rest"));
  hook.command.insert(hook.command.end(), {"sh", "{event}-{seq}"});
  make({hook});
  runner_->tell(event("start", 7));
  finish();
  EXPECT_EQ(file("input"), "{\"event\":\"start\",\"seq\":7}\n");
  EXPECT_EQ(file("rest"), "start-7 start the task\n");
  EXPECT_EQ(counts().delivered, 1);
  EXPECT_THAT(notices_, IsEmpty());
}

TEST_F(HookRunnerTest, OnlyTheEventsThatAreAskedFor) {
  make({shell("cat >> " + path("input"))});
  runner_->tell(event("notice"));
  runner_->tell(event("end", 2));
  finish();
  EXPECT_EQ(file("input"), "{\"event\":\"end\",\"seq\":2}\n");
}

TEST_F(HookRunnerTest, OneAtATimeInOrder) {
  make({shell("cat >> " + path("input"))});
  for (int i = 1; i <= 5; ++i) runner_->tell(event("improvement", i));
  finish();
  const std::string all = file("input");
  const auto lines = split_lines(all);
  ASSERT_EQ(lines.size(), 5u);
  EXPECT_THAT(std::string(lines[4]), HasSubstr("\"seq\":5"));
}

TEST_F(HookRunnerTest, AFailureIsSaidOncePerSeries) {
  make({shell("test -e " + path("works") + " || { echo broken >&2; exit 3; }")});
  runner_->tell(event("improvement", 1));
  runner_->tell(event("improvement", 2));
  while (counts().failed < 2) io_.run_one();
  ASSERT_EQ(notices_.size(), 1u);
  EXPECT_THAT(notices_[0], HasSubstr("hook 'test' failed on improvement (1): exit status 3"));
  ASSERT_TRUE(write_file(dir_.path() / "works", ""));
  runner_->tell(event("end", 3));
  finish();
  ASSERT_EQ(notices_.size(), 2u);
  EXPECT_EQ(notices_[1], "hook 'test' works again");
  EXPECT_EQ(counts().delivered, 1);
  EXPECT_EQ(counts().last_failure, "exit status 3");
  EXPECT_THAT(file("hooks.log"), HasSubstr("    broken\n"));
  EXPECT_EQ(describe(runner_->counts()), "test 1 delivered, 2 failed (exit status 3)");
}

TEST_F(HookRunnerTest, AProgramThatIsNotThereIsAFailure) {
  HookConfig hook = shell("");
  hook.command = {"no-such-program-at-all"};
  make({hook});
  runner_->tell(event("start"));
  finish();
  EXPECT_EQ(counts().failed, 1);
  ASSERT_EQ(notices_.size(), 1u);
  EXPECT_THAT(notices_[0], HasSubstr("no-such-program-at-all"));
}

TEST_F(HookRunnerTest, AtTheDeadlineTheWholeTreeEnds) {
  HookConfig hook =
      shell("trap '' TERM; setsid sleep 600 & echo $! > " + path("pid") + "; sleep 600");
  hook.timeout = milliseconds(300);
  make({hook});
  runner_->tell(event("start"));
  finish();
  EXPECT_EQ(counts().failed, 1);
  EXPECT_THAT(counts().last_failure, HasSubstr("not done within"));
  const std::string text = file("pid");
  const pid_t pid = static_cast<pid_t>(std::atoi(text.c_str()));
  ASSERT_GT(pid, 0);
  const auto stat = process::read_stat(pid);
  EXPECT_TRUE(!stat || stat->is_zombie());
}

TEST_F(HookRunnerTest, WhatACommandLeavesBehindEndsWithIt) {
  make({shell("sleep 600 & echo $! > " + path("pid"))});
  runner_->tell(event("start"));
  finish();
  EXPECT_EQ(counts().delivered, 1);
  const auto stat = process::read_stat(static_cast<pid_t>(std::atoi(file("pid").c_str())));
  EXPECT_TRUE(!stat || stat->is_zombie());
}

TEST_F(HookRunnerTest, MuchOutputBlocksNothingAndIsNotKept) {
  make({shell("head -c 5000000 /dev/zero | tr '\\0' x")});
  runner_->tell(event("start"));
  finish();
  EXPECT_EQ(counts().delivered, 1);
  EXPECT_LT(file("hooks.log").size(), 20'000u);
}

TEST_F(HookRunnerTest, TheEndWaitsNoLongerThanItMay) {
  HookConfig hook = shell("sleep 600");
  hook.timeout = seconds(600);
  make({hook});
  runner_->tell(event("start"));
  runner_->tell(event("end", 2));
  finish(milliseconds(200));
  EXPECT_EQ(counts().delivered, 0);
  EXPECT_EQ(counts().failed, 2);
}

TEST_F(HookRunnerTest, GivingUpEndsTheWaitAtOnce) {
  HookConfig hook = shell("sleep 600");
  hook.timeout = seconds(600);
  make({hook});
  runner_->tell(event("end"));
  bool done = false;
  runner_->finish(seconds(600), [&] { done = true; });
  runner_->give_up();
  while (!done) io_.run_one();
  EXPECT_EQ(counts().failed, 1);
}

TEST_F(HookRunnerTest, WithNothingToTellTheEndIsNow) {
  make({shell("exit 1")});
  finish();
  EXPECT_EQ(describe(runner_->counts()), "");
}

TEST_F(HookRunnerTest, AWebhooksVariablesAreReadWhenItIsTold) {
  ::unsetenv("GENESIS_TEST_NO_SUCH_URL");
  HookConfig hook;
  hook.name = "web";
  hook.events = {"end"};
  hook.url_variable = "GENESIS_TEST_NO_SUCH_URL";
  hook.retries = 3;
  make({hook});
  runner_->tell(event("end"));
  finish();
  EXPECT_THAT(counts().last_failure, HasSubstr("GENESIS_TEST_NO_SUCH_URL is not set"));
}

}  // namespace
}  // namespace genesis::hooks
