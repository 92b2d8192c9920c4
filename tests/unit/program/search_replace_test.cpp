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

std::string applied(const std::string& text, const std::string& answer,
                    const char* name = "python") {
  const auto edited = apply_search_replace("main.py", text, answer, *find_language(name));
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
       "main.py. No block was applied.\nSEARCH text:\n  | q\nEditable regions (1):\n  lines 3-3:\n"
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
      block("print(total)", "print(1)") + block("for i in range(11):\n    total += i", "pass");
  EXPECT_EQ(
      applied(text, answer),
      "error: SEARCH/REPLACE block 2 of 2 (line 6 of the answer): the SEARCH text is not in "
      "main.py. No block was applied.\n"
      "SEARCH text:\n"
      "  | for i in range(11):\n"
      "  |     total += i\n"
      "Lines like its first line:\n"
      "  line 3 (89 % alike, editable): for i in range(10):\n"
      "Most similar block: lines 3-4 (93 % alike, editable); - is yours, + is the program's:\n"
      "  -for i in range(11):\n"
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
