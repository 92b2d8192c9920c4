#include "genesis/program/patch.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "genesis/base/rng.h"
#include "genesis/program/edit_blocks.h"

namespace genesis {
namespace {

const Language& python() {
  return *find_language("python");
}

std::string block(const std::string& search, const std::string& replace) {
  return "<<<<<<< SEARCH\n" + search + "\n=======\n" + replace + "\n>>>>>>> REPLACE\n";
}

const char* const kText = "x = 0\n# EVOLVE-BLOCK-START\na = 1\n# EVOLVE-BLOCK-END\n";

TEST(PatchTest, ReturnsAllThatAnAnswerSays) {
  const Program parent("main.py", kText);
  const auto result = apply_patch(PatchKind::diff, parent,
                                  "<NAME>\n two \nrest\n</NAME><DESCRIPTION>\nWhy.\nMore.\n"
                                  "</DESCRIPTION>\n<DIFF>\n" +
                                      block("a = 1", "a = 2\nb = 3") + "</DIFF>",
                                  python());
  ASSERT_TRUE(result) << result.error().message;
  EXPECT_EQ(result->child.text(),
            "x = 0\n# EVOLVE-BLOCK-START\na = 2\nb = 3\n# EVOLVE-BLOCK-END\n");
  EXPECT_EQ(result->name, "two");
  EXPECT_EQ(result->description, "Why.\nMore.");
  ASSERT_EQ(result->hunks.size(), 1u);
  EXPECT_EQ(result->hunks[0].step, HunkStep::exact);
  EXPECT_EQ(result->unified_diff,
            "--- a/main.py\n+++ b/main.py\n@@ -1,4 +1,5 @@\n x = 0\n # EVOLVE-BLOCK-START\n-a = 1\n"
            "+a = 2\n+b = 3\n # EVOLVE-BLOCK-END\n");
  EXPECT_EQ(result->summary, (DiffSummary{1, 0, 1, {{"main.py", 1, 0, 1}}}));
}

TEST(PatchTest, FullAndCrossTakeFencedCode) {
  for (const PatchKind kind : {PatchKind::full, PatchKind::cross}) {
    const auto result =
        apply_patch(kind, Program("main.py", kText), "<NAME>n</NAME>\n```py\na = 9\n```", python());
    ASSERT_TRUE(result) << result.error().message;
    EXPECT_EQ(result->child.text(), "x = 0\n# EVOLVE-BLOCK-START\na = 9\n# EVOLVE-BLOCK-END\n");
    EXPECT_EQ(result->name, "n");
    EXPECT_EQ(result->description, "");
  }
}

TEST(PatchTest, FixIsADiffOrAProgramByItsContent) {
  const Program parent("main.py", kText);
  const auto diff = apply_patch(PatchKind::fix, parent, block("a = 1", "a = 2"), python());
  ASSERT_TRUE(diff) << diff.error().message;
  EXPECT_EQ(diff->hunks.at(0).step, HunkStep::exact);
  const auto full = apply_patch(PatchKind::fix, parent, "```python\na = 2\n```", python());
  ASSERT_TRUE(full) << full.error().message;
  EXPECT_EQ(full->hunks.at(0).step, HunkStep::rewrite);
  EXPECT_EQ(diff->child, full->child);
  const auto unified =
      apply_patch(PatchKind::fix, parent,
                  "--- a/main.py\n+++ b/main.py\n@@ -3 +3 @@\n-a = 1\n+a = 2\n", python());
  ASSERT_TRUE(unified) << unified.error().message;
  EXPECT_EQ(unified->child, full->child);
  EXPECT_EQ(apply_patch(PatchKind::fix, parent, "I cannot.", python()).error().message,
            "the answer holds no code block in python. Write the whole program between ```python "
            "and ```");
}

TEST(PatchTest, FuzzyOptionsAreCheckedAndUsed) {
  const Program parent("main.py", "# EVOLVE-BLOCK-START\nvalue = compute(1)\n# EVOLVE-BLOCK-END\n");
  const std::string answer = block("value = compute(2)", "value = 3");
  PatchOptions options;
  EXPECT_TRUE(apply_patch(PatchKind::diff, parent, answer, python(), options));
  options.fuzzy.threshold = 0.99;
  EXPECT_FALSE(apply_patch(PatchKind::diff, parent, answer, python(), options));
  options.fuzzy = {false, 0.8, 0.9, 0.05};
  EXPECT_FALSE(apply_patch(PatchKind::diff, parent, answer, python(), options));
  options.fuzzy = {true, 80, 0.9, 0.05};
  const auto refused = apply_patch(PatchKind::diff, parent, answer, python(), options);
  EXPECT_EQ(refused.error().kind, ErrorKind::invalid_argument);
  EXPECT_EQ(refused.error().message, "fuzzy matching: the threshold is 80, but must be 0.6 to 1");
}

TEST(PatchTest, EditsTheNamedFileOnly) {
  const Program parent = *Program::create({{"a.py", kText}, {"b.py", kText}}, "a.py");
  PatchOptions options;
  options.file = "b.py";
  const auto result =
      apply_patch(PatchKind::diff, parent, block("a = 1", "a = 2"), python(), options);
  ASSERT_TRUE(result) << result.error().message;
  EXPECT_EQ(result->child.files()[0], parent.files()[0]);
  EXPECT_NE(result->child.files()[1], parent.files()[1]);
  EXPECT_EQ(result->child.primary().path, "a.py");
  options.file = "c.py";
  EXPECT_EQ(apply_patch(PatchKind::diff, parent, "", python(), options).error().message,
            "applying a diff patch: the program has no file 'c.py'");
  EXPECT_FALSE(apply_patch(PatchKind::full, Program(), "", python()));
}

TEST(PatchTest, KindsHaveNames) {
  for (const PatchKind kind :
       {PatchKind::diff, PatchKind::full, PatchKind::cross, PatchKind::fix}) {
    EXPECT_EQ(parse_patch_kind(to_string(kind)).value(), kind);
  }
  EXPECT_EQ(parse_patch_kind("dif").error().message,
            "unknown patch type 'dif', did you mean 'diff'? (there are diff, full, cross, fix)");
}

/// What is outside the blocks, marker lines included.
std::string immutable_text(const std::string& text) {
  std::string outside;
  std::size_t from = 0;
  const auto blocks = find_blocks(text, python()).value();
  for (const Block& found : blocks) {
    outside += text.substr(from, found.begin - from);
    from = found.end;
  }
  return outside + text.substr(from);
}

std::string random_lines(RandomStream& random, std::uint64_t most) {
  static const char* const kLines[] = {"a = 1",
                                       "  b = 2",
                                       "",
                                       "\tc()",
                                       "a = 1  ",
                                       "x\xff",
                                       "# EVOLVE-BLOCK-START",
                                       "# EVOLVE-BLOCK-END",
                                       "=======",
                                       "EVOLVE-BLOCK-",
                                       "END",
                                       "```"};
  std::string text;
  for (std::uint64_t i = random.below(most + 1); i > 0; --i) {
    text += kLines[random.below(std::size(kLines))];
    text += random.chance(0.1) ? "\r\n" : "\n";
  }
  return text;
}

std::string random_program(RandomStream& random) {
  static const char* const kLines[] = {"a = 1",   "  b = 2", "",    "\tc()",
                                       "a = 1  ", "x\xff",   "END", "EVOLVE-BLOCK-"};
  const std::string newline = random.chance(0.2) ? "\r\n" : "\n";
  const auto lines = [&] {
    std::string text;
    for (std::uint64_t i = random.below(5); i > 0; --i) {
      text += kLines[random.below(std::size(kLines))] + newline;
    }
    return text;
  };
  std::string text = lines();
  for (std::uint64_t i = random.below(3) + 1; i > 0; --i) {
    text += "  # EVOLVE-BLOCK-START" + newline + lines();
    if (random.chance(0.3)) {
      text += "# EVOLVE-BLOCK-START" + newline + lines() + "# EVOLVE-BLOCK-END" + newline;
    }
    text += "# EVOLVE-BLOCK-END" + newline + lines();
  }
  if (random.chance(0.3)) text += "last";
  return text;
}

TEST(PatchTest, RandomAnswersNeverChangeImmutableText) {
  RandomStream random(7, "patches", 1);
  int applied = 0;
  for (int round = 0; round < 20000; ++round) {
    const std::string text = random_program(random);
    const bool diff = random.chance(0.7);
    std::string answer;
    if (diff) {
      for (std::uint64_t i = random.below(3) + 1; i > 0; --i) {
        answer += "<<<<<<< SEARCH\n" + random_lines(random, 2) + "=======\n" +
                  random_lines(random, 3) + ">>>>>>> REPLACE\n";
      }
    } else {
      answer = "```python\n" + random_lines(random, 8) + "```\n";
    }
    const PatchKind kind = random.chance(0.3) ? PatchKind::fix
                           : diff             ? PatchKind::diff
                                              : PatchKind::full;
    const auto result = apply_patch(kind, Program("main.py", text), answer, python());
    if (!result) {
      ASSERT_FALSE(result.error().message.empty());
      continue;
    }
    ++applied;
    ASSERT_EQ(immutable_text(result->child.text()), immutable_text(text)) << text << "\n-----\n"
                                                                          << answer;
    ASSERT_EQ(result->unified_diff.empty(), result->child.text() == text);
  }
  EXPECT_GT(applied, 4000);
}

TEST(PatchTest, AMegabyteIsEditedAndDiffed) {
  std::string content, rewritten;
  for (int i = 0; content.size() < (1u << 20); ++i) {
    content += "value_" + std::to_string(i) + " = " + std::to_string(i * 7 % 1000) + "\n";
    rewritten += "value_" + std::to_string(i) + " = " + std::to_string(i * 3 % 1000) + "\n";
  }
  const Program parent("main.py", "# EVOLVE-BLOCK-START\n" + content + "# EVOLVE-BLOCK-END\n");
  const auto edited =
      apply_patch(PatchKind::diff, parent, block("value_40000 = 0", "value_40000 = 1"), python());
  ASSERT_TRUE(edited) << edited.error().message;
  EXPECT_EQ(edited->summary.modified, 1u);
  EXPECT_EQ(edited->child.size(), parent.size());
  const auto full =
      apply_patch(PatchKind::full, parent, "```python\n" + rewritten + "```\n", python());
  ASSERT_TRUE(full) << full.error().message;
  EXPECT_EQ(full->child.text(), "# EVOLVE-BLOCK-START\n" + rewritten + "# EVOLVE-BLOCK-END\n");
  EXPECT_GT(full->summary.modified, 10000u);
  const auto whole = apply_patch(PatchKind::diff, parent,
                                 block(content.substr(0, content.size() - 1), "x = 1"), python());
  ASSERT_TRUE(whole) << whole.error().message;
  EXPECT_EQ(whole->child.text(), "# EVOLVE-BLOCK-START\nx = 1\n# EVOLVE-BLOCK-END\n");
}

}  // namespace
}  // namespace genesis
