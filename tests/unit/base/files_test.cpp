#include "genesis/base/files.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

namespace genesis {
namespace {

TEST(ReadFile, RefusesLinksPipesFoldersAndTooLarge) {
  const TempDir dir;
  ASSERT_TRUE(write_file(dir.path() / "real", "0123456789"));
  fs::create_symlink(dir.path() / "real", dir.path() / "link");
  ASSERT_EQ(::mkfifo((dir.path() / "pipe").c_str(), 0600), 0);
  EXPECT_EQ(read_file(dir.path() / "real").value(), "0123456789");
  EXPECT_EQ(read_file(dir.path() / "link").value(), "0123456789");
  EXPECT_EQ(read_file(dir.path() / "link", 100, false).error().kind, ErrorKind::parse);
  EXPECT_EQ(read_file(dir.path() / "pipe").error().kind, ErrorKind::parse);
  EXPECT_EQ(read_file(dir.path()).error().kind, ErrorKind::parse);
  EXPECT_EQ(read_file(dir.path() / "real", 9).error().kind, ErrorKind::parse);
  EXPECT_EQ(read_file(dir.path() / "none").error().kind, ErrorKind::not_found);
}

TEST(WriteFileAtomic, ReplacesAndLeavesNoTemporary) {
  const TempDir dir;
  ASSERT_TRUE(write_file_atomic(dir.path() / "f", "one"));
  ASSERT_TRUE(write_file_atomic(dir.path() / "f", "two", Durability::power));
  EXPECT_EQ(read_file(dir.path() / "f").value(), "two");
  EXPECT_EQ(std::distance(fs::directory_iterator(dir.path()), {}), 1);
  EXPECT_FALSE(write_file_atomic(dir.path() / "missing" / "f", "x"));
}

TEST(ReadTail, KeepsTheEnd) {
  const TempDir dir;
  std::string text;
  for (int i = 0; i < 1000; ++i) text += "line " + std::to_string(i) + "\n";
  ASSERT_TRUE(write_file(dir.path() / "log", text));
  const std::string tail = read_tail(dir.path() / "log", 100).value();
  EXPECT_TRUE(tail.starts_with("line ")) << tail;
  EXPECT_TRUE(tail.ends_with("line 999\n"));
  EXPECT_LE(tail.size(), 100u);
}

}  // namespace
}  // namespace genesis
