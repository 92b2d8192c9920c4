#include "genesis/process/spawn.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "genesis/base/files.h"
#include "genesis/process/proc_fs.h"

namespace genesis::process {
namespace {

class SpawnTest : public ::testing::TestWithParam<SpawnMethod> {
 protected:
  SpawnSpec shell(const std::string& script) {
    SpawnSpec spec;
    spec.method = GetParam();
    spec.executable = "/bin/sh";
    spec.argv = {"sh", "-c", script};
    spec.environment = {"PATH=/usr/bin:/bin", "GREETING=hello world"};
    spec.stdout_path = (folder_.path() / "out").string();
    spec.stderr_path = (folder_.path() / "err").string();
    return spec;
  }
  int status_of(const SpawnSpec& spec) {
    auto child = spawn(spec);
    EXPECT_TRUE(child) << child.error().message;
    if (!child) return -1;
    EXPECT_TRUE(child->pidfd);
    int status = 0;
    EXPECT_EQ(::waitpid(child->pid, &status, 0), child->pid);
    return status;
  }
  std::string output() { return read_file(folder_.path() / "out").value_or("?"); }
  TempDir folder_;
};

TEST_P(SpawnTest, EnvironmentFolderAndLogs) {
  SpawnSpec spec = shell("echo \"$GREETING\"; pwd; echo oops >&2; exit 7");
  spec.working_directory = "/usr";
  EXPECT_EQ(WEXITSTATUS(status_of(spec)), 7);
  EXPECT_EQ(output(), "hello world\n/usr\n");
  EXPECT_EQ(read_file(folder_.path() / "err").value(), "oops\n");
}

TEST_P(SpawnTest, InheritsNothingItShouldNot) {
  const Fd leak(::open("/dev/null", O_RDONLY));  // Not close-on-exec.
  ::signal(SIGPIPE, SIG_IGN);
  sigset_t blocked;
  sigemptyset(&blocked);
  sigaddset(&blocked, SIGUSR1);
  ::pthread_sigmask(SIG_BLOCK, &blocked, nullptr);
  status_of(shell("ls /proc/self/fd | wc -l; grep -E '^Sig(Blk|Ign)' /proc/self/status"));
  ::pthread_sigmask(SIG_UNBLOCK, &blocked, nullptr);
  ::signal(SIGPIPE, SIG_DFL);
  // 0, 1, 2 and the folder that ls reads.
  EXPECT_EQ(output(), "4\nSigBlk:\t0000000000000000\nSigIgn:\t0000000000000000\n");
}

TEST_P(SpawnTest, PassesOnDescriptorsAndRunsAProgramByOne) {
  ASSERT_TRUE(write_file(folder_.path() / "in", "third\n"));
  ASSERT_TRUE(write_file(folder_.path() / "other", "fourth\n"));
  const Fd third(::open((folder_.path() / "in").c_str(), O_RDONLY | O_CLOEXEC));
  const Fd fourth(::open((folder_.path() / "other").c_str(), O_RDONLY | O_CLOEXEC));
  const Fd program(::open("/bin/sh", O_RDONLY | O_CLOEXEC));
  // 0 to 4, and the folder that ls reads: the program's own descriptor is not among them.
  SpawnSpec spec = shell("cat <&3; cat <&4; ls /proc/self/fd | wc -l");
  spec.executable = "not a file";
  spec.inherited_fd = third.get();
  spec.more_fds = {fourth.get()};
  spec.program_fd = program.get();
  EXPECT_EQ(status_of(spec), 0);
  EXPECT_EQ(output(), "third\nfourth\n6\n");
  spec.inherited_fd = -1;
  EXPECT_FALSE(spawn(spec)) << "descriptor 3 is missing";
}

TEST_P(SpawnTest, IsTheFirstOfItsNamespaces) {
  SpawnSpec spec = shell("echo $$; grep CapEff /proc/self/status");
  spec.namespaces = CLONE_NEWPID | CLONE_NEWNS;
  if (::geteuid() != 0) spec.namespaces |= CLONE_NEWUSER;
  auto child = spawn(spec);
  if (!child && ::geteuid() != 0) GTEST_SKIP() << "no user namespaces: " << child.error().message;
  ASSERT_TRUE(child) << child.error().message;
  EXPECT_GT(child->pid, 1);
  int status = 0;
  EXPECT_EQ(::waitpid(child->pid, &status, 0), child->pid);
  EXPECT_EQ(output().substr(0, 2), "1\n");
  EXPECT_EQ(output().find("CapEff:\t0000000000000000"), std::string::npos) << output();
  EXPECT_FALSE(clone3_refused());
}

TEST_P(SpawnTest, TheParentsHandlersDoNotRunInIt) {
  ::signal(SIGTERM, [](int) { ::_exit(99); });
  const int status = status_of(shell("kill -TERM $$; exit 3"));
  ::signal(SIGTERM, SIG_DFL);
  ASSERT_TRUE(WIFSIGNALED(status));
  EXPECT_EQ(WTERMSIG(status), SIGTERM);
}

TEST_P(SpawnTest, ASignalThatIsIgnoredLateIsResetToo) {
  for (const int signal : {SIGPIPE, SIGHUP, SIGUSR2}) {
    status_of(shell("true"));  // What was ignored at the first start has been looked at.
    ::signal(signal, SIG_IGN);
    const int status = status_of(shell("kill -" + std::to_string(signal) + " $$; exit 3"));
    ::signal(signal, SIG_DFL);
    EXPECT_TRUE(WIFSIGNALED(status)) << signal;
  }
}

TEST_P(SpawnTest, KnowsWhenItStarted) {
  // Many, so that some are born at the turn of a clock tick.
  for (int i = 0; i < 200; ++i) {
    const std::uint64_t before = start_ticks_now();
    auto child = spawn(shell("exit 0"));
    ASSERT_TRUE(child);
    const auto stat = read_stat(child->pid);  // A zombie at worst: it is not reaped yet.
    ASSERT_TRUE(stat);
    EXPECT_EQ(child->start_ticks, stat->id.start_ticks);
    EXPECT_GE(child->start_ticks, before);
    EXPECT_LE(child->start_ticks, start_ticks_now());
    ::waitpid(child->pid, nullptr, 0);
  }
}

TEST_P(SpawnTest, LeadsASessionOfItsOwn) {
  status_of(shell("set -- $(cat /proc/self/stat); echo $$ $5 $6"));
  const std::string text = output();
  const std::string pid = text.substr(0, text.find(' '));
  EXPECT_EQ(text, pid + " " + pid + " " + pid + "\n");
}

TEST_P(SpawnTest, LimitsAreTheChilds) {
  SpawnSpec spec = shell("ulimit -n; ulimit -f");
  spec.limits = {{RLIMIT_NOFILE, 77, 80}, {RLIMIT_FSIZE, 512 * 100, 512 * 100}};
  status_of(spec);
  EXPECT_EQ(output(), "77\n100\n");
}

TEST_P(SpawnTest, FailuresNameTheStep) {
  const auto message = [](const SpawnSpec& spec) {
    const auto child = spawn(spec);
    return child ? std::string("started") : child.error().message;
  };
  SpawnSpec spec = shell("");
  spec.executable = "/no/such/program";
  EXPECT_NE(message(spec).find("/no/such/program"), std::string::npos);
  EXPECT_EQ(spawn(spec).error().kind, ErrorKind::not_found);
  spec = shell("");
  spec.working_directory = "/no/such/folder";
  EXPECT_NE(message(spec).find("enter the folder '/no/such/folder'"), std::string::npos);
  spec = shell("");
  spec.stdout_path = "/no/such/folder/log";
  EXPECT_NE(message(spec).find("log files"), std::string::npos);
  spec = shell("");
  ASSERT_TRUE(write_file(folder_.path() / "text", "no program\n"));
  fs::permissions(folder_.path() / "text", fs::perms::owner_all);
  spec.executable = (folder_.path() / "text").string();
  EXPECT_NE(message(spec).find("#!"), std::string::npos);
  EXPECT_EQ(::waitpid(-1, nullptr, WNOHANG), -1) << "a failed child was left as a zombie";
}

TEST_P(SpawnTest, LogsDoNotFollowLinks) {
  ASSERT_TRUE(write_file(folder_.path() / "precious", "keep"));
  fs::create_symlink(folder_.path() / "precious", folder_.path() / "out");
  EXPECT_FALSE(spawn(shell("echo x")));
  EXPECT_EQ(read_file(folder_.path() / "precious").value(), "keep");
}

TEST_P(SpawnTest, ADeathSignalComesWithTheParentThread) {
  SpawnSpec spec = shell("grep -c . /proc/self/status");
  spec.parent_death_signal = SIGKILL;
  EXPECT_EQ(status_of(spec), 0);
}

INSTANTIATE_TEST_SUITE_P(BothCalls, SpawnTest,
                         ::testing::Values(SpawnMethod::clone3, SpawnMethod::legacy_clone),
                         [](const auto& tested) {
                           return tested.param == SpawnMethod::clone3 ? "Clone3" : "LegacyClone";
                         });

TEST(FindExecutable, SearchesPathAndExplains) {
  EXPECT_EQ(find_executable("sh", "/nowhere:/bin").value(), "/bin/sh");
  EXPECT_EQ(find_executable("/bin/sh", "").value(), "/bin/sh");
  EXPECT_FALSE(find_executable("", "/bin"));
  EXPECT_NE(find_executable("no-such", "/bin").error().message.find("no-such"), std::string::npos);
  EXPECT_EQ(find_executable("/etc/passwd", "").error().kind, ErrorKind::invalid_argument);
  EXPECT_EQ(find_executable("./no-such", "").error().kind, ErrorKind::not_found);
}

}  // namespace
}  // namespace genesis::process
