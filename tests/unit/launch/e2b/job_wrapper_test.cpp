#include "launch/e2b/job_wrapper.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "launch/e2b/e2b_outcome.h"
#include "launch/e2b/job_ref.h"

namespace genesis::launch::e2b {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

TEST(JobWrapper, FillsInThePlacesOfTheSandbox) {
  const SandboxPlaces places("/tmp/g", "abc", "123");
  EXPECT_EQ(
      places.filled("{work}/main.py {results} {shared}/e.py {\"a\":1} {wor"),
      "/tmp/g/jobs/abc/main.py /tmp/g/jobs/abc/results /tmp/g/shared/123/e.py {\"a\":1} {wor");
}

TEST(JobWrapper, TheCommandLineHasLimitsAndPlaces) {
  JobSpec spec;
  spec.argv = {"python3", "{shared}/evaluate.py", "a b"};
  spec.limits.wall_time = 1500ms;
  spec.limits.kill_grace = 2s;
  spec.limits.cpu_time = 10s;
  const auto argv = wrapped_command(spec, SandboxPlaces("/tmp/g", "m", "h"), "");
  EXPECT_THAT(argv,
              testing::ElementsAre("/bin/sh", "/tmp/g/shared/h/run_job.sh", "/tmp/g", "m", "1.500",
                                   "2", testing::_, testing::_, "/tmp/g/jobs/m", "ulimit -t 10;",
                                   "python3", "/tmp/g/shared/h/evaluate.py", "a b"));
}

TEST(JobWrapper, TheAnswerHasTheSmallResultsByteForByte) {
  const std::string bytes("a\nfile 3 x\n\0b", 13);
  const std::string output =
      "{\"v\":1,\"code\":0}\nfile 13 metrics.json\n" + bytes + "\nfile 0 empty\n\nfile 99 cut\nabc";
  const auto answer = parse_answer(output);
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->files.at("metrics.json"), bytes);
  EXPECT_EQ(answer->files.at("empty"), "");
  EXPECT_EQ(answer->files.count("cut"), 0u) << "not whole";
  EXPECT_FALSE(parse_answer("{\"v\":1,\"code\":0}")) << "no end of line: not whole";
  EXPECT_FALSE(parse_answer("sh: 1: not found\n"));
  EXPECT_EQ(parse_answer("{\"v\":1,\"code\":0}\nfile 1 ../x\na\n")->files.size(), 0u);
}

JobOutcome judge(int code, std::optional<int> oom = 0) {
  ExitRecord record;
  record.code = code;
  record.oom = oom;
  return outcome_of(record, Limits(), std::nullopt);
}

TEST(E2BOutcome, ToldApart) {
  EXPECT_EQ(judge(0).kind, JobOutcomeKind::exited);
  EXPECT_EQ(judge(3).exit_code, 3);
  EXPECT_EQ(judge(139).kind, JobOutcomeKind::signalled);
  EXPECT_EQ(judge(139).signal, 11);
  EXPECT_EQ(judge(200).kind, JobOutcomeKind::exited);
  EXPECT_EQ(judge(137).kind, JobOutcomeKind::signalled) << "the kernel counted no end for memory";
  EXPECT_EQ(judge(137, std::nullopt).kind, JobOutcomeKind::out_of_memory);
  EXPECT_EQ(judge(1, 1).kind, JobOutcomeKind::out_of_memory);
  EXPECT_EQ(judge(0, 1).kind, JobOutcomeKind::exited) << "it coped";
  ExitRecord late;
  late.code = 143;
  late.timed_out = true;
  Limits limits;
  limits.wall_time = 300s;
  const JobOutcome timeout = outcome_of(late, limits, JobOutcomeKind::cancelled);
  EXPECT_EQ(timeout.kind, JobOutcomeKind::timeout);
  EXPECT_GE(timeout.wall, 300s);
  EXPECT_THAT(timeout.detail, HasSubstr("Sandbox timeout"));
  EXPECT_THAT(timeout.detail, HasSubstr("job_config.timeout"));
  late.timed_out = false;
  EXPECT_EQ(outcome_of(late, limits, JobOutcomeKind::cancelled).kind, JobOutcomeKind::cancelled);
}

TEST(E2BOutcome, AFailureOfTheProviderIsNeverTheCandidates) {
  for (const auto kind :
       {FailureKind::unauthorized, FailureKind::refused, FailureKind::unknown_template,
        FailureKind::not_found, FailureKind::sandbox_gone, FailureKind::rate_limited,
        FailureKind::unavailable, FailureKind::broken, FailureKind::deadline, FailureKind::no_space,
        FailureKind::too_large, FailureKind::local_io}) {
    for (const bool started : {false, true}) {
      EXPECT_TRUE(is_infrastructure_failure(outcome_of(Failure(kind, "x"), started).kind))
          << to_string(kind);
    }
  }
  EXPECT_EQ(outcome_of(Failure(FailureKind::sandbox_gone, "x"), true).kind, JobOutcomeKind::lost);
  EXPECT_EQ(outcome_of(Failure(FailureKind::unauthorized, "x"), false).kind,
            JobOutcomeKind::backend_error);
}

TEST(E2BOutcome, AMissingModuleGivesTheHint) {
  EXPECT_EQ(
      missing_module_hint("Traceback …\nModuleNotFoundError: No module named 'scipy.optimize'\n"),
      "Dependencies missing in sandbox: add scipy to job_config.dependencies");
  EXPECT_EQ(missing_module_hint("ValueError: 3"), "");
  EXPECT_EQ(missing_module_hint("No module named '"), "");
}

TEST(JobRef, GrowsAndIsReadAgain) {
  SandboxJobRef ref;
  ref.sandbox = "i1a2b3";
  EXPECT_EQ(to_text(ref), "1 sandbox=i1a2b3");
  ref.pid = 42;
  EXPECT_EQ(to_text(ref), "1 sandbox=i1a2b3 pid=42");
  const auto read = parse_ref("1 sandbox=i1a2b3 pid=42 more=later");
  ASSERT_TRUE(read);
  EXPECT_EQ(read->sandbox, "i1a2b3");
  EXPECT_EQ(read->pid, 42);
  for (const char* text : {"", "1", "2 sandbox=a", "1 sandbox=", "1 sandbox=a/../b", "1 pid=3",
                           "1 sandbox=a pid=x", "1 sandbox=a pid=99999999999999999999"}) {
    EXPECT_FALSE(parse_ref(text)) << text;
  }
}

}  // namespace
}  // namespace genesis::launch::e2b
