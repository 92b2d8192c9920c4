#include "genesis/process/child_watcher.h"

#include <gtest/gtest.h>
#include <signal.h>

#include <map>

namespace genesis::process {
namespace {

SpawnSpec shell(const std::string& script) {
  SpawnSpec spec;
  spec.executable = "/bin/sh";
  spec.argv = {"sh", "-c", script};
  return spec;
}

TEST(ChildWatcher, ReportsEveryChildOnceWithItsOwnEnd) {
  boost::asio::io_context io;
  ChildWatcher watcher(io);
  std::map<int, ChildExit> exits;
  for (int code = 0; code < 40; ++code) {
    auto child = spawn(shell("exit " + std::to_string(code)));
    ASSERT_TRUE(child) << child.error().message;
    const pid_t pid = child->pid;
    watcher.watch(std::move(*child), [&exits, code](const ChildExit& exit) {
      EXPECT_TRUE(exits.emplace(code, exit).second);
    });
    EXPECT_TRUE(watcher.watches(pid));
  }
  io.run_for(std::chrono::seconds{20});
  ASSERT_EQ(exits.size(), 40u);
  for (const auto& [code, exit] : exits) {
    EXPECT_FALSE(exit.signalled);
    EXPECT_EQ(exit.code, code);
    EXPECT_GT(exit.peak_memory_bytes, 0u);
  }
  EXPECT_EQ(watcher.size(), 0u);
}

TEST(ChildWatcher, ReportsSignalsAndProcessorTime) {
  boost::asio::io_context io;
  ChildWatcher watcher(io);
  auto child = spawn(shell("i=0; while [ $i -lt 30000 ]; do i=$((i+1)); done; kill -TERM $$"));
  ASSERT_TRUE(child);
  ChildExit seen;
  watcher.watch(std::move(*child), [&](const ChildExit& exit) { seen = exit; });
  io.run_for(std::chrono::seconds{20});
  EXPECT_TRUE(seen.signalled);
  EXPECT_EQ(seen.signal, SIGTERM);
  EXPECT_GT(seen.cpu.count(), 0);
}

}  // namespace
}  // namespace genesis::process
