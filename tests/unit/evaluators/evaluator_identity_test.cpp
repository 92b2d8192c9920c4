#include "evaluators/evaluator_identity.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <thread>

#include "evaluators/evaluator_watch.h"
#include "evaluators/hash_memory.h"
#include "evaluators/python_imports.h"
#include "genesis/base/files.h"

namespace genesis::evaluators {
namespace {

std::vector<std::string> places(std::string_view source) {
  std::vector<std::string> found;
  for (const PythonImport& import : python_imports(source)) {
    for (const std::string& place : import_places(import)) {
      found.push_back(std::string(static_cast<std::size_t>(import.level), '.') + place);
    }
  }
  std::sort(found.begin(), found.end());
  found.erase(std::unique(found.begin(), found.end()), found.end());
  return found;
}

TEST(PythonImports, FindsEveryFormOfAnImport) {
  using Places = std::vector<std::string>;
  EXPECT_EQ(places("import a.b as c, d\n"), (Places{"a", "a/b", "d"}));
  EXPECT_EQ(places("from a.b import c as d, e\n"), (Places{"a", "a/b", "a/b/c", "a/b/e"}));
  EXPECT_EQ(places("from . import x\nfrom ..y import z\n"), (Places{".", "..y", "..y/z", ".x"}));
  EXPECT_EQ(places("from a import (b,  # one\n  c,\n)\nimport d\n"),
            (Places{"a", "a/b", "a/c", "d"}));
  EXPECT_EQ(places("from a import b, \\\n    c\n"), (Places{"a", "a/b", "a/c"}));
  EXPECT_EQ(places("def f():\n  try: import a; import b\n  except ImportError: pass\n"),
            (Places{"a", "b"}));
  EXPECT_EQ(places("from a import *"), (Places{"a"}));
  EXPECT_EQ(places("from a import(b)\r\nimport c\r\n"), (Places{"a", "a/b", "c"}));
}

TEST(PythonImports, LeavesAloneWhatIsNone) {
  EXPECT_TRUE(places("# import a\nimportant = 1\nx = 'no'\nfromage()\nimport\nfrom\n").empty());
  EXPECT_TRUE(places("import ../../etc/passwd\nfrom /x import y\nimport a/b\n").empty());
  EXPECT_TRUE(places("from x import").size() == 1);
  EXPECT_TRUE(places(std::string_view("\0\xff(((\\\\", 7)).empty());
}

class EvaluatorIdentity : public testing::Test {
 protected:
  EvaluatorIdentity() {
    write("evaluate.py",
          "import tools\nfrom pack.deep import thing\nimport numpy\nimport initial\n");
    write("tools.py", "from pack import other\n");
    write("pack/__init__.py", "");
    write("pack/deep.py", "from .near import x\n");
    write("pack/near.py", "x = 1\n");
    write("pack/other.py", "");
    write("pack/unused.py", "");
    write("initial.py", "def solve(): pass\n");
    sources_.python = {path("evaluate.py")};
    sources_.cwd = dir_.path() / "elsewhere";
    sources_.excluded = {path("initial.py")};
  }

  fs::path path(const std::string& name) const { return dir_.path() / "task" / name; }
  void write(const std::string& name, const std::string& text) {
    ASSERT_TRUE(make_directories(path(name).parent_path()));
    ASSERT_TRUE(write_file(path(name), text));
  }
  EvaluatorManifest look(const std::vector<EvaluatorFile>& known = {}) const {
    return value_or_throw(look_at_evaluator(sources_, known));
  }
  std::vector<std::string> names() const {
    std::vector<std::string> found;
    for (const EvaluatorFile& file : look().files) found.push_back(file.name);
    return found;
  }

