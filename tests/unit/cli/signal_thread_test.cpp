#include "genesis/cli/signal_thread.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include <condition_variable>
#include <mutex>
#include <vector>

namespace genesis::cli {
namespace {

/// Signals as they were delivered, awaited with a deadline.
class Seen {
 public:
  void add(int number, int count) {
    const std::lock_guard lock(mutex_);
    seen_.emplace_back(number, count);
    changed_.notify_all();
  }
  bool wait_for(std::size_t count) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, std::chrono::seconds(30), [&] { return seen_.size() >= count; });
  }
  std::vector<std::pair<int, int>> seen_;

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
};

TEST(SignalThread, CountsEveryKindAndEndsCleanly) {
  Seen seen;
  {
    SignalThread thread([&](int number, int count) { seen.add(number, count); });
    ASSERT_EQ(::kill(::getpid(), SIGINT), 0);
    ASSERT_TRUE(seen.wait_for(1));
    ASSERT_EQ(::kill(::getpid(), SIGTERM), 0);
    ASSERT_TRUE(seen.wait_for(2));
    ASSERT_EQ(::kill(::getpid(), SIGHUP), 0);
    ASSERT_TRUE(seen.wait_for(3));
    EXPECT_EQ(thread.count(), 3);
  }
  const std::vector<std::pair<int, int>> expected = {{SIGINT, 1}, {SIGTERM, 2}, {SIGHUP, 3}};
  EXPECT_EQ(seen.seen_, expected);
  sigset_t mask;
  ::pthread_sigmask(SIG_BLOCK, nullptr, &mask);
  EXPECT_FALSE(sigismember(&mask, SIGINT));
  EXPECT_FALSE(sigismember(&mask, SIGTERM));
}

TEST(SignalThread, AClosedPipeIsAnErrorNotADeath) {
  const SignalThread thread([](int, int) {});
  int ends[2];
  ASSERT_EQ(::pipe(ends), 0);
  ::close(ends[0]);
  EXPECT_EQ(::write(ends[1], "x", 1), -1);
  EXPECT_EQ(errno, EPIPE);
  ::close(ends[1]);
}

}  // namespace
}  // namespace genesis::cli
