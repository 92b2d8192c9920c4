#include "genesis/program/fuzzy_merge.h"

#include <gtest/gtest.h>

#include <string>

#include "genesis/base/text.h"
#include "genesis/program/line_diff.h"

namespace genesis {
namespace {

/// All of `text` with the best place for `search` replaced.
std::string merged(std::string_view text, std::string_view search, std::string_view replace,
                   std::string_view newline = "\n") {
  const auto lines = lines_with_ends(text);
  std::uint64_t steps = 1'000'000'000;
  const SimilarPlaces found = find_similar(lines, split(search, '\n'), steps);
  if (found.places.empty()) return "nothing alike";
  const SimilarPlace& place = found.places.front();
  const auto made = merge_place(lines, place, search, replace, newline);
  if (!made) return "error: " + made.error();
  std::string out;
  for (std::size_t i = 0; i < place.first; ++i) out += lines[i];
  out += *made;
  for (std::size_t i = place.first + place.count; i < lines.size(); ++i) out += lines[i];
  return out;
}

TEST(FuzzyMergeTest, MergesByTheRules) {
  const struct {
    const char* name;
    const char* text;
    const char* search;
    const char* replace;
    const char* expected;
  } cases[] = {
      {"what REPLACE repeats stays", "rate = 0.48\ntotal = compute(rate)\n",
       "rate = 0.5\ntotal = compute(rate)", "rate = 0.5\ntotal = compute(rate, 2)",
       "rate = 0.48\ntotal = compute(rate, 2)\n"},
      {"what REPLACE changes goes", "rate = 0.48\ntotal = compute(rate)\n",
       "rate = 0.5\ntotal = compute(rate)", "rate = 0.9\ntotal = compute(rate)",
       "rate = 0.9\ntotal = compute(rate)\n"},
      {"unseen lines stay", "first = 1\n# a remark of nobody\nsecond = 2\n",
       "first = 1\nsecond = 2", "first = 1\nsecond = 3",
       "first = 1\n# a remark of nobody\nsecond = 3\n"},
      {"unseen lines inside a run go", "first = 1\n# a remark\nsecond = 2\n",
       "first = 1\nsecond = 2", "both = 3", "both = 3\n"},
      {"lines that are not there stay away", "first = 1\nsecond_value = 2\n",
       "first = 1\nnot_there()\nsecond_value = 2", "first = 1\nnot_there()\nsecond_value = 3",
       "first = 1\nsecond_value = 3\n"},
      {"added between", "first_one = 1\nsecond = 2\n", "first_two = 1\nsecond = 2",
       "first_two = 1\nnew = 9\nsecond = 2", "first_one = 1\nnew = 9\nsecond = 2\n"},
      {"added behind", "first_one = 1\nsecond = 2\n", "first_two = 1\nsecond = 2",
       "first_two = 1\nsecond = 2\nnew = 9", "first_one = 1\nsecond = 2\nnew = 9\n"},
      {"removed", "first_one = 1\nsecond = 2\nthird = 3\n", "first_two = 1\nsecond = 2",
       "first_two = 1", "first_one = 1\nthird = 3\n"},
      {"all removed", "first_one = 1\nsecond = 2\nthird = 3\n", "first_two = 1\nsecond = 2", "",
       "third = 3\n"},
      {"indentation", "    if ready:\n        start(1)\n", "if ready:\n  start(2)",
       "if ready:\n  start(3)\n  wait()\nstop()",
       "    if ready:\n        start(3)\n        wait()\n    stop()\n"},
      {"blank lines", "first_one = 1\n\nsecond = 2\n", "first_two = 1\nsecond = 2",
       "first_two = 1\nsecond = 5", "first_one = 1\n\nsecond = 5\n"},
      {"not there, to be changed", "first_value = 1\nthird_value = 3\n",
       "first_value = 1\nxyz()\nthird_value = 3", "first_value = 1\nabc()\nthird_value = 3",
       "error: REPLACE changes a line that is not there: 'xyz()'"},
      {"indentation out of order", "        if is_ready:\n    start(1)\n",
       "if is_ready:\n    start(2)", "pass",
       "error: its lines are indented in another way than those of SEARCH"},
  };
  for (const auto& c : cases) {
    EXPECT_EQ(merged(c.text, c.search, c.replace), c.expected) << c.name;
  }
}

TEST(FuzzyMergeTest, NewLinesEndAsAsked) {
  EXPECT_EQ(merged("first_one = 1\r\nsecond = 2\r\n", "first_two = 1\nsecond = 2",
                   "first_two = 1\nnew\nsecond = 3", "\r\n"),
            "first_one = 1\r\nnew\r\nsecond = 3\r\n");
}

TEST(FuzzyMergeTest, NothingChangesWhenReplaceRepeatsSearch) {
  const std::string text = "a = compute(1)\n\n  # what\nb = compute(2)\nc = compute(3)\n";
  for (const char* const search : {"a = compute(9)\nb = compute(2)",
                                   "b = compte(2)\nc = compute(3)", "# what\nb = compute(3)"}) {
    EXPECT_EQ(merged(text, search, search), text) << search;
  }
}

}  // namespace
}  // namespace genesis
