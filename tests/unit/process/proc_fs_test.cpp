#include "genesis/process/proc_fs.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>

#include "genesis/process/spawn.h"

namespace genesis::process {
namespace {

TEST(ProcFs, ReadsItself) {
  const auto self = read_stat(::getpid());
  ASSERT_TRUE(self);
  EXPECT_EQ(self->parent, ::getppid());
  EXPECT_EQ(self->session, ::getsid(0));
  EXPECT_GT(self->id.start_ticks, 0u);
  EXPECT_GE(start_ticks_now(), self->id.start_ticks);
  EXPECT_FALSE(read_stat(0x3ffffff));
  EXPECT_FALSE(boot_id().empty());
  EXPECT_FALSE(signal_process({::getpid(), self->id.start_ticks + 1}, SIGKILL)) << "not this one";
}

TEST(ProcFs, FindsEnvironmentValuesByWholeName) {
  const std::string text("AB=1\0A=2\0EMPTY=\0", 16);
  EXPECT_EQ(environment_value(text, "A"), "2");
  EXPECT_EQ(environment_value(text, "EMPTY"), "");
  EXPECT_FALSE(environment_value(text, "B"));
}

TEST(ProcFs, SeesDescendantsAndZombiesForWhatTheyAre) {
  SpawnSpec spec;
  spec.executable = "/bin/sh";
  spec.argv = {"sh (a) b", "-c", "sleep 1000 & sleep 1000"};
  spec.environment = {"PATH=/usr/bin:/bin", "MARK=it"};
  auto child = spawn(spec);
  ASSERT_TRUE(child);
  const auto stat = read_stat(child->pid);
  ASSERT_TRUE(stat);
  while (with_descendants({stat->id}).size() < 3) ::sched_yield();
  EXPECT_EQ(environment_value(read_environment(child->pid), "MARK"), "it");
  const auto children = children_of(::getpid());
  EXPECT_NE(std::find(children.begin(), children.end(), child->pid), children.end());
  const std::vector<ProcessId> all = with_descendants({stat->id});
  for (const ProcessId& id : all) EXPECT_TRUE(signal_process(id, SIGKILL));
  siginfo_t info{};
  ::waitid(P_PID, static_cast<id_t>(child->pid), &info, WEXITED | WNOWAIT);
  EXPECT_TRUE(read_stat(child->pid)->is_zombie());
  EXPECT_TRUE(with_descendants({stat->id}).empty());
  ::waitpid(child->pid, nullptr, 0);
  EXPECT_FALSE(read_stat(child->pid));
}

}  // namespace
}  // namespace genesis::process
