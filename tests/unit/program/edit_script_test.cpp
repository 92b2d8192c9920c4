#include "genesis/program/edit_script.h"

#include <gtest/gtest.h>

namespace genesis {
namespace {

Result<std::vector<EditBlock>> read_blocks(std::string_view answer) {
  auto script = read_edit_script(answer, {"main.py"});
  if (!script) return tl::unexpected<Error>(std::move(script.error()));
  return std::move(script->blocks);
}

TEST(EditScriptTest, ReadsEditBlocksWithProseAround) {
  const std::string answer =
      "Sure! <DIFF>\nFirst:\n```python\n<<<<<<< SEARCH\na\n\nb\n=======\nc\n>>>>>>> REPLACE\n```\n"
      "  <<<<<<<  SEARCH \r\nx\r\n  =======\r\n  >>>>>>>REPLACE\r\n</DIFF> Done.";
  const auto blocks = read_blocks(answer);
  ASSERT_TRUE(blocks) << blocks.error().message;
  ASSERT_EQ(blocks->size(), 2u);
  EXPECT_EQ(blocks->at(0).search, "a\n\nb");
  EXPECT_EQ(blocks->at(0).replace, "c");
  EXPECT_EQ(blocks->at(0).line, 4u);
  EXPECT_EQ(blocks->at(1).search, "x");
  EXPECT_EQ(blocks->at(1).replace, "");
  EXPECT_EQ(blocks->at(1).line, 12u);
}

TEST(EditScriptTest, EditBlocksNeedNoDiffTag) {
  const char* const block = "<<<<<<< SEARCH\n=======\nnew\n=======\n>>>>>>> REPLACE";
  for (const std::string& answer : {std::string(block), "<DIFF>\n" + std::string(block),
                                    "<DIFF></DIFF>\n" + std::string(block)}) {
    const auto blocks = read_blocks(answer);
    ASSERT_TRUE(blocks) << answer;
    EXPECT_EQ(blocks->at(0).search, "");
    EXPECT_EQ(blocks->at(0).replace, "new\n=======");
  }
}

constexpr const char* kForm =
    "<<<<<<< SEARCH\n(lines copied from the program)\n=======\n(the new lines)\n>>>>>>> REPLACE";

TEST(EditScriptTest, BrokenEditBlocksAreRefused) {
  const std::string whole = "<<<<<<< SEARCH\na\n=======\nb\n>>>>>>> REPLACE\n";
  const std::string form = std::string(". Each block must be:\n") + kForm;
  const struct {
    std::string answer;
    std::string message;
  } cases[] = {
      {"",
       std::string("the answer holds no SEARCH/REPLACE block. Write at least one, inside <DIFF> "
                   "and </DIFF>:\n") +
           kForm},
      {"<<<<<<< SEARCH\na\n",
       "SEARCH/REPLACE block 1 (line 1 of the answer) has no ======= row; perhaps the answer was "
       "cut off" +
           form},
      {whole + "<<<<<<< SEARCH\na\n=======\nb\n",
       "SEARCH/REPLACE block 2 (line 6 of the answer) has no >>>>>>> REPLACE row; perhaps the "
       "answer was cut off" +
           form},
      {"\n<<<<<<< SEARCH\na\n>>>>>>> REPLACE\n",
       "SEARCH/REPLACE block 1 (line 2 of the answer) has no ======= row" + form},
      {"<<<<<<< SEARCH\na\n" + whole,
       "SEARCH/REPLACE block 1 (line 1 of the answer) has no ======= row before the next block" +
           form},
      {"<<<<<<< SEARCH\na\n=======\n" + whole,
       "SEARCH/REPLACE block 1 (line 1 of the answer) has no >>>>>>> REPLACE row before the next "
       "block" +
           form},
  };
  for (const auto& c : cases) {
    const auto blocks = read_blocks(c.answer);
    ASSERT_FALSE(blocks) << c.answer;
    EXPECT_EQ(blocks.error().kind, ErrorKind::parse);
    EXPECT_EQ(blocks.error().message, c.message);
  }
}

TEST(EditScriptTest, TooManyEditBlocksAreRefused) {
  std::string answer;
  for (std::size_t i = 0; i < kMaxEditBlocks; ++i) {
    answer += "<<<<<<< SEARCH\na\n=======\nb\n>>>>>>> REPLACE\n";
  }
  EXPECT_EQ(read_blocks(answer)->size(), kMaxEditBlocks);
  answer += answer.substr(0, answer.size() / kMaxEditBlocks);
  EXPECT_EQ(read_blocks(answer).error().message,
            "the answer holds 201 SEARCH/REPLACE blocks, more than 200; change less at a time or "
            "rewrite the whole program");
}

/// "file|search|replace" of each block, then "-file" of each removal.
std::vector<std::string> outline(std::string_view answer, const std::vector<std::string>& files) {
  const auto script = read_edit_script(answer, files);
  if (!script) return {"error: " + script.error().message};
  std::vector<std::string> lines;
  for (const EditBlock& block : script->blocks) {
    lines.push_back((block.creates ? "new " : "") + std::string(block.file) + "|" + block.search +
                    "|" + block.replace);
  }
  for (const FileRemoval& removal : script->removals) {
    lines.push_back("-" + std::string(removal.file));
  }
  return lines;
}

const char* const kBlock = "<<<<<<< SEARCH\na\n=======\nb\n>>>>>>> REPLACE\n";

TEST(EditScriptTest, AFileHoldsUntilTheNextOne) {
  const std::string block = kBlock;
  const std::vector<std::string> files = {"lib/b.py", "main.py"};
  EXPECT_EQ(outline(block + "main.py\n" + block + block + "Now the library:\n\n### `lib/b.py`\n\n" +
                        "```python\n" + block + "```\n",
                    files),
            (std::vector<std::string>{"|a|b", "main.py|a|b", "main.py|a|b", "lib/b.py|a|b"}));
  EXPECT_EQ(outline("```python lib/b.py\n" + block + "```\n", files),
            std::vector<std::string>{"lib/b.py|a|b"});
  EXPECT_EQ(outline("diff --git a/lib/b.py b/lib/b.py\n" + block, files),
            std::vector<std::string>{"lib/b.py|a|b"});
  EXPECT_EQ(outline("--- a/lib/b.py\n+++ b/lib/b.py\n" + block, files),
            std::vector<std::string>{"lib/b.py|a|b"});
  // A path inside a block is text of the program.
  EXPECT_EQ(outline("<<<<<<< SEARCH\nmain.py\n=======\nlib/b.py\n>>>>>>> REPLACE\n", files),
            std::vector<std::string>{"|main.py|lib/b.py"});
}

TEST(EditScriptTest, UnifiedDiffsBecomeBlocks) {
  const std::vector<std::string> files = {"a.py", "b.py"};
  EXPECT_EQ(
      outline("Here it is:\n```diff\n--- a/a.py\t2026-01-01\n+++ b/a.py\t2026-01-02\n"
              "@@ -1,3 +1,3 @@ def f():\n x = 1\n-y = 2\n+y = 3\n\n z = 4\n"
              "@@ -9 +9 @@\n-q\n\\ No newline at end of file\n+r\n```\n",
              files),
      (std::vector<std::string>{"a.py|x = 1\ny = 2\n\nz = 4|x = 1\ny = 3\n\nz = 4", "a.py|q|r"}));
  EXPECT_EQ(outline("diff --git a/a.py b/a.py\nindex 12..34 100644\n--- a/a.py\n+++ b/a.py\n@@\n"
                    "-x\n+y\n--- a/b.py\n+++ b/b.py\n@@ @@\n-1\n+2\n\nThat is all.\n",
                    files),
            (std::vector<std::string>{"a.py|x|y", "b.py|1|2"}));
  EXPECT_EQ(outline("--- /dev/null\n+++ b/c.py\n@@ -0,0 +1,2 @@\n+new = 1\n+\n+more = 2\n", files),
            std::vector<std::string>{"new c.py||new = 1\n\nmore = 2"});
  EXPECT_EQ(outline("--- a/b.py\n+++ /dev/null\n@@ -1 +0,0 @@\n-gone\n", files),
            std::vector<std::string>{"-b.py"});
  EXPECT_EQ(outline("diff --git a/b.py b/b.py\ndeleted file mode 100644\n--- a/b.py\n"
                    "+++ /dev/null\n@@ -1 +0,0 @@\n-gone\n",
                    files),
            std::vector<std::string>{"-b.py"});
  EXPECT_EQ(outline("**Delete file:** `b.py`\n", files), std::vector<std::string>{"-b.py"});
}

TEST(EditScriptTest, BrokenDiffsAreRefused) {
  const struct {
    const char* answer;
    const char* message;
  } cases[] = {
      {"--- a/a.py\n+++ b/b.py\n@@\n-x\n",
       "line 2 of the answer: the diff renames 'a.py' to 'b.py', and files cannot be renamed; "
       "delete the one and write the other"},
      {"--- /dev/null\n+++ /dev/null\n@@\n-x\n",
       "line 2 of the answer: a diff from /dev/null to /dev/null"},
      {"diff --git a/a.py b/c.py\nrename from a.py\nrename to c.py\n",
       "line 2 of the answer: 'rename from a.py' cannot be applied; delete the one file and write "
       "the other"},
      {"--- a/a.py\n+++ b/a.py\n@@ -1 +1 @@\n x\ndef f():\n-y\n+z\n",
       "line 5 of the answer is inside the diff hunk of line 3, but begins with neither a space, + "
       "nor -: 'def f():'"},
      {"--- a/a.py\n+++ b/a.py\n",
       "the answer holds no SEARCH/REPLACE block. Write at least one, inside <DIFF> and </DIFF>:\n"
       "<<<<<<< SEARCH\n(lines copied from the program)\n=======\n(the new lines)\n"
       ">>>>>>> REPLACE"},
  };
  for (const auto& c : cases) {
    EXPECT_EQ(outline(c.answer, {"a.py", "b.py"}),
              std::vector<std::string>{std::string("error: ") + c.message})
        << c.answer;
  }
}

TEST(EditScriptTest, KnowsEditsFromWholePrograms) {
  EXPECT_TRUE(holds_edits(kBlock));
  EXPECT_TRUE(holds_edits("x\n--- a/a.py\n+++ b/a.py\n@@ -1 +1 @@\n-x\n+y\n"));
  EXPECT_FALSE(holds_edits("```python\nx = 1\n```\n"));
  EXPECT_FALSE(holds_edits("--- a/a.py\n+++ b/a.py\n"));
  EXPECT_FALSE(holds_edits("@@ -1 +1 @@\n"));
  EXPECT_FALSE(holds_edits(""));
}

}  // namespace
}  // namespace genesis
