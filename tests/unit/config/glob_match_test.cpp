#include "genesis/config/glob_match.h"

#include <gtest/gtest.h>

#include <string>

namespace genesis::config {
namespace {

TEST(GlobMatch, MatchesAsPythonsFnmatch) {
  EXPECT_TRUE(glob_match("mysql", "my*"));
  EXPECT_TRUE(glob_match("mysql", "*sq?"));
  EXPECT_FALSE(glob_match("mysql", "my"));
  EXPECT_TRUE(glob_match("", "*"));
  EXPECT_TRUE(glob_match("", ""));
  EXPECT_FALSE(glob_match("a", ""));
  EXPECT_TRUE(glob_match("a.yaml", "*.yaml"));
  EXPECT_FALSE(glob_match("Mysql", "my*"));
}

TEST(GlobMatch, Sets) {
  EXPECT_TRUE(glob_match("b", "[a-c]"));
  EXPECT_FALSE(glob_match("d", "[a-c]"));
  EXPECT_TRUE(glob_match("d", "[!a-c]"));
  EXPECT_TRUE(glob_match("-", "[a-]"));
  EXPECT_TRUE(glob_match("]", "[]]"));
  EXPECT_TRUE(glob_match("a", "[!]]"));
  EXPECT_FALSE(glob_match("b", "[z-a]")) << "an empty range is nothing";
  EXPECT_TRUE(glob_match("b", "[!z-a]"));
  EXPECT_TRUE(glob_match("[a", "[a")) << "not closed: itself";
  EXPECT_TRUE(glob_match("^", "[^a]"));
}

TEST(GlobMatch, CountsCodePoints) {
  EXPECT_TRUE(glob_match("é", "?"));
  EXPECT_TRUE(glob_match("日本", "??"));
  EXPECT_TRUE(glob_match("é", "[à-ü]"));
  EXPECT_TRUE(glob_match("\xff", "?")) << "not UTF-8: a byte";
}

TEST(GlobMatch, ManyStarsStayCheap) {
  std::string pattern;
  for (int i = 0; i < 200; ++i) pattern += "*a";
  EXPECT_FALSE(glob_match(std::string(5000, 'a'), pattern + "b"));
}

}  // namespace
}  // namespace genesis::config
