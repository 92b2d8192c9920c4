#include "genesis/store/run_lock.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>

#include "genesis/base/clock.h"
#include "genesis/base/files.h"

namespace genesis::store {
namespace {

using ::testing::HasSubstr;

class RunLockTest : public ::testing::Test {
 protected:
  fs::path lock_file() const { return dir_.path() / ".genesis" / "lock"; }

  /// A process that owns the run until it is killed; says over a pipe that it does.
  pid_t start_owner() {
    int ends[2];
    EXPECT_EQ(::pipe(ends), 0);
    const pid_t pid = ::fork();
    if (pid == 0) {
      const auto lock = RunLock::acquire(dir_.path());
      const char answer = lock ? 'y' : 'n';
      if (::write(ends[1], &answer, 1) != 1) ::_exit(1);
      for (;;) ::pause();
    }
    char answer = 0;
    EXPECT_EQ(::read(ends[0], &answer, 1), 1);
    EXPECT_EQ(answer, 'y');
    ::close(ends[0]);
    ::close(ends[1]);
    return pid;
  }

  static void kill_and_wait(pid_t pid) {
    ::kill(pid, SIGKILL);
    ASSERT_EQ(::waitpid(pid, nullptr, 0), pid);
  }

  void write_record(const std::string& host, std::int64_t age_millis, bool released) {
    ASSERT_TRUE(make_directories(lock_file().parent_path()));
    const std::int64_t heartbeat = SystemClock().unix_millis() - age_millis;
    ASSERT_TRUE(write_file(
        lock_file(), fmt::format(R"({{"host":"{}","pid":7,"since":1700000000000,"heartbeat":{},)"
                                 R"("fence":41,"released":{}}})",
                                 host, heartbeat, released)));
  }

  TempDir dir_;
};

TEST_F(RunLockTest, OneOwnerAtATimeAndTheFenceGrows) {
  auto lock = RunLock::acquire(dir_.path()).value();
  const std::int64_t fence = lock->fence();
  EXPECT_GT(fence, 0);
  const auto second = RunLock::acquire(dir_.path());
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().kind, ErrorKind::conflict);
  EXPECT_THAT(second.error().message, HasSubstr(fmt::format("process {}", ::getpid())));
  EXPECT_EQ(lock_owner(dir_.path())->pid, ::getpid());
  EXPECT_EQ(lock_owner(dir_.path())->fence, fence);
  lock.reset();
  EXPECT_EQ(lock_owner(dir_.path()).error().kind, ErrorKind::not_found);
  EXPECT_EQ(RunLock::acquire(dir_.path()).value()->fence(), fence + 1);
}

TEST_F(RunLockTest, AKilledOwnerIsSucceededAtOnce) {
  const pid_t pid = start_owner();
  const LockOwner owner = lock_owner(dir_.path()).value();
  EXPECT_EQ(owner.pid, pid);
  EXPECT_FALSE(owner.host.empty());
  EXPECT_GT(owner.since, 1'700'000'000'000);
  const auto refused = RunLock::acquire(dir_.path());
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind, ErrorKind::conflict);
  EXPECT_THAT(refused.error().message, HasSubstr(fmt::format("process {} on host", pid)));
  kill_and_wait(pid);
  EXPECT_EQ(lock_owner(dir_.path()).error().kind, ErrorKind::not_found);
  const auto lock = RunLock::acquire(dir_.path()).value();
  EXPECT_EQ(lock->fence(), owner.fence + 1);
}

TEST_F(RunLockTest, AChildThatOutlivesItsRunnerDelaysTheNextButDoesNotStopIt) {
  int go[2];
  ASSERT_EQ(::pipe(go), 0);
  const pid_t runner = ::fork();
  if (runner == 0) {
    const auto lock = RunLock::acquire(dir_.path());
    if (!lock || ::fork() != 0) ::_exit(lock ? 0 : 1);  // As abruptly as a kill: nothing released.
    ::close(go[1]);
    char end = 0;
    // The child holds the lock's descriptor until it hears of the end, and a moment longer.
    if (::read(go[0], &end, 1) == 0) ::poll(nullptr, 0, 200);
    ::_exit(0);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(runner, &status, 0), runner);
  ASSERT_EQ(status, 0);
  EXPECT_EQ(lock_owner(dir_.path())->pid, runner);
  ::close(go[0]);
  ::close(go[1]);
  EXPECT_TRUE(RunLock::acquire(dir_.path()));
}

TEST_F(RunLockTest, LookingDoesNotTakeTheLock) {
  const pid_t pid = start_owner();
  for (int i = 0; i < 100; ++i) EXPECT_TRUE(lock_owner(dir_.path()));
  kill_and_wait(pid);
  EXPECT_TRUE(RunLock::acquire(dir_.path()));
}

TEST_F(RunLockTest, AnOwnerOnAnotherHostCountsByItsHeartbeat) {
  write_record("elsewhere", 30'000, false);
  const auto refused = RunLock::acquire(dir_.path());
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind, ErrorKind::conflict);
  EXPECT_THAT(refused.error().message, HasSubstr("process 7 on host 'elsewhere' since 2023-11-14"));
  EXPECT_EQ(lock_owner(dir_.path())->host, "elsewhere");
  write_record("elsewhere", 61'000, false);
  EXPECT_FALSE(lock_owner(dir_.path()));
  EXPECT_EQ(RunLock::acquire(dir_.path()).value()->fence(), 42);
}

TEST_F(RunLockTest, AReleasedLockIsFreeForAnyHost) {
  write_record("elsewhere", 0, true);
  EXPECT_FALSE(lock_owner(dir_.path()));
  EXPECT_EQ(RunLock::acquire(dir_.path()).value()->fence(), 42);
}

TEST_F(RunLockTest, GarbageInTheFileIsNobody) {
  ASSERT_TRUE(make_directories(lock_file().parent_path()));
  for (const char* text :
       {"", "{", "[]", "null", R"({"host":7,"pid":"x","fence":[]})", "\xff\xfe"}) {
    ASSERT_TRUE(write_file(lock_file(), text));
    EXPECT_FALSE(lock_owner(dir_.path())) << text;
    EXPECT_TRUE(RunLock::acquire(dir_.path())) << text;
  }
}

TEST_F(RunLockTest, ADeletedLockFileDoesNotPutTheFenceBack) {
  const std::int64_t fence = RunLock::acquire(dir_.path()).value()->fence();
  fs::remove(lock_file());
  EXPECT_GE(RunLock::acquire(dir_.path()).value()->fence(), fence);
}

TEST_F(RunLockTest, AFolderThatCannotBeMadeIsAnError) {
  ASSERT_TRUE(write_file(dir_.path() / "file", ""));
  EXPECT_FALSE(RunLock::acquire(dir_.path() / "file"));
  EXPECT_FALSE(lock_owner(dir_.path() / "file"));
  EXPECT_EQ(lock_owner(dir_.path() / "none").error().kind, ErrorKind::not_found);
}

TEST_F(RunLockTest, TheHeartbeatIsRenewed) {
  const auto lock = RunLock::acquire(dir_.path()).value();
  const std::int64_t first = lock_owner(dir_.path())->heartbeat;
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(30);
  std::int64_t last = first;
  while (last == first && std::chrono::steady_clock::now() < deadline) {
    ::poll(nullptr, 0, 20);
    last = lock_owner(dir_.path())->heartbeat;
  }
  EXPECT_GT(last, first);
}

}  // namespace
}  // namespace genesis::store
