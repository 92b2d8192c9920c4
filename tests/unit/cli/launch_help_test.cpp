#include "genesis/cli/launch_help.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "genesis/base/files.h"

namespace genesis::cli {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

TEST(LaunchHelp, ListsGroupsWithTheirOptions) {
  const TempDir folder;
  ASSERT_TRUE(make_directories(folder.path() / "task"));
  ASSERT_TRUE(make_directories(folder.path() / "empty"));
  ASSERT_TRUE(write_file(folder.path() / "config.yaml", ""));
  ASSERT_TRUE(write_file(folder.path() / "task" / "b.yaml", ""));
  ASSERT_TRUE(write_file(folder.path() / "task" / "a.yaml", ""));
  ASSERT_TRUE(write_file(folder.path() / "task" / "notes.txt", ""));
  const std::string text = launch_help(folder.path());
  EXPECT_THAT(text, HasSubstr("  task         a, b\n"));
  EXPECT_THAT(text, Not(HasSubstr("empty")));
  EXPECT_THAT(text, Not(HasSubstr("notes")));
}

TEST(LaunchHelp, WorksWithoutConfigs) {
  const std::string text = launch_help("/nowhere");
  EXPECT_THAT(text, HasSubstr("Usage: genesis_launch"));
  EXPECT_THAT(text, Not(HasSubstr("Groups")));
}

TEST(LaunchHelp, FitsATerminalOfHundredColumns) {
  const std::string text = launch_help("/nowhere");
  for (std::size_t at = 0, end; (end = text.find('\n', at)) != std::string::npos; at = end + 1) {
    EXPECT_LE(end - at, 100u) << text.substr(at, end - at);
  }
}

}  // namespace
}  // namespace genesis::cli
