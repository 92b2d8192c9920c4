// The script that runs jobs, run for real in a folder of this machine, by each shell that is here.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdio>
#include <fstream>
#include <iterator>
#include <string>

#include "genesis/base/files.h"
#include "launch/e2b/job_wrapper.h"

namespace genesis::launch::e2b {
namespace {

using testing::Contains;
using testing::Pair;

class RunJobScript : public testing::TestWithParam<const char*> {
 protected:
  void SetUp() override {
    if (!fs::exists(GetParam())) GTEST_SKIP() << "there is no " << GetParam();
    ASSERT_TRUE(write_file(folder.path() / "run_job.sh", kRunJobScript));
    fs::create_directories(work());
    // Everything that runs here but the job was there before it.
    std::string others;
    for (const auto& entry : fs::directory_iterator("/proc")) {
      others += entry.path().filename().string() + "\n";
    }
    ASSERT_TRUE(write_file(folder.path() / "baseline", others));
  }

  fs::path work() const { return folder.path() / "jobs/m"; }
  fs::path state() const { return folder.path() / "state/m"; }

  /// The answer of a job that runs `script`; `limit` in seconds, 0: none.
  WrapperAnswer run(const std::string& script, const std::string& limit = "60",
                    const std::string& log_cap = "1000000") {
    EXPECT_TRUE(write_file(folder.path() / "job.sh", script));
    const std::string line = "cd / && GENESIS_ATTEMPT_TOKEN=test-" + token() + " " + GetParam() +
                             " " + path("run_job.sh") + " " + folder.path().string() + " m " +
                             limit + " 1 " + log_cap + " 32768 " + work().string() +
                             " 'ulimit -c 0;' /bin/sh " + path("job.sh") + " </dev/null";
    FILE* pipe = ::popen(line.c_str(), "r");
    std::string output;
    char piece[4096];
    std::size_t count = 0;
    while ((count = std::fread(piece, 1, sizeof piece, pipe)) > 0) output.append(piece, count);
    EXPECT_EQ(::pclose(pipe), 0);
    auto answer = parse_answer(output);
    EXPECT_TRUE(answer.has_value()) << output;
    const auto kept = read_file(state() / "exit.json");
    EXPECT_TRUE(kept && output.starts_with(*kept)) << "another word in exit.json";
    return answer ? std::move(*answer) : WrapperAnswer();
  }
  std::string path(const std::string& name) const { return (folder.path() / name).string(); }
  std::string token() const { return folder.path().filename().string(); }

  TempDir folder{"run_job"};
};

TEST_P(RunJobScript, TellsTheEndAndTheSmallResultsByteForByte) {
  const WrapperAnswer answer =
      run("cd results\n"
          "printf '{\"combined_score\": 1}' >metrics.json\n"
          "printf 'two\\n\\nlines\\n' >correct.json\n"
          "printf 'a\\000b\\201\\377\\\\n'\n"
          "echo told >&2\n"
          "printf x >extra.bin\n"
          "exit 3\n");
  EXPECT_EQ(answer.record.code, 3);
  EXPECT_FALSE(answer.record.timed_out);
  EXPECT_EQ(answer.record.left, 0);
  EXPECT_THAT(answer.record.files,
              testing::UnorderedElementsAre(Pair("metrics.json", 21), Pair("correct.json", 11),
                                            Pair("job_log.out", 7), Pair("job_log.err", 5),
                                            Pair("extra.bin", 1)));
  EXPECT_EQ(answer.files.at("metrics.json"), "{\"combined_score\": 1}");
  EXPECT_EQ(answer.files.at("correct.json"), "two\n\nlines\n");
  EXPECT_EQ(answer.files.at("job_log.out"), std::string("a\0b\201\377\\n", 7));
  EXPECT_EQ(answer.files.at("job_log.err"), "told\n");
  EXPECT_EQ(answer.files.count("extra.bin"), 0u);
}

TEST_P(RunJobScript, ListsWhatIsThereUnderAnyPrintableName) {
  const std::string plain =
      "printf 12 >'results/a b'; printf 1 >results/-x; printf 1 >results/.h\n";
  EXPECT_THAT(run(plain + "ln -s /etc/passwd results/link; mkfifo results/pipe\n"
                          ": >\"results/$(printf 'new\\nline')\"\n")
                  .record.files,
              testing::UnorderedElementsAre(Pair("a b", 2), Pair("-x", 1), Pair(".h", 1),
                                            Pair("job_log.out", 0), Pair("job_log.err", 0)));
  const auto odd = run(plain +
                       "printf 1 >'results/q\"\\'; mkdir results/sub\n"
                       "printf 123 >results/sub/f; printf 1 >results/metrics.json\n");
  EXPECT_THAT(odd.record.files,
              testing::UnorderedElementsAre(
                  Pair("a b", 2), Pair("-x", 1), Pair(".h", 1), Pair("q\"\\", 1), Pair("sub/f", 3),
                  Pair("metrics.json", 1), Pair("job_log.out", 0), Pair("job_log.err", 0)));
  EXPECT_EQ(odd.files.at("metrics.json"), "1");
  const auto many = run("i=0; while [ $i -lt 99 ]; do echo $i >results/$i; i=$((i+1)); done\n");
  EXPECT_EQ(many.record.files.size(), 101u);
}

TEST_P(RunJobScript, CutsLogsAndOutlivesResultsThatAreGone) {
  const auto logs = run("printf 0123456789; printf 0123456789abc >&2\n", "60", "10");
  EXPECT_EQ(logs.files.at("job_log.out"), "0123456789");
  EXPECT_EQ(logs.files.at("job_log.err"), "3456789abc");
  EXPECT_THAT(logs.record.files, Contains(Pair("job_log.err", 10)));
  EXPECT_TRUE(run("rm -rf results\n").record.files.empty());
}

TEST_P(RunJobScript, EndsAJobAtItsLimitWithAllThatItStarted) {
  const auto late = run("trap '' TERM; setsid sleep 300 & sleep 300; sleep 300\n", "0.2");
  EXPECT_TRUE(late.record.timed_out);
  EXPECT_EQ(late.record.left, 0);
  const auto after = run("exit 0\n");
  EXPECT_FALSE(after.record.timed_out) << "the word of the one before is gone";
  // Its own clock has ended with it.
  const std::string mark = "GENESIS_ATTEMPT_TOKEN=test-" + token();
  for (const auto& entry : fs::directory_iterator("/proc")) {
    std::ifstream file(entry.path() / "environ");
    const std::string environment{std::istreambuf_iterator<char>(file), {}};
    EXPECT_EQ(environment.find(mark), std::string::npos) << entry.path();
  }
}

INSTANTIATE_TEST_SUITE_P(Shells, RunJobScript, testing::Values("/bin/dash", "/bin/bash"),
                         [](const auto& shell) { return std::string(shell.param + 5); });

}  // namespace
}  // namespace genesis::launch::e2b
