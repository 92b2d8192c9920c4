#include "genesis/program/program.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "genesis/base/files.h"

namespace genesis {
namespace {

using ::testing::HasSubstr;

Program sample() {
  return *Program::create({{"main.py", "print(1)\n"}, {"lib/a.py", std::string("\0\xff\r\n", 4)}},
                          "main.py");
}

TEST(ProgramTest, KeepsFilesSortedAndFindsThePrimary) {
  const Program program = sample();
  ASSERT_EQ(program.files().size(), 2u);
  EXPECT_EQ(program.files()[0].path, "lib/a.py");
  EXPECT_EQ(program.primary().path, "main.py");
  EXPECT_EQ(program.text(), "print(1)\n");
  EXPECT_EQ(program.size(), 13u);
}

TEST(ProgramTest, RefusesUnusableFileSets) {
  const struct {
    std::vector<SourceFile> files;
    std::string primary;
    std::string message;
  } cases[] = {
      {{}, "a", "making a program: it has no files"},
      {{{"a", ""}, {"a", ""}}, "a", "making a program: the path 'a' occurs twice"},
      {{{"a.py", ""}},
       "b.py",
       "the program has no file 'b.py', did you mean 'a.py'? (it has 1 file)"},
      {{{"../a", ""}}, "../a", "the path '../a' is not a plain path inside the program's folder"},
      {{{"/etc/x", ""}}, "/etc/x", "the path '/etc/x' is not a plain path"},
      {{{"a", ""}, {"a/b", ""}}, "a", "'a' is both a file and the folder of 'a/b'"},
  };
  for (const auto& c : cases) {
    const auto program = Program::create(c.files, c.primary);
    ASSERT_FALSE(program) << c.message;
    EXPECT_THAT(program.error().message, HasSubstr(c.message));
  }
}

TEST(ProgramTest, SafePathsStayInside) {
  for (const char* path : {"a", "a/b.c", ".hidden", "a b", "a..b", "..."}) {
    EXPECT_TRUE(is_safe_relative_path(path)) << path;
  }
  for (const std::string& path :
       {std::string(), std::string("/a"), std::string("a/"), std::string("a//b"), std::string(".."),
        std::string("a/../b"), std::string("./a"), std::string("a\0b", 3), std::string(300, 'x'),
        std::string(2000, 'x')}) {
    EXPECT_FALSE(is_safe_relative_path(path)) << path.substr(0, 20);
  }
}

TEST(ProgramTest, WithTextAndWithFileChangeOneFile) {
  const Program program = sample();
  EXPECT_EQ(program.with_text("x").text(), "x");
  EXPECT_EQ(program.with_text("x").files()[0], program.files()[0]);
  EXPECT_EQ(program.with_file("lib/a.py", "y")->files()[0].text, "y");
  EXPECT_EQ(program.with_file("lib/b.py", "y").error().kind, ErrorKind::not_found);
}

TEST(ProgramTest, KeysTellEveryDifference) {
  const Program program = sample();
  EXPECT_EQ(program.key(), sample().key());
  EXPECT_EQ(program.key().size(), 32u);
  EXPECT_NE(program.key(), program.with_text("print(2)\n").key());
  EXPECT_NE(Program("a.py", "x").key(), Program("b.py", "x").key());
  // The same bytes split differently between names and texts.
  EXPECT_NE(Program("ab", "c").key(), Program("a", "bc").key());
  EXPECT_NE(program.key(), Program::create(program.files(), "lib/a.py")->key());
}

TEST(ProgramTest, EncodingReadsBack) {
  for (const Program& program : {sample(), Program("a", ""), Program()}) {
    const auto decoded = Program::decode(program.encode());
    ASSERT_TRUE(decoded) << decoded.error().message;
    EXPECT_EQ(*decoded, program);
  }
}

TEST(ProgramTest, DamagedEncodingsAreRefused) {
  const std::string good = sample().encode();
  for (std::size_t length = 0; length < good.size(); ++length) {
    const auto decoded = Program::decode(std::string_view(good).substr(0, length));
    ASSERT_FALSE(decoded) << length;
    EXPECT_EQ(decoded.error().kind, ErrorKind::parse);
  }
  for (const std::string& bad :
       {good + "x", std::string("genesis-program-2 1 0\n"),
        std::string("genesis-program-1 1 1\n1 0\na"),
        std::string("genesis-program-1 99999999999999999999 0\n"),
        std::string("genesis-program-1 1 0\n18446744073709551615 1\na"),
        std::string("genesis-program-1 1 0\n2 0\n.."), std::string("genesis-program-1 0 0\nx")}) {
    EXPECT_FALSE(Program::decode(bad)) << bad;
  }
}

TEST(ProgramTest, WritesAndLoadsAFolder) {
  const TempDir folder("program");
  const Program program = sample();
  ASSERT_TRUE(write_program(program, (folder.path() / "p").string()));
  const auto loaded = load_program((folder.path() / "p").string(), "main.py");
  ASSERT_TRUE(loaded) << loaded.error().message;
  EXPECT_EQ(*loaded, program);
  const auto single = load_program((folder.path() / "p/main.py").string());
  ASSERT_TRUE(single) << single.error().message;
  EXPECT_EQ(*single, Program("main.py", "print(1)\n"));
}

TEST(ProgramTest, LoadingSaysWhatIsWrong) {
  const TempDir folder("program");
  const std::string path = folder.path().string();
  EXPECT_EQ(load_program(path + "/nothing").error().kind, ErrorKind::not_found);
  ASSERT_TRUE(write_program(sample(), path));
  EXPECT_THAT(load_program(path).error().message, HasSubstr("say which one is the primary file"));
  EXPECT_THAT(load_program(path, "mian.py").error().message,
              HasSubstr("has no file 'mian.py', did you mean 'main.py'?"));
}

TEST(ProgramTest, LoadingAFolderLeavesLinksOut) {
  const TempDir folder("program");
  ASSERT_TRUE(write_file(folder.path() / "a.py", "1"));
  fs::create_symlink("/etc/passwd", folder.path() / "b.py");
  const auto loaded = load_program(folder.path().string());
  ASSERT_TRUE(loaded) << loaded.error().message;
  EXPECT_EQ(*loaded, Program("a.py", "1"));
}

TEST(ProgramTest, WritingRefusesPathsThatLeave) {
  const TempDir folder("program");
  const auto status = write_program(Program("../x", "1"), (folder.path() / "p").string());
  ASSERT_FALSE(status);
  EXPECT_FALSE(fs::exists(folder.path() / "x"));
}

}  // namespace
}  // namespace genesis
