#include "genesis/program/unified_diff.h"

#include <gtest/gtest.h>

#include <cstdlib>

#include "genesis/base/files.h"
#include "genesis/base/rng.h"

namespace genesis {
namespace {

TEST(UnifiedDiffTest, LooksAsExpected) {
  const struct {
    const char* before;
    const char* after;
    std::size_t context;
    const char* diff;
  } cases[] = {
      {"a\n", "a\n", 3, ""},
      {"a\nb\nc\n", "a\nB\nc\n", 3, "--- a/f\n+++ b/f\n@@ -1,3 +1,3 @@\n a\n-b\n+B\n c\n"},
      {"", "a\n", 3, "--- a/f\n+++ b/f\n@@ -0,0 +1 @@\n+a\n"},
      {"a\n", "", 3, "--- a/f\n+++ b/f\n@@ -1 +0,0 @@\n-a\n"},
      {"a", "a\n", 3, "--- a/f\n+++ b/f\n@@ -1 +1 @@\n-a\n\\ No newline at end of file\n+a\n"},
      {"1\n2\n3\n4\n5\n6\n", "1\nx\n3\n4\ny\n6\n", 1,
       "--- a/f\n+++ b/f\n@@ -1,6 +1,6 @@\n 1\n-2\n+x\n 3\n 4\n-5\n+y\n 6\n"},
      {"1\n2\n3\n4\n5\n6\n", "1\nx\n3\n4\ny\n6\n", 0,
       "--- a/f\n+++ b/f\n@@ -2 +2 @@\n-2\n+x\n@@ -5 +5 @@\n-5\n+y\n"},
      {"1\n2\n3\n4\n", "1\n2\n2b\n3\n4\n", 0, "--- a/f\n+++ b/f\n@@ -2,0 +3 @@\n+2b\n"},
      {"a\r\n", "a\n", 3, "--- a/f\n+++ b/f\n@@ -1 +1 @@\n-a\r\n+a\n"},
      {"1\n2\n3\n", "1\n2\nx\n", kWholeFileContext,
       "--- a/f\n+++ b/f\n@@ -1,3 +1,3 @@\n 1\n 2\n-3\n+x\n"},
  };
  for (const auto& c : cases) {
    EXPECT_EQ(diff_texts("f", c.before, c.after, c.context).text, c.diff);
  }
}

TEST(UnifiedDiffTest, SummaryCountsEachRunOnItsOwn) {
  // 2 lines become 1 (1 modified, 1 deleted); further on 1 becomes 3 (1 modified, 2 added).
  const auto summary = diff_texts("f", "a\nb\nx\nc\n", "A\nx\nC\nD\nE\n").summary;
  EXPECT_EQ(summary.modified, 2u);
  EXPECT_EQ(summary.deleted, 1u);
  EXPECT_EQ(summary.added, 2u);
  EXPECT_EQ(summary.files, (std::vector<FileDiffSummary>{{"f", 2, 1, 2}}));
}

TEST(UnifiedDiffTest, ComparesAllFilesOfPrograms) {
  const Program before = *Program::create({{"a", "1\n"}, {"b", "2\n"}, {"c", "3\n"}}, "b");
  const Program after = *Program::create({{"b", "2\n"}, {"c", "4\n"}, {"d", "5\n"}}, "b");
  const Difference difference = diff_programs(before, after);
  EXPECT_EQ(difference.text,
            "--- a/a\n+++ /dev/null\n@@ -1 +0,0 @@\n-1\n"
            "--- a/c\n+++ b/c\n@@ -1 +1 @@\n-3\n+4\n"
            "--- /dev/null\n+++ b/d\n@@ -0,0 +1 @@\n+5\n");
  EXPECT_EQ(difference.summary,
            (DiffSummary{1, 1, 1, {{"a", 0, 1, 0}, {"c", 0, 0, 1}, {"d", 1, 0, 0}}}));
  EXPECT_TRUE(diff_programs(before, before).text.empty());
  EXPECT_TRUE(diff_programs(before, before).summary.files.empty());
}

/// Applies a unified diff as the format is defined, checking every count and context line.
std::string patched(const std::string& before, std::string_view diff) {
  const TempDir folder("diff");
  const std::string file = (folder.path() / "f").string();
  const std::string patch = (folder.path() / "p").string();
  EXPECT_TRUE(write_file(file, before));
  EXPECT_TRUE(write_file(patch, diff));
  const std::string command =
      "patch --binary -s -f -p1 -d " + folder.path().string() + " < " + patch + " >/dev/null 2>&1";
  EXPECT_EQ(std::system(command.c_str()), 0) << diff;
  return read_file(file).value_or("");
}

TEST(UnifiedDiffTest, ThePatchCommandAcceptsRandomDiffs) {
  if (std::system("patch --version >/dev/null 2>&1") != 0) GTEST_SKIP() << "patch is not installed";
  RandomStream random(3, "unified diff", 1);
  for (int round = 0; round < 60; ++round) {
    std::string before, after;
    for (std::uint64_t i = random.below(30) + 1; i > 0; --i) {
      before += std::string(1, static_cast<char>('a' + random.below(4))) + "\n";
    }
    for (const char c : before) {
      if (c == '\n' || !random.chance(0.3)) after += c;
      if (c == '\n' && random.chance(0.2)) after += "new\n";
    }
    if (random.chance(0.3) && !after.empty()) after.pop_back();
    if (before == after) continue;
    EXPECT_EQ(patched(before, diff_texts("f", before, after, random.below(4)).text), after);
  }
}

}  // namespace
}  // namespace genesis
