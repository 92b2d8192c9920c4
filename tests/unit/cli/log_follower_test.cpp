#include "genesis/cli/log_follower.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <fstream>

#include "genesis/base/fd.h"
#include "genesis/base/files.h"

namespace genesis::cli {
namespace {

TEST(LogFollower, CopiesWhatIsWrittenWhileItRunsAndWhatIsLeft) {
  const TempDir folder;
  const fs::path log = folder.path() / "job_log.out";
  int ends[2];
  ASSERT_EQ(::pipe(ends), 0);
  const Fd read_end(ends[0]);
  Fd write_end(ends[1]);
  char buffer[64] = {};
  {
    const LogFollower follower({{log, write_end.get()}});
    std::ofstream(log) << "first\n" << std::flush;
    // Blocks until the follower has seen it; the test's own time limit is the deadline.
    ASSERT_EQ(::read(read_end.get(), buffer, sizeof buffer), 6);
    EXPECT_STREQ(buffer, "first\n");
    std::ofstream(log, std::ios::app) << "last\n";
  }
  write_end.reset();
  const ssize_t size = ::read(read_end.get(), buffer, sizeof buffer);
  EXPECT_EQ(std::string(buffer, static_cast<std::size_t>(std::max<ssize_t>(size, 0))), "last\n");
}

TEST(LogFollower, AFileThatNeverComesIsFine) {
  const LogFollower follower({{"/nowhere/job_log.out", 1}});
}

}  // namespace
}  // namespace genesis::cli
