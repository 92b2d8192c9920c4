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
