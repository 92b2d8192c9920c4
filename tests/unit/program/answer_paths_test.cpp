#include "genesis/program/answer_paths.h"

#include <gtest/gtest.h>

namespace genesis {
namespace {

const std::vector<std::string> kFiles = {"Makefile", "lib/b.py", "main.py", "two words.txt"};

std::string path(std::string_view line) {
  const auto found = read_path_line(line, kFiles);
  if (!found) return "";
  return (found->removes ? "-" : "") + std::string(found->path);
}

TEST(AnswerPathsTest, LinesThatNameAFile) {
  const struct {
    const char* line;
    const char* path;
  } cases[] = {
      {"main.py", "main.py"},
      {"  lib/b.py:\r\n", "lib/b.py"},
      {"### lib/b.py", "lib/b.py"},
      {"## `lib/b.py`:", "lib/b.py"},
      {"**`main.py`**", "main.py"},
      {"**File:** main.py", "main.py"},
      {"### File: `new/c.hpp`", "new/c.hpp"},
      {"Filename: \"main.py\"", "main.py"},
      {"file path: ./main.py (updated)", "main.py"},
      {"*** Update File: main.py", "main.py"},
      {"New file: data.cfg", "data.cfg"},
      {"Delete file: `lib/b.py`", "-lib/b.py"},
      {"*** Delete File: lib/b.py", "-lib/b.py"},
      {"Makefile", "Makefile"},
      {"two words.txt", "two words.txt"},
      {"File: two words.txt", "two words.txt"},
      {"unknown.rs", "unknown.rs"},
      {"__init__.py", "__init__.py"},
      {"größe.py", "größe.py"},
      // Prose and code.
      {"", ""},
      {"###", ""},
      {"I change main.py", ""},
      {"- main.py", ""},
      {"Done.", ""},
      {"e.g.", ""},
      {"np.linspace", ""},
      {"version 1.2", ""},
      {"1.5", ""},
      {"File: see above", ""},
      {"File: none", ""},
      {"Path: the gradient", ""},
      {".py", ""},
      {"notes.txt", ""},
      {"a=b.py", ""},
      {"f(x).py", ""},
  };
  for (const auto& c : cases) EXPECT_EQ(path(c.line), c.path) << c.line;
}

TEST(AnswerPathsTest, FencesThatNameAFile) {
  const struct {
    const char* info;
    const char* path;
  } cases[] = {
      {"python lib/b.py", "lib/b.py"},
      {"python:lib/b.py", "lib/b.py"},
      {"lib/b.py", "lib/b.py"},
      {"main.py", "main.py"},
      {"python title=\"lib/b.py\"", "lib/b.py"},
      {"python {filename='lib/b.py'}", "lib/b.py"},
      {"python file=./new.py", "new.py"},
      {"python", ""},
      {"c", ""},
      {"", ""},
      {"python linenos=1", ""},
      {"text 1.0", ""},
  };
  for (const auto& c : cases) EXPECT_EQ(path_of_fence(c.info, kFiles), c.path) << c.info;
}

TEST(AnswerPathsTest, DiffHeaders) {
  const std::vector<std::string> files = {"a/x.py", "main.py"};
  EXPECT_EQ(path_of_diff_header("--- a/main.py\n", files), "main.py");
  EXPECT_EQ(path_of_diff_header("+++ b/main.py\t2026-01-01 00:00\r\n", files), "main.py");
  EXPECT_EQ(path_of_diff_header("--- main.py", files), "main.py");
  EXPECT_EQ(path_of_diff_header("--- a/x.py", files), "a/x.py");
  EXPECT_EQ(path_of_diff_header("--- a/a/x.py", files), "a/x.py");
  EXPECT_EQ(path_of_diff_header("--- \"b/new name.py\"", files), "new name.py");
  EXPECT_EQ(path_of_diff_header("+++ /dev/null\n", files), "/dev/null");
  EXPECT_EQ(path_of_diff_header("--- ", files), "");
}

}  // namespace
}  // namespace genesis
