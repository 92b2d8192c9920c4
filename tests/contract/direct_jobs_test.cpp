// Evaluations in sandboxes without an evolution, as a program of somebody else's would do it: no
// key, so that a server of this machine comes by itself.
#include "launch/e2b/direct_jobs.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include <cstdlib>
#include <nlohmann/json.hpp>
#include <thread>

#include "genesis/base/files.h"

namespace genesis::launch::e2b {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;
using testing::MatchesRegex;

const char* const kEvaluator = R"(
import argparse, json, os, sys
parser = argparse.ArgumentParser()
parser.add_argument("--program_path")
parser.add_argument("--results_dir")
arguments = parser.parse_args()
print("scoring", os.path.basename(arguments.program_path), os.environ["LEVEL"])
score = len(open(arguments.program_path).read()) + len(open("data/more.txt").read())
if score > 100:
    import module_that_nobody_has
with open(os.path.join(arguments.results_dir, "metrics.json"), "w") as file:
    json.dump({"combined_score": score}, file)
with open(os.path.join(arguments.results_dir, "correct.json"), "w") as file:
    json.dump({"correct": True}, file)
)";

class DirectJobsTest : public testing::Test {
 protected:
  DirectJobsTest() {
    for (const char* name :
         {"E2B_API_KEY", "E2B_API_TOKEN", "E2B_DOMAIN", "E2B_API_URL", "E2B_SANDBOX_URL"}) {
      ::unsetenv(name);
    }
    ::setenv("GENESIS_SANDBOXD_DIR", state().c_str(), 1);
    put("evaluate.py", kEvaluator);
    put("program.py", "x = 1\n");
    put("more.txt", "1234");
  }
  ~DirectJobsTest() override {
    const auto text = read_file(state() / "client.json");
    if (!text) return;
    const pid_t server = nlohmann::json::parse(*text)["pid"].get<pid_t>();
    ::kill(server, SIGTERM);
    const auto deadline = std::chrono::steady_clock::now() + 30s;
    while (::kill(server, 0) == 0 && std::chrono::steady_clock::now() < deadline) {
      std::this_thread::yield();
    }
  }

  fs::path state() const { return folder_.path() / "s"; }
  void put(const std::string& name, const std::string& text) {
    ASSERT_TRUE(write_file(folder_.path() / name, text).has_value());
  }
  DirectJob job() {
    DirectJob made;
    made.log_dir = folder_.path() / "log";
    made.exec_fname = folder_.path() / "program.py";
    made.eval_program_path = folder_.path() / "evaluate.py";
    made.timeout = 60s;
    made.env_vars = {{"LEVEL", "a b"}};
    made.additional_files = {{"data/more.txt", (folder_.path() / "more.txt").string()}};
    return made;
  }

  // Short: the agents' sockets are below it, and such names have a limit.
  TempDir folder_{"dj"};
};

TEST_F(DirectJobsTest, AJobFromSubmitToCleanup) {
  auto jobs = value_or_throw(DirectJobs::connect());
  const auto id = jobs->submit_with_files(job());
  ASSERT_TRUE(id.has_value()) << id.error().message;
  EXPECT_THAT(*id, MatchesRegex("e2b-[0-9a-f]{8}"));
  const auto info = jobs->get_sandbox_info(*id);
  ASSERT_TRUE(info.has_value()) << info.error().message;
  EXPECT_EQ(info->state, SandboxState::running);
  std::vector<DirectStatus> seen;
  const auto end = jobs->monitor(*id, 60s, [&](DirectStatus status) { seen.push_back(status); });
  ASSERT_TRUE(end.has_value()) << end.error().message;
  EXPECT_EQ(*end, DirectStatus::completed);
  EXPECT_EQ(seen.back(), DirectStatus::completed);
  const auto results = jobs->download_results(*id);
  ASSERT_TRUE(results.has_value()) << results.error().message;
  EXPECT_TRUE(results->correct);
  EXPECT_EQ(nlohmann::json::parse(results->metrics_json)["combined_score"], 10);
  EXPECT_EQ(results->stdout_log, "scoring main.py a b\n");
  EXPECT_TRUE(fs::exists(folder_.path() / "log" / "results" / "metrics.json"));
  EXPECT_EQ(jobs->cancel_job(*id), false) << "it has ended";
  EXPECT_TRUE(jobs->cleanup_sandbox(*id).has_value());
  EXPECT_EQ(jobs->get_job_status(*id).error().kind, ErrorKind::not_found);
}

TEST_F(DirectJobsTest, FailuresAreTold) {
  put("long.py", std::string(200, '#'));
  DirectJob failing = job();
  failing.exec_fname = folder_.path() / "long.py";
  auto jobs = value_or_throw(DirectJobs::connect());
  const auto id = jobs->submit_with_files(failing);
  ASSERT_TRUE(id.has_value()) << id.error().message;
  EXPECT_EQ(jobs->monitor(*id, 60s), DirectStatus::failed);
  const auto results = jobs->download_results(*id);
  ASSERT_TRUE(results.has_value()) << results.error().message;
  EXPECT_EQ(results->exit_code, 1);
  EXPECT_FALSE(results->correct);
  EXPECT_THAT(results->detail, HasSubstr("add module_that_nobody_has"));
  // The server that is ended after each test would leave it alive.
  EXPECT_TRUE(jobs->cleanup_sandbox(*id).has_value());

  DirectJob missing = job();
  missing.additional_files = {{"x", "no/such/file"}};
  EXPECT_THAT(jobs->submit_with_files(missing).error().message, HasSubstr("no/such/file"));
  missing = job();
  missing.template_id = "no-such-template";
  EXPECT_THAT(jobs->submit_with_files(missing).error().message, HasSubstr("no-such-template"));
}

TEST_F(DirectJobsTest, ARunningJobIsCancelled) {
  put("endless.py", "import time\ntime.sleep(3600)\n");
  DirectJob endless = job();
  endless.eval_program_path = folder_.path() / "endless.py";
  auto jobs = value_or_throw(DirectJobs::connect());
  const auto id = jobs->submit_with_files(endless);
  ASSERT_TRUE(id.has_value()) << id.error().message;
  EXPECT_EQ(jobs->get_job_status(*id), DirectStatus::running);
  EXPECT_EQ(jobs->download_results(*id).error().kind, ErrorKind::unavailable);
  EXPECT_EQ(jobs->cancel_job(*id), true);
  EXPECT_EQ(jobs->get_job_status(*id), DirectStatus::lost);
}

}  // namespace
}  // namespace genesis::launch::e2b
