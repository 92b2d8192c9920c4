// Patches that address several files of a program: naming, new and deleted files, all or nothing.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "genesis/program/edit_blocks.h"
#include "genesis/program/patch.h"

namespace genesis {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

const Language& python() {
  return *find_language("python");
}

std::string block(const std::string& search, const std::string& replace) {
  return "<<<<<<< SEARCH\n" + search + "\n=======\n" + replace + "\n>>>>>>> REPLACE\n";
}

std::string marked(const std::string& content) {
  return "# EVOLVE-BLOCK-START\n" + content + "# EVOLVE-BLOCK-END\n";
}

Program three_files() {
  return *Program::create({{"main.py", "import lib.b\n" + marked("a = 1\n")},
                           {"lib/b.py", marked("b = 1\n")},
                           {"lib/c.cpp",
                            "int main();\n// EVOLVE-BLOCK-START\nint c = 1;\n"
                            "// EVOLVE-BLOCK-END\n"},
                           {"notes.txt", "fixed\n"}},
                          "main.py");
}

const std::string& text_of(const Program& program, std::string_view path) {
  static const std::string missing = "(no such file)";
  for (const SourceFile& file : program.files()) {
    if (file.path == path) return file.text;
  }
  return missing;
}

std::string failure(PatchKind kind, const Program& parent, const std::string& answer,
                    const PatchOptions& options = {}) {
  const auto result = apply_patch(kind, parent, answer, python(), options);
  return result ? "applied" : result.error().message;
}

TEST(PatchFilesTest, BlocksGoToTheFilesThatTheyName) {
  const Program parent = three_files();
  const auto result =
      apply_patch(PatchKind::diff, parent,
                  "<NAME>all</NAME><DIFF>\n" + block("a = 1", "a = 2") + "lib/b.py\n" +
                      block("b = 1", "b = 2") + block("", "bb = 3") + "### File: c.cpp\n```cpp\n" +
                      block("int c = 1;", "int c = 2;") + "```\n</DIFF>",
                  python());
  ASSERT_TRUE(result) << result.error().message;
  EXPECT_EQ(text_of(result->child, "main.py"), "import lib.b\n" + marked("a = 2\n"));
  EXPECT_EQ(text_of(result->child, "lib/b.py"), marked("b = 2\nbb = 3\n"));
  EXPECT_THAT(text_of(result->child, "lib/c.cpp"), HasSubstr("int c = 2;"));
  EXPECT_EQ(text_of(result->child, "notes.txt"), "fixed\n");
  EXPECT_EQ(describe_hunks(result->hunks),
            "main.py, line 3: exact\nlib/b.py, line 2: exact\nlib/b.py, before line 3: insertion\n"
            "lib/c.cpp, line 3: exact\n");
  EXPECT_EQ(result->summary,
            (DiffSummary{
                1, 0, 3, {{"lib/b.py", 1, 0, 1}, {"lib/c.cpp", 0, 0, 1}, {"main.py", 0, 0, 1}}}));
  EXPECT_EQ(result->unified_diff, diff_programs(parent, result->child).text);
  EXPECT_THAT(result->unified_diff,
              StartsWith("--- a/lib/b.py\n+++ b/lib/b.py\n@@ -1,3 +1,4 @@\n"));
}

TEST(PatchFilesTest, WholeFilesAreWrittenByName) {
  const Program parent = three_files();
  const auto result = apply_patch(
      PatchKind::full, parent,
      "An example first:\n```python\nprint(0)\n```\n**main.py**\n```python\nimport lib.b\na = 5\n"
      "```\nand\n```cpp title=\"lib/c.cpp\"\nint c = 5;\n```\n",
      python());
  ASSERT_TRUE(result) << result.error().message;
  EXPECT_EQ(text_of(result->child, "main.py"), "import lib.b\n" + marked("a = 5\n"));
  EXPECT_EQ(text_of(result->child, "lib/c.cpp"),
            "int main();\n// EVOLVE-BLOCK-START\nint c = 5;\n// EVOLVE-BLOCK-END\n");
  EXPECT_EQ(result->child.primary().path, "main.py");
  EXPECT_EQ(describe_hunks(result->hunks),
            "main.py, line 3: rewrite\nlib/c.cpp, line 3: rewrite\n");
  // Without names it is the primary file, as in a program of one.
  const auto unnamed = apply_patch(PatchKind::full, parent, "```python\na = 6\n```", python());
  ASSERT_TRUE(unnamed) << unnamed.error().message;
  EXPECT_EQ(text_of(unnamed->child, "main.py"), "import lib.b\n" + marked("a = 6\n"));
}

TEST(PatchFilesTest, UnifiedDiffsOverSeveralFiles) {
  const Program parent = three_files();
  const auto result =
      apply_patch(PatchKind::diff, parent,
                  "```diff\ndiff --git a/main.py b/main.py\n--- a/main.py\n+++ b/main.py\n"
                  "@@ -1,4 +1,4 @@\n import lib.b\n # EVOLVE-BLOCK-START\n-a = 1\n+a = 7\n"
                  " # EVOLVE-BLOCK-END\n--- a/lib/b.py\n+++ b/lib/b.py\n@@ -2 +2,2 @@\n b = 1\n"
                  "+b += 1\n--- /dev/null\n+++ b/lib/d.py\n@@ -0,0 +1 @@\n+d = 1\n```\n",
                  python());
  ASSERT_TRUE(result) << result.error().message;
  EXPECT_EQ(text_of(result->child, "main.py"), "import lib.b\n" + marked("a = 7\n"));
  EXPECT_EQ(text_of(result->child, "lib/b.py"), marked("b = 1\nb += 1\n"));
  EXPECT_EQ(text_of(result->child, "lib/d.py"), marked("d = 1\n"));
}

TEST(PatchFilesTest, NothingIsAppliedUnlessAllIs) {
  const Program parent = three_files();
  const std::string message =
      failure(PatchKind::diff, parent,
              block("a = 1", "a = 2") + "lib/b.py\n" + block("nowhere_to_be_found()", "b = 2"));
  EXPECT_THAT(message, StartsWith("SEARCH/REPLACE block 2 of 2 (line 7 of the answer): the SEARCH "
                                  "text is not in lib/b.py, and nothing in it is 90 % like it. No "
                                  "block was applied."));
}

TEST(PatchFilesTest, UnknownFilesAreNamedWithTheNearest) {
  const Program parent = three_files();
  EXPECT_EQ(
      failure(PatchKind::diff, parent, "lib/d.py\n" + block("b = 1", "b = 2")),
      "line 2 of the answer: the program has no file 'lib/d.py', did you mean 'lib/b.py'? (it "
      "has lib/b.py, lib/c.cpp, main.py, notes.txt)");
  EXPECT_EQ(
      failure(PatchKind::diff, parent, "Delete file: lib/x.py\n"),
      "line 1 of the answer: the program has no file 'lib/x.py', did you mean 'lib/b.py'? (it "
      "has lib/b.py, lib/c.cpp, main.py, notes.txt)");
  std::vector<SourceFile> many;
  for (int i = 0; i < 12; ++i) many.push_back({"f" + std::to_string(i) + ".py", marked("x\n")});
  EXPECT_THAT(failure(PatchKind::diff, *Program::create(many, "f0.py"),
                      "else.py\n" + block("b = 1", "b = 2")),
              HasSubstr("f5.py, f6.py, f7.py, … (12 in all))"));
}

TEST(PatchFilesTest, TheEndOfAPathWillDoWhereItIsPlain) {
  const Program parent = *Program::create({{"main.py", marked("m = 1\n")},
                                           {"a/x.py", marked("x = 1\n")},
                                           {"b/x.py", marked("x = 1\n")},
                                           {"a/yx.py", marked("y = 1\n")}},
                                          "main.py");
  EXPECT_EQ(failure(PatchKind::diff, parent, "x.py\n" + block("x = 1", "x = 2")),
            "line 2 of the answer: 'x.py' may be 'a/x.py' or 'b/x.py'; write the whole path");
  EXPECT_EQ(failure(PatchKind::diff, parent, "yx.py\n" + block("y = 1", "y = 2")), "applied");
  EXPECT_EQ(failure(PatchKind::full, parent, "```python b/x.py\nx = 2\n```"), "applied");
}

TEST(PatchFilesTest, AForgottenNameIsPointedOut) {
  EXPECT_THAT(failure(PatchKind::diff, three_files(), block("int c = 1;", "int c = 2;")),
              HasSubstr("What to do:\n  - It is in lib/c.cpp, on line 3: write that path on the "
                        "line before the block.\n"));
}

TEST(PatchFilesTest, FilesWithoutRegionsStay) {
  EXPECT_EQ(failure(PatchKind::diff, three_files(), "notes.txt\n" + block("fixed", "free")),
            "notes.txt has no EVOLVE-BLOCK markers, so nothing in it may be edited; put # "
            "EVOLVE-BLOCK-START and # EVOLVE-BLOCK-END around what may");
}

TEST(PatchFilesTest, NewFilesAreOneEditableRegion) {
  const Program parent = three_files();
  for (const auto& [kind, answer] : std::vector<std::pair<PatchKind, std::string>>{
           {PatchKind::diff, "lib/d.py\n" + block("", "d = 1\r\ne = 2")},
           {PatchKind::diff, "New file: lib/d.py\n" + block("", "d = 1\ne = 2")},
           {PatchKind::full, "`lib/d.py`:\n```python\nd = 1\ne = 2\n```\n"},
           {PatchKind::fix, "```python:lib/d.py\nd = 1\ne = 2\n```\n"}}) {
    const auto result = apply_patch(kind, parent, answer, python());
    ASSERT_TRUE(result) << result.error().message;
    EXPECT_EQ(text_of(result->child, "lib/d.py"), marked("d = 1\ne = 2\n"));
    EXPECT_EQ(result->child.files().size(), 5u);
    EXPECT_EQ(describe_hunks(result->hunks), "lib/d.py: created\n");
    EXPECT_THAT(result->unified_diff, HasSubstr("--- /dev/null\n+++ b/lib/d.py\n"));
    // The next patch may change it, or delete it.
    EXPECT_EQ(failure(PatchKind::diff, result->child, "lib/d.py\n" + block("d = 1", "d = 2")),
              "applied");
    EXPECT_EQ(failure(PatchKind::diff, result->child, "Delete file: lib/d.py"), "applied");
  }
  const auto own = apply_patch(PatchKind::full, parent,
                               "```cpp lib/e.cpp\nint f();\n// EVOLVE-BLOCK-START\nint e;\n"
                               "// EVOLVE-BLOCK-END\n```\n",
                               python());
  ASSERT_TRUE(own) << own.error().message;
  EXPECT_EQ(text_of(own->child, "lib/e.cpp"),
            "int f();\n// EVOLVE-BLOCK-START\nint e;\n// EVOLVE-BLOCK-END\n");
}

TEST(PatchFilesTest, NewFilesAreRefusedByRule) {
  const struct {
    const char* path;
    const char* message;
  } cases[] = {
      {"../up.py",
       "'../up.py' cannot be created: it is not a plain path inside the program's folder"},
      {"/etc/x.py",
       "'/etc/x.py' cannot be created: it is not a plain path inside the program's "
       "folder"},
      {".hidden/x.py", "'.hidden/x.py' cannot be created: it is hidden"},
      {"results/x.py", "'results/x.py' cannot be created: it is a name that Genesis uses itself"},
      {"original.py", "'original.py' cannot be created: it is a name that Genesis uses itself"},
      {"data.json",
       "'data.json' cannot be created: it cannot hold the comments that mark what may be "
       "edited"},
      {"run.exe", "'run.exe' cannot be created: it has an extension of no known language"},
      {"bad\xff.py", "cannot be created: it is not a plain path inside the program's folder"},
      {"main.py/x.py",
       "making a program: 'main.py' is both a file and the folder of 'main.py/x.py'"},
  };
  for (const auto& c : cases) {
    EXPECT_THAT(failure(PatchKind::diff, three_files(),
                        std::string("New file: ") + c.path + "\n" + block("", "x = 1")),
                HasSubstr(c.message));
  }
  EXPECT_THAT(
      failure(PatchKind::diff, three_files(), "d.py\n" + block("", "x = 1") + block("", "y = 1")),
      HasSubstr("'d.py' is created twice"));
  EXPECT_THAT(failure(PatchKind::full, three_files(), "```python d.py\n\n```"),
              HasSubstr("'d.py' would be empty"));
  EXPECT_THAT(
      failure(PatchKind::full, three_files(), "```python d.py\n# EVOLVE-BLOCK-START\n```"),
      HasSubstr("in the new file 'd.py', reading EVOLVE-BLOCK markers: EVOLVE-BLOCK-START on "
                "line 1 has no EVOLVE-BLOCK-END after it"));
  EXPECT_THAT(failure(PatchKind::diff, three_files(),
                      "--- /dev/null\n+++ b/lib/b.py\n@@ -0,0 +1 @@\n+x = 1\n"),
              HasSubstr("diff hunk 1 of 1 (line 3 of the answer): 'lib/b.py' is in the program "
                        "already"));
  PatchOptions fixed;
  fixed.may_add_files = false;
  EXPECT_THAT(failure(PatchKind::diff, three_files(), "d.py\n" + block("", "x = 1"), fixed),
              HasSubstr("'d.py' cannot be created: the files of this program are fixed"));
  EXPECT_THAT(failure(PatchKind::diff, three_files(), "Delete file: lib/b.py", fixed),
              HasSubstr("'lib/b.py' cannot be deleted: the files of this program are fixed"));
}

TEST(PatchFilesTest, FilesAreDeletedWhenAllOfThemMayChange) {
  const Program parent = three_files();
  const auto result = apply_patch(PatchKind::diff, parent,
                                  block("a = 1", "a = 2") + "Delete file: lib/b.py\n", python());
  ASSERT_TRUE(result) << result.error().message;
  EXPECT_EQ(text_of(result->child, "lib/b.py"), "(no such file)");
  EXPECT_EQ(describe_hunks(result->hunks), "main.py, line 3: exact\nlib/b.py: deleted\n");
  EXPECT_THAT(result->unified_diff, HasSubstr("--- a/lib/b.py\n+++ /dev/null\n"));
  EXPECT_EQ(
      failure(PatchKind::diff, parent,
              "--- a/lib/b.py\n+++ /dev/null\n@@ -1,3 +0,0 @@\n-# EVOLVE-BLOCK-START\n-b = 1\n"
              "-# EVOLVE-BLOCK-END\n"),
      "applied");
  EXPECT_THAT(failure(PatchKind::diff, parent, "Delete file: lib/c.cpp"),
              HasSubstr("'lib/c.cpp' cannot be deleted: text outside its editable regions must "
                        "stay"));
  EXPECT_THAT(failure(PatchKind::diff, parent, "Delete file: notes.txt"),
              HasSubstr("text outside its editable regions must stay"));
  EXPECT_THAT(failure(PatchKind::diff, parent, "Delete file: main.py"),
              HasSubstr("'main.py' cannot be deleted: it is the primary file"));
  EXPECT_THAT(failure(PatchKind::diff, parent,
                      "lib/b.py\n" + block("b = 1", "b = 2") + "Delete file: lib/b.py\n"),
              HasSubstr("'lib/b.py' cannot be deleted: the answer also edits it"));
  const Program two = *Program::create({{"a.py", marked("a\n")}, {"b.py", marked("b\n")}}, "a.py");
  EXPECT_EQ(failure(PatchKind::full, two, "Delete file: b.py"),
            "the answer would leave only 'a.py': a program of several files keeps at least two");
}

TEST(PatchFilesTest, AProgramOfOneFileStaysOneFile) {
  const Program parent("main.py", marked("a = 1\n"));
  // A single name means the one file, whatever it is.
  EXPECT_EQ(failure(PatchKind::diff, parent, "solution.py\n" + block("a = 1", "a = 2")), "applied");
  EXPECT_EQ(failure(PatchKind::full, parent, "solution.py:\n```python\na = 2\n```"), "applied");
  EXPECT_EQ(failure(PatchKind::full, parent,
                    "Run it:\nrun.js\n```javascript\nf()\n```\n```python\na "
                    "= 2\n```"),
            "applied");
  EXPECT_EQ(failure(PatchKind::diff, parent,
                    "main.py\n" + block("a = 1", "a = 2") + "helper.py\n" + block("b", "c")),
            "line 8 of the answer: the program has no file 'helper.py' (it has main.py)");
  EXPECT_EQ(failure(PatchKind::diff, parent,
                    "main.py\n" + block("a = 1", "a = 2") + "helper.py\n" + block("", "c")),
            "line 8 of the answer: 'helper.py' cannot be created: a program of one file stays one "
            "file ('main.py')");
  EXPECT_THAT(failure(PatchKind::full, parent,
                      "```python main.py\na = 2\n```\n```python helper.py\nb = 1\n```\n"),
              HasSubstr("the program has no file 'helper.py'"));
  EXPECT_THAT(failure(PatchKind::diff, parent, "--- /dev/null\n+++ b/x.py\n@@ -0,0 +1 @@\n+x\n"),
              HasSubstr("'x.py' cannot be created: a program of one file stays one file"));
  EXPECT_THAT(failure(PatchKind::diff, parent, "Delete file: main.py\n"),
              HasSubstr("'main.py' cannot be deleted: a program of one file stays one file"));
}

TEST(PatchFilesTest, OneFileIsNotWrittenTwice) {
  EXPECT_EQ(failure(PatchKind::full, three_files(),
                    "```python lib/b.py\nb = 2\n```\n```python b.py\nb = 3\n```\n"),
            "the answer writes 'lib/b.py' twice; write it once");
}

}  // namespace
}  // namespace genesis
