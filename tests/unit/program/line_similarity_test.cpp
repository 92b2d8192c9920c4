#include "genesis/program/line_similarity.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "genesis/base/rng.h"

namespace genesis {
namespace {

std::size_t common(std::string_view a, std::string_view b) {
  CommonLetters letters;
  letters.set(a);
  return letters.count(b);
}

/// The textbook's table.
std::size_t longest_common_subsequence(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1, 0);
  for (const char letter : a) {
    std::size_t diagonal = 0;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t above = row[j];
      row[j] = letter == b[j - 1] ? diagonal + 1 : std::max(above, row[j - 1]);
      diagonal = above;
    }
  }
  return row.back();
}

TEST(LineSimilarityTest, CountsLettersInOrder) {
  EXPECT_EQ(common("", ""), 0u);
  EXPECT_EQ(common("abc", ""), 0u);
  EXPECT_EQ(common("", "abc"), 0u);
  EXPECT_EQ(common("abc", "abc"), 3u);
  EXPECT_EQ(common("abc", "cab"), 2u);
  EXPECT_EQ(common("rate = 0.5", "rate = 0.48"), 9u);
  EXPECT_EQ(common("\xff\xfe", "x\xff\xfe"), 2u);
}

TEST(LineSimilarityTest, IsTheLongestCommonSubsequence) {
  RandomStream random(3, "lines", 1);
  CommonLetters letters;  // used again and again: nothing may be left of earlier lines
  std::string a;
  for (int round = 0; round < 2000; ++round) {
    const std::uint64_t alphabet = 1 + random.below(6);
    const auto line = [&] {
      std::string text;
      for (std::uint64_t i = random.below(round % 10 == 0 ? 513 : 90); i > 0; --i) {
        text += static_cast<char>('a' + random.below(alphabet));
      }
      return text;
    };
    std::string next = line();
    letters.set(next);
    a = std::move(next);
    letters.set(a);
    for (int other = 0; other < 3; ++other) {
      const std::string b = line();
      ASSERT_EQ(letters.count(b), longest_common_subsequence(a, b)) << a << "\n" << b;
    }
  }
}

TEST(LineSimilarityTest, LongLinesAreComparedByTheirEnds) {
  const std::string middle(600, 'x');
  EXPECT_EQ(common("abc" + middle + "de", "abc" + std::string(600, 'y') + "de"), 5u);
  EXPECT_EQ(common("abc" + middle, "abc" + middle), 603u);
  // The common beginning and end do not overlap.
  EXPECT_EQ(common(middle, std::string(700, 'x')), 600u);
  CommonLetters letters;
  letters.set(middle);
  letters.count("abc");
  const std::uint64_t before = letters.steps();
  letters.count(std::string(1u << 20, 'x'));
  EXPECT_LT(letters.steps() - before, 1000u);
}

TEST(LineSimilarityTest, PairBagFollowsItsWindow) {
  PairBag bag({"  ab", "bc"});
  EXPECT_EQ(bag.ratio(), 0);
  bag.add("ab");
  bag.add("\tbc  ");
  EXPECT_EQ(bag.ratio(), 1);
  bag.add("zz");
  EXPECT_LT(bag.ratio(), 1);
  bag.remove("zz");
  EXPECT_EQ(bag.ratio(), 1);
  bag.remove("ab");
  EXPECT_NEAR(bag.ratio(), 2.0 / 3, 1e-9);
  EXPECT_EQ(PairBag({}).ratio(), 0);
}

}  // namespace
}  // namespace genesis