  TempDir dir_;
  IdentitySources sources_;
};

TEST_F(EvaluatorIdentity, FollowsItsOwnModulesAndNoOthers) {
  EXPECT_EQ(names(),
            (std::vector<std::string>{"evaluator/evaluate.py", "evaluator/pack/__init__.py",
                                      "evaluator/pack/deep.py", "evaluator/pack/near.py",
                                      "evaluator/pack/other.py", "evaluator/tools.py"}));
}

TEST_F(EvaluatorIdentity, ARunInTheTasksFolderHidesNoModules) {
  sources_.excluded.push_back(dir_.path() / "task");
  EXPECT_EQ(names().size(), 6u);
}

TEST_F(EvaluatorIdentity, FindsModulesOfTheWorkingDirectoryAndCompiledOnes) {
  sources_.cwd = dir_.path() / "task" / "work";
  write("work/numpy.cpython-311-x86_64-linux-gnu.so", "machine code");
  const auto found = names();
  EXPECT_NE(std::find(found.begin(), found.end(), "work/numpy.cpython-311-x86_64-linux-gnu.so"),
            found.end());
}

TEST_F(EvaluatorIdentity, TheHashFollowsContentAndSettingsButNotThePlace) {
  const std::string before = look().hash();
  write("pack/unused.py", "changed = True\n");
  write("initial.py", "def solve(): return 1\n");
  EXPECT_EQ(look().hash(), before);
  write("pack/near.py", "x = 2\n");
  const std::string changed = look().hash();
  EXPECT_NE(changed, before);
  sources_.settings = "--fast";
  EXPECT_NE(look().hash(), changed);
  sources_.settings.clear();
  fs::rename(dir_.path() / "task", dir_.path() / "moved");
  sources_.python = {dir_.path() / "moved" / "evaluate.py"};
  sources_.excluded = {dir_.path() / "moved" / "initial.py"};
  EXPECT_EQ(look().hash(), changed);
}

TEST_F(EvaluatorIdentity, DataAreFilesFoldersAndGlobs) {
  write("data/a.txt", "a");
  write("data/deep/b.txt", "b");
  write("data/__pycache__/x.pyc", "c");
  write("run/gen_0/main.py", "");
  sources_.excluded.push_back(path("run"));
  sources_.python.clear();
  sources_.data = {path("data").string(), path("*.py").string(), path("run").string()};
  const EvaluatorManifest manifest = look();
  std::vector<std::string> found;
  for (const EvaluatorFile& file : manifest.files) {
    found.push_back(fs::path(file.path).filename().string());
  }
  EXPECT_EQ(found, (std::vector<std::string>{"a.txt", "b.txt", "evaluate.py", "tools.py"}));
  for (const char* wrong : {"no_such_file", "no_such_*"}) {
    sources_.data = {path(wrong).string()};
    const auto failed = look_at_evaluator(sources_);
    ASSERT_FALSE(failed);
    EXPECT_NE(failed.error().message.find(wrong), std::string::npos);
    EXPECT_NE(failed.error().message.find("job_config.evaluator_data"), std::string::npos);
  }
}

TEST_F(EvaluatorIdentity, ComparisonNamesWhatIsDifferent) {
  const EvaluatorManifest before = look();
  EXPECT_EQ(compare_evaluators(before, before).change, EvaluatorChange::same);
  EvaluatorManifest now = before;
  now.files[2].stamp.ctime_ns += 1;
  EXPECT_EQ(compare_evaluators(before, now).change, EvaluatorChange::touched);
  now.files[2].sha256 = std::string(64, '0');
  auto seen = compare_evaluators(before, now);
  EXPECT_EQ(seen.change, EvaluatorChange::changed);
  EXPECT_EQ(seen.what, "'" + now.files[2].path + "' has changed");
  EXPECT_NE(describe(seen).find("(written 20"), std::string::npos);
  now.files.erase(now.files.begin());
  seen = compare_evaluators(before, now);
  EXPECT_EQ(seen.what, "'" + before.files[0].path + "' is not part of it any more");
  EXPECT_EQ(seen.more, 1u);
  seen = compare_evaluators(now, before);
  EXPECT_EQ(seen.what, "'" + before.files[0].path + "' is new");
  now = before;
  now.settings_sha256 = "other";
  EXPECT_EQ(compare_evaluators(before, now).what, "its command or arguments differ");
}

TEST_F(EvaluatorIdentity, ComesBackFromTheStoreAndRefusesDamage) {
  const EvaluatorManifest before = look();
  const std::string text = encode_manifest(before);
  const EvaluatorManifest back = value_or_throw(decode_manifest(text));
  EXPECT_EQ(back.hash(), before.hash());
  EXPECT_EQ(compare_evaluators(before, back).change, EvaluatorChange::same);
  for (const std::string& damaged :
       {std::string(), std::string("{}"), std::string("[1,2]"), text.substr(0, text.size() / 2),
        std::string(R"({"settings":"","files":[{"name":"a","path":"b","stamp":[1],"sha256":""}]})"),
        std::string(R"({"settings":"","files":{}})")}) {
    EXPECT_FALSE(decode_manifest(damaged)) << damaged;
  }
}

TEST_F(EvaluatorIdentity, OnlyLargeFilesAreRemembered) {
  write("big.bin", std::string(kLeastRemembered + 1, 'x'));
  sources_.data = {path("big.bin").string()};
  EvaluatorManifest manifest = look();
  for (EvaluatorFile& file : manifest.files) file.young = false;
  const fs::path memory = dir_.path() / "memory.json";
  ASSERT_TRUE(remember_hashes(memory, manifest));
  auto known = recall_hashes(memory);
  ASSERT_EQ(known.size(), 1u);
  EXPECT_EQ(fs::path(known[0].path).filename(), "big.bin");
  // It is believed as long as the stamp is the same, and not read again.
  known[0].sha256 = std::string(64, 'a');
  EXPECT_NE(look(known).hash(), manifest.hash());
  write("big.bin", std::string(kLeastRemembered + 1, 'x'));
  EXPECT_EQ(look(known).hash(), manifest.hash());
  for (const char* hostile : {"", "{}", "[", "[{}]", "[1]",
                              R"([{"name":"a","path":"b","stamp":[9999999,1,1,1],)"
                              R"("sha256":"../../x"}])"}) {
    EXPECT_TRUE(parse_hash_memory(hostile).empty()) << hostile;
  }
}

TEST_F(EvaluatorIdentity, TheWatchTellsTouchedFromChanged) {
  FileWatch watch(sources_, look());
  EXPECT_TRUE(watch.untouched());
  write("tools.py", "from pack import other\n");
  EXPECT_FALSE(watch.untouched());
  EXPECT_EQ(watch.look_again().change, EvaluatorChange::touched);
  EXPECT_TRUE(watch.untouched());
  write("tools.py", "from pack import other  # now\n");
  EXPECT_FALSE(watch.untouched());
  const auto seen = watch.look_again();
  EXPECT_EQ(seen.change, EvaluatorChange::changed);
  EXPECT_NE(seen.what.find("tools.py' has changed"), std::string::npos);
  // What has changed stays so until it is restored.
  EXPECT_FALSE(watch.untouched());
  write("tools.py", "from pack import other\n");
  EXPECT_EQ(watch.look_again().change, EvaluatorChange::touched);
  fs::remove(path("evaluate.py"));
  EXPECT_FALSE(watch.untouched());
  EXPECT_EQ(watch.look_again().change, EvaluatorChange::changed);
}

// Two writes within one tick of the file system's clock leave the same stamp.
TEST_F(EvaluatorIdentity, AYoungFileIsLookedAtOnceMore) {
  write("evaluate.py", "one = 1\n");
  EvaluatorManifest manifest = look();
  ASSERT_TRUE(manifest.files[0].young);
  FileWatch watch(sources_, manifest);
  const auto limit = std::chrono::steady_clock::now() + std::chrono::seconds(10);
  while (watch.untouched()) {
    ASSERT_LT(std::chrono::steady_clock::now(), limit);
    std::this_thread::yield();
  }
  EXPECT_NE(watch.look_again().change, EvaluatorChange::changed);
  EXPECT_TRUE(watch.untouched());
}

TEST_F(EvaluatorIdentity, AFolderWithANewFileIsNoticed) {
  write("data/a.txt", "a");
  sources_.data = {path("data").string()};
  FileWatch watch(sources_, look());
  EXPECT_TRUE(watch.untouched());
  write("data/b.txt", "b");
  EXPECT_FALSE(watch.untouched());
  EXPECT_NE(watch.look_again().what.find("b.txt' is new"), std::string::npos);
}

}  // namespace
}  // namespace genesis::evaluators
