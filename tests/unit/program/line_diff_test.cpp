#include "genesis/program/line_diff.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "genesis/base/rng.h"

namespace genesis {
namespace {

using Lines = std::vector<std::string_view>;

/// Runs must be in order, apart, and leave equal lines between them.
void expect_valid(const Lines& a, const Lines& b, const std::vector<ChangedRun>& runs) {
  std::size_t i = 0;
  std::size_t j = 0;
  for (std::size_t r = 0; r < runs.size(); ++r) {
    const ChangedRun& run = runs[r];
    ASSERT_LE(run.a_begin, run.a_end);
    ASSERT_LE(run.b_begin, run.b_end);
    ASSERT_TRUE(run.a_begin < run.a_end || run.b_begin < run.b_end);
    ASSERT_EQ(run.a_begin - i, run.b_begin - j);
    ASSERT_TRUE(r == 0 || run.a_begin > i);
    for (; i < run.a_begin; ++i, ++j) ASSERT_EQ(a[i], b[j]);
    i = run.a_end;
    j = run.b_end;
  }
  ASSERT_EQ(a.size() - i, b.size() - j);
  for (; i < a.size(); ++i, ++j) ASSERT_EQ(a[i], b[j]);
}

std::size_t edits(const std::vector<ChangedRun>& runs) {
  std::size_t count = 0;
  for (const ChangedRun& run : runs) count += run.a_end - run.a_begin + run.b_end - run.b_begin;
  return count;
}

/// By the textbook table.
std::size_t least_edits(const Lines& a, const Lines& b) {
  std::vector<std::vector<std::size_t>> cost(a.size() + 1, std::vector<std::size_t>(b.size() + 1));
  for (std::size_t i = 0; i <= a.size(); ++i) {
    for (std::size_t j = 0; j <= b.size(); ++j) {
      if (i == 0 || j == 0) {
        cost[i][j] = i + j;
      } else if (a[i - 1] == b[j - 1]) {
        cost[i][j] = cost[i - 1][j - 1];
      } else {
        cost[i][j] = 1 + std::min(cost[i - 1][j], cost[i][j - 1]);
      }
    }
  }
  return cost[a.size()][b.size()];
}

TEST(LineDiffTest, SplitsKeepingTerminators) {
  EXPECT_EQ(lines_with_ends("a\r\n\nb"), (Lines{"a\r\n", "\n", "b"}));
  EXPECT_TRUE(lines_with_ends("").empty());
}

TEST(LineDiffTest, RandomSmallTextsGetTheShortestScript) {
  RandomStream random(1, "line diff", 1);
  const Lines alphabet = {"a\n", "b\n", "c\n", "d\n"};
  for (int round = 0; round < 3000; ++round) {
    Lines a(random.below(14));
    Lines b(random.below(14));
    for (auto& line : a) line = alphabet[random.below(2 + random.below(3))];
    for (auto& line : b) line = alphabet[random.below(2 + random.below(3))];
    const auto runs = diff_lines(a, b);
    expect_valid(a, b, runs);
    ASSERT_EQ(edits(runs), least_edits(a, b)) << round;
  }
}

TEST(LineDiffTest, LargeUnlikeTextsUseAnchors) {
  RandomStream random(2, "line diff", 1);
  std::vector<std::string> owned_a, owned_b;
  for (int i = 0; i < 2000; ++i) {
    const std::string anchor = "anchor " + std::to_string(i);
    owned_a.push_back(random.chance(0.5) ? anchor : "old " + std::to_string(random.below(50)));
    owned_b.push_back(random.chance(0.5) ? anchor : "new " + std::to_string(random.below(50)));
  }
  const Lines a(owned_a.begin(), owned_a.end());
  const Lines b(owned_b.begin(), owned_b.end());
  const auto runs = diff_lines(a, b);
  expect_valid(a, b, runs);
  std::size_t anchors = 0;
  for (std::size_t i = 0; i < a.size(); ++i) anchors += a[i] == b[i] ? 1 : 0;
  EXPECT_LE(edits(runs), a.size() + b.size() - 2 * anchors);
}

TEST(LineDiffTest, NothingInCommonIsOneRun) {
  const std::vector<std::string> owned_a(300, "a"), owned_b(300, "b");
  const Lines a(owned_a.begin(), owned_a.end());
  const Lines b(owned_b.begin(), owned_b.end());
  EXPECT_EQ(diff_lines(a, b), (std::vector<ChangedRun>{{0, 300, 0, 300}}));
  EXPECT_TRUE(diff_lines(a, a).empty());
}

}  // namespace
}  // namespace genesis
