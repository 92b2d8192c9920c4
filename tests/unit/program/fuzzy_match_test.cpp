#include "genesis/program/fuzzy_match.h"

#include <gtest/gtest.h>

#include <cmath>
#include <string>

#include "genesis/base/rng.h"
#include "genesis/base/text.h"
#include "genesis/program/line_similarity.h"

namespace genesis {
namespace {

constexpr std::uint64_t kPlenty = 1'000'000'000;

SimilarPlaces find(std::string_view text, std::string_view search, std::uint64_t steps = kPlenty) {
  return find_similar(split(text, '\n'), split(search, '\n'), steps);
}

const char* const kProgram =
    "def area(radius):\n"
    "    # the area of a circle\n"
    "    return 3.14 * radius ** 2\n"
    "\n"
    "def total(values):\n"
    "    result = 0\n"
    "    for value in values:\n"
    "        result += value\n"
    "    return result\n";

TEST(FuzzyMatchTest, FindsWhatResembles) {
  const struct {
    const char* name;
    const char* search;
    std::size_t first, count, pairs;
    double least, most;
  } cases[] = {
      {"a typo", "def totl(values):\n    result = 0", 4, 2, 2, 0.97, 0.99},
      {"another comment",
       "def area(radius):\n    # area of the disc\n    return 3.14 * radius ** 2", 0, 3, 3, 0.8,
       0.95},
      {"a line missing", "def area(radius):\n    return 3.14 * radius ** 2", 0, 3, 2, 0.75, 0.85},
      {"a line too many", "    result = 0\n    extra = compute()\n    for value in values:", 5, 2,
       2, 0.75, 0.9},
      {"other indentation", "for value in value_list:\n  result += value", 6, 2, 2, 0.9, 0.97},
      {"one line", "result = 0.0", 5, 1, 1, 0.9, 0.92},
      {"nothing but itself", "for value in values:\nresult += value", 6, 2, 2, 1, 1},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(c.name);
    const SimilarPlaces found = find(kProgram, c.search);
    ASSERT_FALSE(found.places.empty());
    EXPECT_TRUE(found.complete);
    const SimilarPlace& best = found.places.front();
    EXPECT_EQ(best.first, c.first);
    EXPECT_EQ(best.count, c.count);
    EXPECT_EQ(best.pairs.size(), c.pairs);
    EXPECT_GE(best.similarity, c.least);
    EXPECT_LE(best.similarity, c.most);
    EXPECT_EQ(best.pairs.front().text, best.first);
    EXPECT_EQ(best.pairs.back().text, best.first + best.count - 1);
  }
}

TEST(FuzzyMatchTest, SimilarityIsTwiceTheCommonLettersOverAll) {
  // 9 of 10 and 11 letters are common.
  const SimilarPlaces found = find("rate = 0.48", "rate = 0.5");
  ASSERT_EQ(found.places.size(), 1u);
  EXPECT_DOUBLE_EQ(found.places.front().similarity, 18.0 / 21);
}

TEST(FuzzyMatchTest, PlacesThatOverlapTheBestOneAreSeen) {
  // Two rows are sought in a list of three: the first two and the last two are as good.
  const SimilarPlaces found = find("[0.1, 0.2, 0.3],\n[0.1, 0.2, 0.4],\n[0.1, 0.2, 0.5],",
                                   "[0.1, 0.2, 0.7],\n[0.1, 0.2, 0.8],");
  ASSERT_EQ(found.places.size(), 2u);
  EXPECT_EQ(found.places[0].first, 0u);
  EXPECT_EQ(found.places[1].first, 1u);
  EXPECT_DOUBLE_EQ(found.places[0].similarity, found.places[1].similarity);
}

TEST(FuzzyMatchTest, OnePlaceIsNotCountedTwice) {
  std::string text, search;
  for (int i = 0; i < 60; ++i) {
    text += "value_" + std::to_string(i) + " = compute(" + std::to_string(i * i) + ")\n";
    if (i >= 20 && i < 40)
      search += "value_" + std::to_string(i) + " = compute(" + std::to_string(i * i + 1) + ")\n";
  }
  const SimilarPlaces found = find(text, search);
  ASSERT_FALSE(found.places.empty());
  EXPECT_EQ(found.places.front().first, 20u);
  for (std::size_t i = 1; i < found.places.size(); ++i) {
    EXPECT_LT(found.places[i].similarity, found.places.front().similarity - 0.05);
  }
}

TEST(FuzzyMatchTest, NothingIsFoundInNothing) {
  EXPECT_TRUE(find("", "").places.empty());
  EXPECT_TRUE(find("abc\n", "").places.empty());
  EXPECT_TRUE(find("", "abc").places.empty());
  EXPECT_TRUE(find("\n\n\n", "abc").places.empty());
  EXPECT_TRUE(find("abcdefgh\n", "zyxwvuts").places.empty());
  std::uint64_t steps = kPlenty;
  EXPECT_TRUE(find_similar({}, {"abc"}, steps).places.empty());
}

TEST(FuzzyMatchTest, StepsAreCountedAndBounded) {
  std::uint64_t steps = kPlenty;
  find_similar(split(kProgram, '\n'), split("def totl(values):\n    result = 0", '\n'), steps);
  EXPECT_LT(steps, kPlenty);
  EXPECT_GT(steps, kPlenty - 100'000);
  const std::uint64_t used = kPlenty - steps;
  const SimilarPlaces cut = find(kProgram, "def totl(values):\n    result = 0", used / 4);
  EXPECT_FALSE(cut.complete);
  std::uint64_t none = 0;
  EXPECT_FALSE(find_similar(split(kProgram, '\n'), {"def totl(values):"}, none).complete);
  EXPECT_EQ(none, 0u);
}

TEST(FuzzyMatchTest, LargeSearchesAreLeftAlone) {
  std::string lines, wide;
  for (std::size_t i = 0; i <= kMaxFuzzyLines; ++i) lines += "a line like others\n";
  for (std::size_t i = 0; wide.size() <= kMaxFuzzyBytes; ++i) wide += std::string(100, 'a') + "\n";
  EXPECT_TRUE(find(lines + "x", lines + "y").places.empty());
  EXPECT_TRUE(find(wide + "x\n" + wide, wide + "y\n" + wide).places.empty());
}

TEST(FuzzyMatchTest, OptionsHaveRanges) {
  EXPECT_TRUE(check_options({}));
  EXPECT_TRUE(check_options({true, 0.6, 0.6, 0}));
  EXPECT_TRUE(check_options({true, 1, 1, 1}));
  EXPECT_EQ(check_options({true, 0.5, 0.9, 0.05}).error().message,
            "fuzzy matching: the threshold is 0.5, but must be 0.6 to 1");
  EXPECT_FALSE(check_options({true, 1.1, 0.9, 0.05}));
  EXPECT_FALSE(check_options({true, NAN, 0.9, 0.05}));
  EXPECT_EQ(check_options({true, 0.8, 0, 0.05}).error().message,
            "fuzzy matching: the threshold of one line is 0, but must be 0.6 to 1");
  EXPECT_EQ(check_options({true, 0.8, 0.9, -1}).error().message,
            "fuzzy matching: the margin is -1, but must be 0 to 1");
  EXPECT_FALSE(check_options({true, 0.8, 0.9, NAN}));
}

TEST(FuzzyMatchTest, OneLineMustBeMoreAlike) {
  EXPECT_EQ(threshold_for({}, {"a"}), 0.9);
  EXPECT_EQ(threshold_for({}, {"a", " \t"}), 0.9);
  EXPECT_EQ(threshold_for({}, {"a", "b"}), 0.8);
  EXPECT_EQ(threshold_for({true, 0.95, 0.9, 0.05}, {"a"}), 0.95);
}

/// Line by line without gaps, by the definition.
double similarity_at(const std::vector<std::string_view>& text,
                     const std::vector<std::string_view>& search, std::size_t first) {
  std::size_t all = 0, shared = 0;
  CommonLetters letters;
  for (std::size_t i = 0; i < search.size(); ++i) {
    const std::string_view a = trim(search[i]), b = trim(text[first + i]);
    all += a.size() + b.size();
    letters.set(a);
    const std::size_t found = letters.count(b);
    if (4 * found >= a.size() + b.size()) shared += found;
  }
  return all == 0 ? 0 : 2 * static_cast<double>(shared) / static_cast<double>(all);
}

TEST(FuzzyMatchTest, RandomTextsAgreeWithTheDefinition) {
  RandomStream random(5, "fuzzy", 1);
  int worthy = 0;
  for (int round = 0; round < 6000; ++round) {
    const auto word = [&] {
      static const char* const kWords[] = {"alpha", "beta", "gamma", "x = 1", "y(2)", "", "return"};
      std::string line(kWords[random.below(std::size(kWords))]);
      if (random.chance(0.5)) line += std::to_string(random.below(30));
      if (random.chance(0.5)) line += kWords[random.below(std::size(kWords))];
      return line;
    };
    std::string text, search;
    for (std::uint64_t i = 1 + random.below(9); i > 0; --i) text += word() + "\n";
    for (std::uint64_t i = 1 + random.below(3); i > 0; --i) search += "\n" + word();
    const auto text_lines = split(text, '\n');
    const auto search_lines = split(std::string_view(search).substr(1), '\n');
    std::uint64_t steps = kPlenty;
    const SimilarPlaces found = find_similar(text_lines, search_lines, steps);
    double best = 0;
    for (std::size_t i = 0; i + search_lines.size() <= text_lines.size(); ++i) {
      best = std::max(best, similarity_at(text_lines, search_lines, i));
    }
    if (best < 0.7) continue;
    ++worthy;
    // Gaps can only make it better; all windows are looked at in so short a text.
    ASSERT_FALSE(found.places.empty()) << text << "-----\n" << search;
    ASSERT_GE(found.places.front().similarity, best - 1e-9) << text << "-----" << search;
    for (const SimilarPlace& place : found.places) {
      ASSERT_LE(place.similarity, 1);
      ASSERT_LE(place.similarity, found.places.front().similarity);
      for (std::size_t p = 1; p < place.pairs.size(); ++p) {
        ASSERT_LT(place.pairs[p - 1].search, place.pairs[p].search);
        ASSERT_LT(place.pairs[p - 1].text, place.pairs[p].text);
      }
      ASSERT_LE(place.first + place.count, text_lines.size());
    }
  }
  EXPECT_GT(worthy, 500);
}

}  // namespace
}  // namespace genesis
