#include "genesis/config/dotenv.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <string>
#include <utility>
#include <vector>

namespace genesis::config {
namespace {

using Entries = std::vector<std::pair<std::string, std::string>>;

Entries parsed(std::string_view text) {
  const auto result = parse_dotenv(text, ".env");
  EXPECT_TRUE(result) << (result ? "" : result.error().message);
  return result.value_or(Entries{});
}

TEST(Dotenv, ReadsPlainAndQuotedValues) {
  EXPECT_EQ(parsed("A=1\nexport B = two words  \n# comment\n\nC='a # b'\nD=\"x\\ny\\\"\\\\\"\n"),
            (Entries{{"A", "1"}, {"B", "two words"}, {"C", "a # b"}, {"D", "x\ny\"\\"}}));
  EXPECT_EQ(parsed("A=v # note\nB=v#1\nC=\nD= # x\r\nE=a=b"),
            (Entries{{"A", "v"}, {"B", "v#1"}, {"C", ""}, {"D", ""}, {"E", "a=b"}}));
  EXPECT_EQ(parsed("KEY='line 1\nline 2'\nNEXT=1\n"),
            (Entries{{"KEY", "line 1\nline 2"}, {"NEXT", "1"}}));
}

TEST(Dotenv, ErrorsNameTheLine) {
  const std::pair<const char*, const char*> cases[] = {
      {"A=1\nnonsense\n", ".env:2"},       {"1A=x\n", ".env:1"},    {"A B=x\n", ".env:1"},
      {"A=1\n\nB='open\nC=2\n", ".env:3"}, {"A='x' y\n", ".env:1"}, {"=x\n", ".env:1"}};
  for (const auto& [text, where] : cases) {
    const auto result = parse_dotenv(text, ".env");
    ASSERT_FALSE(result) << text;
    EXPECT_NE(result.error().message.find(where), std::string::npos) << result.error().message;
  }
  EXPECT_FALSE(parse_dotenv(std::string_view("A=\0x", 4), ".env"));
}

TEST(Dotenv, TheShellWins) {
  const TempDir folder;
  ASSERT_TRUE(write_file(folder.path() / ".env", "DOTENV_T1=file\nDOTENV_T2=a\nDOTENV_T2=b\n"));
  ::setenv("DOTENV_T1", "shell", 1);
  ::unsetenv("DOTENV_T2");
  const auto names = load_dotenv(folder.path() / ".env");
  ASSERT_TRUE(names);
  EXPECT_EQ(*names, std::vector<std::string>{"DOTENV_T2"});
  EXPECT_STREQ(std::getenv("DOTENV_T1"), "shell");
  EXPECT_STREQ(std::getenv("DOTENV_T2"), "b");
  ::unsetenv("DOTENV_T1");
  ::unsetenv("DOTENV_T2");
  EXPECT_TRUE(load_dotenv(folder.path() / "none")->empty());
}

}  // namespace
}  // namespace genesis::config
