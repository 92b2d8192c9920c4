#include "genesis/program/search_replace.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace genesis {
namespace {

using ::testing::HasSubstr;

std::string block(const std::string& search, const std::string& replace) {
  const auto half = [](const std::string& text) { return text.empty() ? text : text + "\n"; };
  return "<<<<<<< SEARCH\n" + half(search) + "=======\n" + half(replace) + ">>>>>>> REPLACE\n";
}

Result<EditedText> edited_by(const std::string& text, const std::string& answer,
                             const char* name = "python", const EditOptions& options = {}) {
  GENESIS_TRY_ASSIGN(const EditScript script, read_edit_script(answer, {"main.py"}));
  FileEdits edits{"main.py", text, {}, script.blocks.size()};
  for (const EditBlock& edit : script.blocks) edits.blocks.push_back(&edit);
  return apply_search_replace(edits, *find_language(name), options);
}

std::string applied(const std::string& text, const std::string& answer, const char* name = "python",
                    const EditOptions& options = {}) {
  const auto edited = edited_by(text, answer, name, options);
  return edited ? edited->text : "error: " + edited.error().message;
}

/// `content` as the one editable region between lines that are not.
std::string program(const std::string& content) {
  return "import x\n# EVOLVE-BLOCK-START\n" + content + "# EVOLVE-BLOCK-END\nmain()\n";
}

TEST(SearchReplaceTest, AppliesByTheRules) {
  const struct {
    const char* name;
    std::string content;
    std::string answer;
    std::string expected;
  } cases[] = {
      {"one line", "a\nb\n", block("a", "c"), "c\nb\n"},
      {"part of a line", "f(1)\n", block("1", "2"), "f(2)\n"},
      {"first occurrence", "a\na\n", block("a", "b"), "b\na\n"},
      {"in order", "a\n", block("a", "b") + block("b", "c"), "c\n"},
      {"insertion", "a\n", block("", "b\nc"), "a\nb\nc\n"},
      {"insertion into nothing", "", block("", "b"), "b\n"},
      {"blank search inserts", "a\n", block("  \n", "b"), "a\nb\n"},
      {"two insertions", "a\n", block("", "b") + block("", "c"), "a\nb\nc\n"},
      {"markers removed", "a\nb\n",
       block("# EVOLVE-BLOCK-START\na", "# EVOLVE-BLOCK-START\nc\n# EVOLVE-BLOCK-END"), "c\nb\n"},
      {"only markers is empty", "a\n", block("# EVOLVE-BLOCK-END", "b"), "a\nb\n"},
      {"whole lines are removed", "a\n  b\nc\n", block("b", ""), "a\nc\n"},
      {"parts of lines are removed", "a b\n", block(" b", ""), "a\n"},
      {"all is removed", "a\nb\n", block("a\nb", ""), ""},
      {"trailing blank line of search", "a\n\nb\n", block("a\n", "c"), "c\nb\n"},
      {"search up to the marker", "a\n", block("a\n", "c"), "c\n"},
      {"white space", "a  \nb\n", block("a\nb", "c"), "c\n"},
      {"indentation", "  if a:\n    b\n", block("if a:\n  b", "if c:\n  d\ne"),
       "  if c:\n    d\n  e\n"},
      {"tabs", "\tif a:\n\t\tb\n", block("    if a:\n        b", "    if c:\n        d"),
       "\tif c:\n\t\td\n"},
      {"one line becomes two", "  a\n", block("a", "b\nc"), "  b\n  c\n"},
      {"one line becomes a block", "  a\n", block("a", "if b:\n    c"), "  if b:\n    c\n"},
      {"not utf-8", "\xff\nb\n", block("\xff", "\xfe"), "\xfe\nb\n"},
  };
  for (const auto& c : cases) {
    EXPECT_EQ(applied(program(c.content), c.answer), program(c.expected)) << c.name;
  }
}

TEST(SearchReplaceTest, ImmutableTextIsPassedOver) {
  const std::string text = "a\n# EVOLVE-BLOCK-START\na\n# EVOLVE-BLOCK-END\na\n";
  EXPECT_EQ(applied(text, block("a", "b")), "a\n# EVOLVE-BLOCK-START\nb\n# EVOLVE-BLOCK-END\na\n");
}

TEST(SearchReplaceTest, CarriageReturnsAreKeptAndAdded) {
  const std::string text = "x\r\n// EVOLVE-BLOCK-START\r\na\r\nb\r\n// EVOLVE-BLOCK-END\r\n";
  EXPECT_EQ(applied(text, block("a\nb", "c\nd"), "cpp"),
            "x\r\n// EVOLVE-BLOCK-START\r\nc\r\nd\r\n// EVOLVE-BLOCK-END\r\n");
  EXPECT_EQ(applied(text, block("", "e"), "cpp"),
            "x\r\n// EVOLVE-BLOCK-START\r\na\r\nb\r\ne\r\n// EVOLVE-BLOCK-END\r\n");
}

TEST(SearchReplaceTest, ImmutableTrailingSpaceAndMissingNewlineStay) {
  const std::string text = "x  \n# EVOLVE-BLOCK-START\na  \n# EVOLVE-BLOCK-END  \ny\t";
  EXPECT_EQ(applied(text, block("a", "b")),
            "x  \n# EVOLVE-BLOCK-START\nb  \n# EVOLVE-BLOCK-END  \ny\t");
}

TEST(SearchReplaceTest, InsertsIntoTheLastBlock) {
  const std::string one = "# EVOLVE-BLOCK-START\na\n# EVOLVE-BLOCK-END\n";
  EXPECT_EQ(applied(one + "x\n" + one, block("", "b")),
            one + "x\n# EVOLVE-BLOCK-START\na\nb\n# EVOLVE-BLOCK-END\n");
}

TEST(SearchReplaceTest, NestedMarkersStay) {
  const std::string text =
      "# EVOLVE-BLOCK-START\na\n# EVOLVE-BLOCK-START\nb\n# EVOLVE-BLOCK-END\nc\n"
      "# EVOLVE-BLOCK-END\n";
  EXPECT_EQ(applied(text, block("b", "B") + block("", "d")),
            "# EVOLVE-BLOCK-START\na\n# EVOLVE-BLOCK-START\nB\n# EVOLVE-BLOCK-END\nc\nd\n"
            "# EVOLVE-BLOCK-END\n");
  EXPECT_THAT(applied(text, block("EVOLVE-BLOCK", "x")),
              HasSubstr("not wholly inside one editable region"));
}

TEST(SearchReplaceTest, Rejections) {
  const struct {
    std::string text;
    std::string answer;
    std::string message;
  } cases[] = {
      {"a\n", block("a", "b"),
       "error: main.py has no EVOLVE-BLOCK markers, so nothing in it may be edited; put # "
       "EVOLVE-BLOCK-START and # EVOLVE-BLOCK-END around what may"},
      {"# EVOLVE-BLOCK-START\na\n", block("a", "b"),
       "error: reading EVOLVE-BLOCK markers: EVOLVE-BLOCK-START on line 1 has no EVOLVE-BLOCK-END "
       "after it"},
      {program("a\n"), block("", ""),
       "error: SEARCH/REPLACE block 1 of 1 (line 1 of the answer): both halves are empty. No block "
       "was applied.\n"},
      {program("# EVOLVE x\n"), block("q", "b"),
       "error: SEARCH/REPLACE block 1 of 1 (line 1 of the answer): the SEARCH text is not in "
       "main.py, and it is too short to be matched approximately (10 letters at least). No block "
       "was applied.\nSEARCH text:\n  | q\nEditable regions (1):\n  lines 3-3:\n"
       "    # EVOLVE x\nWhat to do:\n"
       "  - Copy the lines to replace from the program exactly, white space included.\n"
       "  - To add lines and replace none, leave SEARCH empty: they go to the end of the last "
       "editable region.\n"},
      {program("# EVOLVE\n"), block("EVOLVE", "EVOLVE-BLOCK-END"),
       // A REPLACE that is only a marker line is empty, so the line goes.
       "import x\n# EVOLVE-BLOCK-START\n# \n# EVOLVE-BLOCK-END\nmain()\n"},
      {program("# EVOLVE-BLOCK-xEND\n"), block("xEND", "END: # x"),
       "error: SEARCH/REPLACE block 1 of 1 (line 1 of the answer): the edit would make a new "
       "EVOLVE-BLOCK marker line; leave markers out. No block was applied.\n"},
      {program("# EVOLVE-BLOCK-xEND\n"), block("x", ""),
       "error: SEARCH/REPLACE block 1 of 1 (line 1 of the answer): the edit would make a new "
       "EVOLVE-BLOCK marker line; leave markers out. No block was applied.\n"},
      {program("a\n"), block("import x", "import y"),
       "error: SEARCH/REPLACE block 1 of 1 (line 1 of the answer): the SEARCH text is in main.py, "
       "on line 1, but not wholly inside one editable region. No block was applied.\n"
       "SEARCH text:\n  | import x\nEditable regions (1):\n  lines 3-3:\n    a\nWhat to do:\n"
       "  - Change only lines between EVOLVE-BLOCK-START and EVOLVE-BLOCK-END.\n"
       "  - To add lines and replace none, leave SEARCH empty: they go to the end of the last "
       "editable region.\n"},
  };
  for (const auto& c : cases) EXPECT_EQ(applied(c.text, c.answer), c.message) << c.answer;
}

TEST(SearchReplaceTest, FailuresShowWhatIsThere) {
  const std::string text = program("for i in range(10):\n    total += i\nprint(total)\n");
  const std::string answer =
      block("print(total)", "print(1)") + block("for k in something:\n    total += i", "pass");
  EXPECT_EQ(applied(text, answer),
            "error: SEARCH/REPLACE block 2 of 2 (line 6 of the answer): the SEARCH text is not in "
            "main.py, and nothing in it is 80 % like it. No block was applied.\n"
            "SEARCH text:\n"
            "  | for k in something:\n"
            "  |     total += i\n"
            "Nearest place: lines 3-4 (72 % alike, editable); - is yours, + is the program's:\n"
            "  -for k in something:\n"
            "  +for i in range(10):\n"
            "       total += i\n"
            "Editable regions (1):\n"
            "  lines 3-5:\n"
            "    for i in range(10):\n"
            "        total += i\n"
            "    print(1)\n"
            "What to do:\n"
            "  - Copy lines 3-4 of the program exactly, white space included.\n"
            "  - To add lines and replace none, leave SEARCH empty: they go to the end of the last "
            "editable region.\n");
}

TEST(SearchReplaceTest, SimilarLinesAreFoundAndMerged) {
  const std::string text =
      program("for i in range(10):\n    total += i  # the sum\nprint(total)\n");
  const auto edited = edited_by(
      text, block("for i in range(11):\n    total += i", "for i in range(11):\n    x = i"));
  ASSERT_TRUE(edited) << edited.error().message;
  EXPECT_EQ(edited->text, program("for i in range(10):\n    x = i\nprint(total)\n"));
  ASSERT_EQ(edited->hunks.size(), 1u);
  const HunkReport& hunk = edited->hunks.front();
  EXPECT_EQ(hunk.file, "main.py");
  EXPECT_EQ(hunk.step, HunkStep::fuzzy);
  EXPECT_NEAR(hunk.similarity, 0.83, 0.02);
  EXPECT_EQ(hunk.answer_line, 1u);
  EXPECT_EQ(hunk.first_line, 3u);
  EXPECT_EQ(hunk.last_line, 4u);
  EXPECT_EQ(hunk.difference,
            "-for i in range(11):\n-    total += i\n+for i in range(10):\n"
            "+    total += i  # the sum\n");
}

TEST(SearchReplaceTest, EachStepIsReported) {
  const std::string text = program("first = 1  \nsecond = 2\n  third = 3\n  fourth = 4\n");
  const auto edited = edited_by(
      text, block("first =", "f =") + block("f = 1\nsecond = 2", "s = 2\nq = 5") +
                block("third = 3\nfourth = 4", "t = 3") + block("", "u = 1") + block("q", "r"));
  ASSERT_TRUE(edited) << edited.error().message;
  EXPECT_EQ(edited->text, program("s = 2\nr = 5\n  t = 3\nu = 1\n"));
  EXPECT_EQ(describe_hunks(edited->hunks),
            "main.py, line 3: exact\n"
            "main.py, lines 3-4: whitespace\n"
            "main.py, lines 5-6: indentation\n"
            "  -third = 3\n  -fourth = 4\n  +  third = 3\n  +  fourth = 4\n"
            "main.py, before line 6: insertion\n"
            "main.py, line 4: exact\n");
}

TEST(SearchReplaceTest, FuzzyMatchingKnowsItsLimits) {
  const std::string rows =
      program("weights_of_all[0] = 0.25\nweights_of_all[1] = 0.35\nother = 1\n");
  // Two places are as good.
  EXPECT_THAT(applied(rows, block("weights_of_all[9] = 0.45", "weights[9] = 1")),
              HasSubstr("the SEARCH text is not in main.py, and 2 places are about equally like it "
                        "(one must be ahead by 5 %). No block was applied."));
  EXPECT_THAT(applied(rows, block("weights_of_all[9] = 0.45", "weights[9] = 1")),
              HasSubstr("Nearest place: line 3 (91 % alike, editable); - is yours, + is the "
                        "program's:\n  -weights_of_all[9] = 0.45\n  +weights_of_all[0] = 0.25\n"
                        "Also near: line 4 (91 % alike, editable)\n"));
  // Outside the region, exactly or nearly: that is what was meant.
  const std::string outside =
      "value_of_all = compute(1)\n# EVOLVE-BLOCK-START\nvalue_of_all = compute(123)\n"
      "# EVOLVE-BLOCK-END\n";
  EXPECT_THAT(applied(outside, block("value_of_all = compute(1)", "x")),
              HasSubstr("on line 1, but not wholly inside one editable region"));
  EXPECT_THAT(applied(outside, block("value_of_al = compute(1)", "x")),
              HasSubstr("2 places are about equally like it"));
  EditOptions options;
  options.fuzzy.margin = 0;
  EXPECT_THAT(applied(outside, block("value_of_al = compute(1)", "x"), "python", options),
              HasSubstr("the place most like it is not wholly inside one editable region"));
  // What is to be changed must be there.
  EXPECT_THAT(
      applied(program("alpha = compute(1)\ngamma_value = compute(2)\ndelta = 1\n"),
              block("alpha = compute(1)\nxyz\ngamma_value = compute(2)",
                    "alpha = compute(1)\nabc\ngamma_value = compute(2)")),
      HasSubstr("the place most like it cannot be edited: REPLACE changes a line that is not "
                "there: 'xyz'"));
  options.fuzzy = {false, 0.8, 0.9, 0.05};
  const std::string off = applied(program("alpha = compute(10)\n"),
                                  block("alpha = compute(1)0", "x"), "python", options);
  EXPECT_THAT(off, HasSubstr("the SEARCH text is not in main.py. No block was applied."));
  EXPECT_THAT(off, HasSubstr("Nearest place: line 3 (94 % alike, editable)"));
  options.fuzzy = {true, 0.95, 0.9, 0.05};
  EXPECT_THAT(applied(program("alpha = compute(10)\n"), block("alpha = compute(1)0", "x"), "python",
                      options),
              HasSubstr("nothing in it is 95 % like it"));
  EXPECT_EQ(applied(program("alpha = compute(10)\n"), block("alpha = compute(1)0", "x")),
            program("x\n"));
}

TEST(SearchReplaceTest, WordsOnOtherFilesReachTheMessage) {
  EditOptions options;
  options.elsewhere = [](std::string_view search) {
    return "Look for " + std::string(search) + ".";
  };
  EXPECT_THAT(applied(program("a\n"), block("somewhere_else = 1", "x"), "python", options),
              HasSubstr("What to do:\n  - Look for somewhere_else = 1.\n"));
}

TEST(SearchReplaceTest, LongSearchesAreNotMatchedApproximately) {
  std::string lines;
  for (int i = 0; i < 1001; ++i) lines += "value = " + std::to_string(i) + "\n";
  EXPECT_THAT(applied(program(lines), block(lines + "end", "x")),
              HasSubstr("too long to be matched approximately (1000 lines or 64 KB at most)"));
}

TEST(SearchReplaceTest, FailuresSayThatAnEarlierBlockChangedTheText) {
  EXPECT_THAT(applied(program("alpha\n"), block("alpha", "beta") + block("alpha", "gamma")),
              HasSubstr("a block before this one changed this text"));
}

TEST(SearchReplaceTest, FailureMessagesStaySmallAndValid) {
  std::string content;
  for (int i = 0; i < 20000; ++i) content += std::string(40, '\xff') + std::to_string(i) + "\n";
  const std::string message = applied(program(content), block(content + "end", "x"));
  EXPECT_THAT(message, HasSubstr("… 19977 more lines"));
  EXPECT_THAT(message, HasSubstr("Use a shorter SEARCH text"));
  EXPECT_LT(message.size(), 20000u);
}

}  // namespace
}  // namespace genesis
