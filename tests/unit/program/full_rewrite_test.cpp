#include "genesis/program/full_rewrite.h"

#include <gtest/gtest.h>

namespace genesis {
namespace {

std::string applied(const std::string& text, const std::string& code) {
  const auto edited = apply_full_rewrite("main.py", text, "Here:\n```python\n" + code + "```\n",
                                         *find_language("python"));
  return edited ? edited->text : "error: " + edited.error().message;
}

const char* const kStart = "# EVOLVE-BLOCK-START\n";
const char* const kEnd = "# EVOLVE-BLOCK-END\n";

std::string program(const std::string& content) {
  return std::string("import x\n\n") + kStart + content + kEnd + "\nmain()\n";
}

TEST(FullRewriteTest, OneBlock) {
  const struct {
    const char* name;
    std::string code;
    std::string expected;
  } cases[] = {
      {"both markers", "anything\n" + std::string(kStart) + "b\n" + kEnd + "else\n", "b\n"},
      {"no markers", "b\nc\n", "b\nc\n"},
      {"blank lines around", "\n\n  b\n\n", "  b\n"},
      {"repeated head and tail", "import x\n\nb\n\nmain()\n", "b\n"},
      {"repeated head", "import x \nb\n", "b\n"},
      {"repeated tail", "b\nmain()\n", "b\n"},
      {"start only", std::string("import x\n") + kStart + "b\nmain()\n", "b\n"},
      {"end only", "import x\nb\n" + std::string(kEnd) + "rest\n", "b\n"},
      {"emptied between markers", std::string(kStart) + kEnd, ""},
      {"nested markers", std::string(kStart) + "b\n" + kStart + "c\n" + kEnd + kEnd,
       std::string("b\n") + kStart + "c\n" + kEnd},
  };
  for (const auto& c : cases) {
    EXPECT_EQ(applied(program("a\n"), c.code), program(c.expected)) << c.name;
  }
}

TEST(FullRewriteTest, SeveralBlocksKeepTheMissingOnes) {
  const auto text = [](const std::string& a, const std::string& b) {
    return std::string("x\n") + kStart + a + kEnd + "y\n" + kStart + b + kEnd;
  };
  const std::string one = std::string(kStart) + "A\n" + kEnd;
  const std::string two = std::string(kStart) + "B\n" + kEnd;
  EXPECT_EQ(applied(text("a\n", "b\n"), one + "y changed\n" + two), text("A\n", "B\n"));
  EXPECT_EQ(applied(text("a\n", "b\n"), one), text("A\n", "b\n"));
  EXPECT_EQ(applied(text("a\n", "b\n"), one + two + one),
            "error: full rewrite: the answer's code has 3 EVOLVE-BLOCK regions, but main.py has 2; "
            "write the same regions in the same order");
  EXPECT_EQ(
      applied(text("a\n", "b\n"), "A\n"),
      "error: full rewrite: main.py has 2 EVOLVE-BLOCK regions, so the answer's code must mark "
      "which is which: write # EVOLVE-BLOCK-START and # EVOLVE-BLOCK-END around each");
}

TEST(FullRewriteTest, LineEndsFollowTheProgram) {
  EXPECT_EQ(applied("// EVOLVE-BLOCK-START\r\na\r\n// EVOLVE-BLOCK-END", "b\nc\n"),
            "// EVOLVE-BLOCK-START\r\nb\r\nc\r\n// EVOLVE-BLOCK-END");
  EXPECT_EQ(applied(program("a\n"), "b\r\n\xff\r\n"), program("b\n\xff\n"));
}

TEST(FullRewriteTest, Rejections) {
  const struct {
    std::string text;
    std::string code;
    std::string message;
  } cases[] = {
      {"a\n", "b\n",
       "error: main.py has no EVOLVE-BLOCK markers, so nothing in it may be edited; put # "
       "EVOLVE-BLOCK-START and # EVOLVE-BLOCK-END around what may"},
      {program("a\n"), " \n", "error: full rewrite: the answer's code block is empty"},
      {program("a\n"), "import x\nmain()\n",
       "error: full rewrite: the answer's code leaves the editable region empty"},
      {program("a\n"), std::string(kEnd) + "b\n" + kStart,
       "error: full rewrite: in the answer's code, reading EVOLVE-BLOCK markers: EVOLVE-BLOCK-END "
       "on "
       "line 1 has no EVOLVE-BLOCK-START before it"},
      {program("a\n"), std::string(kStart) + "b\n" + kStart,
       "error: full rewrite: the answer's code has 2 EVOLVE-BLOCK-START markers and no END marker; "
       "write both around each region, or none"},
  };
  for (const auto& c : cases) EXPECT_EQ(applied(c.text, c.code), c.message);
}

}  // namespace
}  // namespace genesis
