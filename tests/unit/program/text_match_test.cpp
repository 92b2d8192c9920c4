#include "genesis/program/text_match.h"

#include <gtest/gtest.h>

namespace genesis {
namespace {

std::optional<TextMatch> find(std::string_view text, std::string_view search) {
  return find_text(text, search, [](const TextMatch&) { return true; });
}

TEST(TextMatchTest, Ladder) {
  const struct {
    const char* name;
    const char* text;
    const char* search;
    const char* found;
    MatchKind kind;
    bool whole_lines;
  } cases[] = {
      {"line", "a\nbc\nd\n", "bc", "bc", MatchKind::exact, true},
      {"part of a line", "a\nbc\nd\n", "c", "c", MatchKind::exact, false},
      {"whole line preferred", "max = 1\nx = 1\n", "x = 1", "x = 1", MatchKind::exact, true},
      {"behind indentation", "y\n  x = 1\n", "x = 1", "x = 1", MatchKind::exact, true},
      {"several lines", "a\nb\nc\n", "a\nb", "a\nb", MatchKind::exact, true},
      {"no final newline", "a\nb", "b", "b", MatchKind::exact, true},
      {"trailing blanks", "a  \nb\t\n", "a\nb", "a  \nb", MatchKind::whitespace, true},
      {"trailing blanks in the search", "a\nb\n", "a \nb  ", "a\nb", MatchKind::whitespace, true},
      {"crlf", "a\r\nb\r\n", "a\nb", "a\r\nb", MatchKind::whitespace, true},
      {"dedented", "  if a:\n    b\n", "if a:\n  b", "  if a:\n    b", MatchKind::indentation,
       true},
      {"indented", "if a:\n  b\n", "    if a:\n      b", "if a:\n  b", MatchKind::indentation,
       true},
      {"tabs", "\tif a:\n\t\tb\n", "  if a:\n    b", "\tif a:\n\t\tb", MatchKind::indentation,
       true},
      {"blank line within", "  a\n\n  b\n", "a\n   \nb", "  a\n\n  b", MatchKind::indentation,
       true},
      {"not utf-8", "\xff\xfe\nb\n", "\xff\xfe", "\xff\xfe", MatchKind::exact, true},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(c.name);
    const auto match = find(c.text, c.search);
    ASSERT_TRUE(match);
    EXPECT_EQ(std::string_view(c.text).substr(match->begin, match->end - match->begin), c.found);
    EXPECT_EQ(match->kind, c.kind);
    EXPECT_EQ(match->whole_lines, c.whole_lines);
  }
}

TEST(TextMatchTest, WhatIsNotThereIsNotFound) {
  EXPECT_FALSE(find("a\nb\n", "a\nc"));
  EXPECT_FALSE(find("", "a"));
  EXPECT_FALSE(find("a\n", "a\na\na"));
  EXPECT_FALSE(find("a\n", " \n"));
  // One indentation cannot stand for two, nor deeper ones for shallower ones.
  EXPECT_FALSE(find("  a\n    b\n", "a\nb"));
  EXPECT_FALSE(find("    a\n  b\n", "a\n   b"));
}

TEST(TextMatchTest, RejectedCandidatesArePassedOver) {
  const auto match =
      find_text("a\nb\na\n", "a", [](const TextMatch& candidate) { return candidate.begin > 0; });
  ASSERT_TRUE(match);
  EXPECT_EQ(match->begin, 4u);
}

TEST(TextMatchTest, ReplaceGetsTheSameIndentation) {
  const struct {
    const char* name;
    IndentMap indents;
    const char* replace;
    const char* expected;
  } cases[] = {
      {"none", {}, "a\n  b", "a\n  b"},
      {"added", {{"", "  "}}, "a\n  b\n\nc", "  a\n    b\n\n  c"},
      {"removed", {{"    ", ""}, {"      ", "  "}}, "    a\n      b\n        c", "a\n  b\n    c"},
      {"shallower than all", {{"    ", "  "}}, "  a", "a"},
      {"tabs", {{"    ", "\t"}}, "    a\n        b\n          c", "\ta\n\t\tb\n\t\t  c"},
  };
  for (const auto& c : cases) EXPECT_EQ(reindent(c.replace, c.indents), c.expected) << c.name;
}

TEST(TextMatchTest, PathologicalMegabytesComeBack) {
  constexpr std::size_t kSize = 1u << 20;
  const std::string letters(kSize, 'a');
  EXPECT_FALSE(find(letters, std::string(kSize / 2, 'a') + "b"));
  EXPECT_TRUE(find(letters + "b", std::string(kSize / 2, 'a') + "b"));
  std::string lines, pattern;
  while (lines.size() < kSize) lines += "a\n";
  while (pattern.size() < kSize / 2) pattern += "a\n";
  EXPECT_FALSE(find(lines, pattern + "b"));
  // Every window has the right words and the wrong indentation.
  std::string zigzag;
  while (zigzag.size() < kSize) zigzag += "a\n a\n";
  EXPECT_FALSE(find(zigzag, pattern));
}

}  // namespace
}  // namespace genesis
