#include "genesis/cli/run_folder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "genesis/base/files.h"

namespace genesis::cli {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class RunFolder : public ::testing::Test {
 protected:
  fs::path make_run(const std::string& name) {
    const fs::path folder = root_.path() / name;
    EXPECT_TRUE(make_directories(folder / ".genesis"));
    EXPECT_TRUE(write_file(folder / "run.sqlite", ""));
    return folder;
  }
  TempDir root_;
};

TEST_F(RunFolder, ARunIsFoundByItselfItsParentAndItsFiles) {
  const fs::path run = make_run("results/a");
  EXPECT_EQ(resolve_run(run.string()).value(), run);
  EXPECT_EQ(resolve_run(run.string() + "/").value(), run);
  EXPECT_EQ(resolve_run((run / "run.sqlite").string()).value(), run);
  EXPECT_EQ(resolve_run(root_.path().string()).value(), run);
}

TEST_F(RunFolder, SeveralRunsAreNamed) {
  make_run("results/a");
  make_run("results/deep/b");
  const auto resolved = resolve_run((root_.path() / "results").string());
  ASSERT_FALSE(resolved);
  EXPECT_EQ(resolved.error().kind, ErrorKind::not_found);
  EXPECT_THAT(resolved.error().message, HasSubstr("there are 2 runs below"));
  EXPECT_THAT(resolved.error().message, HasSubstr("/results/deep/b"));
}

TEST_F(RunFolder, AMissingFolderNamesTheNearest) {
  const fs::path run = make_run("results_first");
  const auto resolved = resolve_run((root_.path() / "results_frist").string());
  ASSERT_FALSE(resolved);
  EXPECT_THAT(resolved.error().message, HasSubstr("did you mean '" + run.string() + "'?"));
}

TEST_F(RunFolder, AnOrdinaryFolderIsNotARun) {
  ASSERT_TRUE(make_directories(root_.path() / "src"));
  const auto resolved = resolve_run((root_.path() / "src").string());
  ASSERT_FALSE(resolved);
  EXPECT_THAT(resolved.error().message, HasSubstr("is not a run"));
  EXPECT_FALSE(resolve_run(""));
}

TEST_F(RunFolder, SearchIsSortedAndStaysOutOfRunsLinksAndHiddenFolders) {
  const fs::path b = make_run("b");
  const fs::path a = make_run("a");
  make_run("a/evaluations/x");
  make_run(".hidden/c");
  fs::create_directory_symlink(b, root_.path() / "link");
  EXPECT_THAT(find_runs(root_.path()), ElementsAre(a, b));
}

TEST_F(RunFolder, PublishedProgramsAreFoundWhereTheyAre) {
  const fs::path run = make_run("a");
  EXPECT_EQ(published_program(run, 3, "main.py"), fs::path());
  ASSERT_TRUE(make_directories(run / "best"));
  ASSERT_TRUE(write_file(run / "best" / "main.py", "x"));
  EXPECT_EQ(published_program(run, 3, "initial.py"), run / "best" / "main.py");
  ASSERT_TRUE(make_directories(run / "gen_3" / "src"));
  ASSERT_TRUE(write_file(run / "gen_3" / "src" / "lib.py", "x"));
  EXPECT_EQ(published_program(run, 3, "src/lib.py"), run / "gen_3" / "src" / "lib.py");
}

}  // namespace
}  // namespace genesis::cli
