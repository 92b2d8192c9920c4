#include "genesis/program/answer_text.h"

#include <gtest/gtest.h>

namespace genesis {
namespace {

TEST(AnswerTextTest, ReadsTaggedText) {
  EXPECT_EQ(tagged_text("x <NAME>\n a b \n</NAME> <NAME>c</NAME>", "NAME"), "a b");
  EXPECT_EQ(tagged_text("<NAME></NAME>", "NAME"), "");
  EXPECT_EQ(tagged_text("<NAME>a", "NAME"), std::nullopt);
  EXPECT_EQ(tagged_text("</NAME><NAME>", "NAME"), std::nullopt);
  EXPECT_EQ(tagged_text("", "NAME"), std::nullopt);
}

TEST(AnswerTextTest, ReadsEditBlocksWithProseAround) {
  const std::string answer =
      "Sure! <DIFF>\nFirst:\n```python\n<<<<<<< SEARCH\na\n\nb\n=======\nc\n>>>>>>> REPLACE\n```\n"
      "  <<<<<<<  SEARCH \r\nx\r\n  =======\r\n  >>>>>>>REPLACE\r\n</DIFF> Done.";
  const auto blocks = find_edit_blocks(answer);
  ASSERT_TRUE(blocks) << blocks.error().message;
  ASSERT_EQ(blocks->size(), 2u);
  EXPECT_EQ(blocks->at(0).search, "a\n\nb");
  EXPECT_EQ(blocks->at(0).replace, "c");
  EXPECT_EQ(blocks->at(0).line, 4u);
  EXPECT_EQ(blocks->at(1).search, "x");
  EXPECT_EQ(blocks->at(1).replace, "");
  EXPECT_EQ(blocks->at(1).line, 12u);
}

TEST(AnswerTextTest, EditBlocksNeedNoDiffTag) {
  const char* const block = "<<<<<<< SEARCH\n=======\nnew\n=======\n>>>>>>> REPLACE";
  for (const std::string& answer : {std::string(block), "<DIFF>\n" + std::string(block),
                                    "<DIFF></DIFF>\n" + std::string(block)}) {
    const auto blocks = find_edit_blocks(answer);
    ASSERT_TRUE(blocks) << answer;
    EXPECT_EQ(blocks->at(0).search, "");
    EXPECT_EQ(blocks->at(0).replace, "new\n=======");
  }
}

constexpr const char* kForm =
    "<<<<<<< SEARCH\n(lines copied from the program)\n=======\n(the new lines)\n>>>>>>> REPLACE";

TEST(AnswerTextTest, BrokenEditBlocksAreRefused) {
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
    const auto blocks = find_edit_blocks(c.answer);
    ASSERT_FALSE(blocks) << c.answer;
    EXPECT_EQ(blocks.error().kind, ErrorKind::parse);
    EXPECT_EQ(blocks.error().message, c.message);
  }
}

TEST(AnswerTextTest, TooManyEditBlocksAreRefused) {
  std::string answer;
  for (std::size_t i = 0; i < kMaxEditBlocks; ++i) {
    answer += "<<<<<<< SEARCH\na\n=======\nb\n>>>>>>> REPLACE\n";
  }
  EXPECT_EQ(find_edit_blocks(answer)->size(), kMaxEditBlocks);
  answer += answer.substr(0, answer.size() / kMaxEditBlocks);
  EXPECT_EQ(find_edit_blocks(answer).error().message,
            "the answer holds 201 SEARCH/REPLACE blocks, more than 200; change less at a time or "
            "rewrite the whole program");
}

std::string code(std::string_view answer, const char* name) {
  const auto found = find_fenced_code(answer, *find_language(name));
  return found ? std::string(*found) : "error: " + found.error().message;
}

TEST(AnswerTextTest, FindsFencedCode) {
  const struct {
    const char* answer;
    const char* language;
    const char* found;
  } cases[] = {
      {"```python\na\n```", "python", "a\n"},
      {"text\n```json\n{}\n```\n  ```py\na\n  ```\n```python\nb\n```", "python", "a\n"},
      {"```Python title=x\na\n```", "python", "a\n"},
      {"```c++\na\n```", "cpp", "a\n"},
      {"~~~~python\na\n```\n~~~\nb\n~~~~", "python", "a\n```\n~~~\nb\n"},
      {"```\na\n```", "python", "a\n"},
      {"```text\nt\n```\n```\na\n```", "python", "a\n"},
      {"```python\r\na\r\n```\r\n", "python", "a\r\n"},
      {"```python\n```", "python", ""},
      {"say ```x``` then\n```python\n```inline```\n```", "python", "```inline```\n"},
      {"```markdown\n# T\n```sh\nls\n```\nend\n```\n", "markdown", "# T\n```sh\nls\n```\nend\n"},
  };
  for (const auto& c : cases) EXPECT_EQ(code(c.answer, c.language), c.found) << c.answer;
}

TEST(AnswerTextTest, MissingFencedCodeIsRefused) {
  const struct {
    const char* answer;
    const char* message;
  } cases[] = {
      {"no code",
       "error: the answer holds no code block in python. Write the whole program between "
       "```python and ```"},
      {"```json\n{}\n```\n```js\n```",
       "error: the answer holds no code block in python (fences seen: json, js). Write the whole "
       "program between ```python and ```"},
      {"```\na\n```\n```\nb\n```",
       "error: the answer holds no code block in python (fences seen: (no tag), (no tag)). Write "
       "the "
       "whole program between ```python and ```"},
      {"\n```python\na\n",
       "error: the code block that opens on line 2 of the answer never closes; perhaps the answer "
       "was cut off"},
  };
  for (const auto& c : cases) EXPECT_EQ(code(c.answer, "python"), c.message);
}

}  // namespace
}  // namespace genesis
