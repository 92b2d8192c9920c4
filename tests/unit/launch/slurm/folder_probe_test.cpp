#include "launch/slurm/folder_probe.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>

#include <chrono>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <thread>

#include "genesis/base/files.h"

namespace genesis::launch::slurm {
namespace {

using std::chrono::milliseconds;
using testing::AllOf;
using testing::Contains;
using testing::HasSubstr;
using testing::Not;

constexpr std::int64_t kDay = 86'400'000;

/// The script, as a node would run it; its code.
int run_script(const std::filesystem::path& folder, int tries) {
  const auto script = folder.parent_path() / "probe.sh";
  EXPECT_TRUE(write_file(script, probe_script(folder, "n0nce", tries)));
  const int code = std::system(("sh " + script.string()).c_str());
  return WIFEXITED(code) ? WEXITSTATUS(code) : -1;
}

class Probe : public testing::Test {
 protected:
  void SetUp() override {
    std::string name = "/tmp/probeXXXXXX";
    base_ = ::mkdtemp(name.data());
    folder_ = base_ / "it's a folder";
  }
  void TearDown() override { std::filesystem::remove_all(base_); }
  std::filesystem::path base_, folder_;
};

TEST_F(Probe, AFileThereAndBack) {
  ASSERT_TRUE(make_directories(folder_));
  ASSERT_TRUE(write_file(folder_ / "ask", "n0nce"));
  std::thread here([this] {
    const auto give_up = std::chrono::steady_clock::now() + std::chrono::seconds{60};
    while (!std::filesystem::exists(folder_ / "seen") &&
           std::chrono::steady_clock::now() < give_up) {
      std::this_thread::yield();
    }
    EXPECT_TRUE(write_file_atomic(folder_ / "reply", "n0nce"));
  });
  EXPECT_EQ(run_script(folder_, 8), 0);
  here.join();
  const auto answer = parse_probe_answer(read_file(folder_ / "answer").value_or(""), "n0nce");
  ASSERT_TRUE(answer);
  EXPECT_FALSE(answer->node.empty());
  EXPECT_LT(answer->round_trip, milliseconds{60'000});
}

TEST_F(Probe, AFolderThatIsNotThereOrIsAnother) {
  EXPECT_EQ(run_script(folder_, 1), 41);
  ASSERT_TRUE(make_directories(folder_));
  ASSERT_TRUE(write_file(folder_ / "ask", "of another run"));
  EXPECT_EQ(run_script(folder_, 2), 42);
}

TEST(FolderProbe, AnswersThatAreNotWholeOrNotOurs) {
  EXPECT_TRUE(parse_probe_answer("n 12 host\n", "n"));
  for (const char* text : {"n 12 host", "m 12 host\n", "n -1 host\n", "n x host\n", "n 12 \n",
                           "n 12 a b\n", "n 99999999999 host\n", ""}) {
    EXPECT_FALSE(parse_probe_answer(text, "n")) << text;
  }
}

TEST(FolderProbe, TheVerdictNamesPathNodeAndWhatToDo) {
  JobReport report;
  report.state = JobState::failed;
  report.node = "n7";
  for (const auto& [code, words] : {std::pair<int, const char*>{41, "is not there on node n7"},
                                    {42, "another folder"},
                                    {43, "node n7 cannot write to"},
                                    {44, "not seen on node n7"}}) {
    report.exit_code = code;
    const ProbeVerdict verdict = verdict_of_end(report, "/data/r");
    EXPECT_EQ(verdict.result, ProbeResult::not_shared);
    EXPECT_THAT(verdict.text,
                AllOf(HasSubstr(words), HasSubstr("/data/r"), HasSubstr("put output_dir on")));
  }
  report.exit_code = 127;
  EXPECT_EQ(verdict_of_end(report, "/data/r").result, ProbeResult::unknown);
  report.exit_code = 41;
  report.state = JobState::node_fail;
  EXPECT_EQ(verdict_of_end(report, "/data/r").result, ProbeResult::unknown)
      << "a node that failed says nothing";
  report.state = JobState::completed;
  report.exit_code = 0;
  EXPECT_THAT(verdict_of_end(report, "/data/r").text, HasSubstr("is not seen here"));
}

TEST(FolderProbe, ASlowFolderIsSharedAndSaidToBeSlow) {
  const auto fast = shared_verdict({"n1", milliseconds{40}}, milliseconds{30'000});
  EXPECT_EQ(fast.result, ProbeResult::shared);
  EXPECT_THAT(fast.text,
              AllOf(HasSubstr("node n1"), HasSubstr("40 ms"), Not(HasSubstr("file_wait"))));
  EXPECT_THAT(shared_verdict({"n1", milliseconds{20'000}}, milliseconds{30'000}).text,
              HasSubstr("slurm.file_wait"));
}

TEST(FolderProbe, WhatWasFoundHoldsForItsTimeAndItsFolderAndPartition) {
  const std::string key = probe_key("/data/results/first", "main", "");
  EXPECT_EQ(key, probe_key("/data/results/second", "main", ""));
  EXPECT_NE(key, probe_key("/scratch/second", "main", ""));
  EXPECT_NE(key, probe_key("/data/results/first", "gpu", ""));
  const std::string file = remember_probe("no json", key, {"n1", milliseconds{7}}, 1000);
  const auto found = remembered_probe(file, key, 1000 + kDay - 1, milliseconds{kDay});
  ASSERT_TRUE(found);
  EXPECT_EQ(found->node, "n1");
  EXPECT_EQ(found->round_trip, milliseconds{7});
  EXPECT_FALSE(remembered_probe(file, key, 1000 + kDay, milliseconds{kDay}));
  EXPECT_FALSE(remembered_probe(file, key, 999, milliseconds{kDay})) << "from the future";
  EXPECT_FALSE(remembered_probe(file, "x", 1000, milliseconds{kDay}));
  const std::string later = remember_probe(file, "x", {"n2", milliseconds{1}}, 1000 + 100 * kDay);
  EXPECT_FALSE(nlohmann::json::parse(later).contains(key)) << "forgotten";
  for (const char* damaged :
       {"[]", "{", R"({"k": 1})", R"({"k": {"at": 1, "round_trip_ms": "x", "node": "n"}})",
        R"({"k": {"at": 1, "round_trip_ms": 1, "node": 3}})"}) {
    EXPECT_FALSE(remembered_probe(damaged, "k", 2, milliseconds{kDay})) << damaged;
  }
}

TEST(FolderProbe, ItsJobIsSmallAndPlacedAsTheOthersAre) {
  SlurmOptions options;
  options.partition = "gpu";
  options.gres = "gpu:4";
  options.sbatch_args = {"--licenses=a"};
  const auto words = probe_sbatch(options, "genesis-x-probe", "/s");
  EXPECT_THAT(words, Contains("--partition=gpu"));
  EXPECT_THAT(words, Contains("--licenses=a"));
  EXPECT_THAT(words, Contains("--cpus-per-task=1"));
  EXPECT_THAT(words, Not(Contains(HasSubstr("gres"))));
  EXPECT_EQ(words.back(), "/s");
}

}  // namespace
}  // namespace genesis::launch::slurm
