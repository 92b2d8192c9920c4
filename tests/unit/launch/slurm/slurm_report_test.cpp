#include "launch/slurm/slurm_report.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "launch/slurm/batch_script.h"

namespace genesis::launch::slurm {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

RunFacts a_run() {
  RunFacts run;
  run.folder = "/data/results/first";
  run.id = "0f1e2d3c4b5a";
  run.status = "running";
  return run;
}

JobRow a_job(const std::string& id, JobState state, const std::string& name) {
  JobRow row;
  row.id = id;
  row.state = state;
  row.state_name = state == JobState::waiting ? "PENDING"
                   : has_ended(state)         ? "COMPLETED"
                                              : "RUNNING";
  row.reason = state == JobState::waiting ? "Resources" : "None";
  row.partition = "short";
  row.limit = "5:00";
  row.cpus = 2;
  row.name = name;
  return row;
}

std::string evaluation_of(const RunFacts& run) {
  return job_name_prefix(run.id) + "0123456789abcdef0123";
}

TEST(SlurmReport, ARunsJobsAreThoseOfItsPrefixWhateverTheirKindAndItsController) {
  const RunFacts run = a_run();
  const std::vector<JobRow> all{
      a_job("1", JobState::running, evaluation_of(run)),
      a_job("2", JobState::running, job_name_prefix(run.id) + "pilot-3"),
      a_job("3", JobState::running, "genesis-0123456789ab-x"),
      a_job("4", JobState::waiting, controller_name(run.folder)),
      a_job("5", JobState::running, controller_name("/data/results/second")),
      a_job("6", JobState::running, "somebody's")};
  std::vector<std::string> ids;
  for (const JobRow& row : jobs_of_run(all, run)) ids.push_back(row.id);
  EXPECT_THAT(ids, ElementsAre("4", "1", "2"));
}

TEST(SlurmReport, PrefixesOfOursOnly) {
  EXPECT_EQ(run_prefix_of(a_job("1", JobState::running, "genesis-0123456789ab-x")),
            "genesis-0123456789ab-");
  for (const char* name :
       {"genesis-0123456789AB-x", "genesis-0123456789ab-", "genesis-short-x", "x"}) {
    EXPECT_EQ(run_prefix_of(a_job("1", JobState::running, name)), "") << name;
  }
}

TEST(SlurmReport, StatusCountsAndSaysWhy) {
  RunFacts run = a_run();
  auto waiting = a_job("7", JobState::waiting, evaluation_of(run));
  waiting.start = "2026-11-22T06:35:22";
  const std::vector<JobRow> rows{waiting,
                                 a_job("8", JobState::running, job_name_prefix(run.id) + "pilot-1"),
                                 a_job("9", JobState::completed, evaluation_of(run))};
  const std::string text = status_text(run, rows);
  EXPECT_THAT(text,
              AllOf(HasSubstr("none lives"), HasSubstr("1 running, 1 waiting (1 ended lately)"),
                    HasSubstr("all that fits is in use"), HasSubstr("2026-11-22T06:35:22"),
                    HasSubstr("pilot-1"), Not(HasSubstr("\n9 "))));
  const auto json = status_json(run, rows);
  EXPECT_EQ(json["jobs"][0]["reason"], "Resources");
  EXPECT_EQ(json["jobs"][1]["what"], "pilot-1");
  EXPECT_TRUE(json["jobs"][1]["reason"].is_null());
  EXPECT_TRUE(json["runner"].is_null());
  run.status = "finished";
  EXPECT_THAT(status_text(run, rows), HasSubstr("nor is one needed"));
}

TEST(SlurmReport, ARunIsHeldByItsRunnerOrByAControllerThatWaits) {
  RunFacts run = a_run();
  EXPECT_EQ(holder_of(run, {a_job("1", JobState::running, evaluation_of(run))}), "");
  EXPECT_THAT(holder_of(run, {a_job("4", JobState::waiting, controller_name(run.folder))}),
              HasSubstr("job 4"));
  EXPECT_EQ(holder_of(run, {a_job("4", JobState::completed, controller_name(run.folder))}), "");
  run.owner = "host n1, process 3";
  EXPECT_EQ(holder_of(run, {}), run.owner);
}

TEST(SlurmReport, ExplainSaysWhatToDoAndWhichLimitIsInTheWay) {
  Explained known;
  known.run = a_run();
  auto too_long = a_job("7", JobState::waiting, evaluation_of(known.run));
  too_long.reason = "PartitionTimeLimit";
  known.rows = {too_long, a_job("8", JobState::waiting, evaluation_of(known.run)),
                a_job("9", JobState::waiting, evaluation_of(known.run))};
  known.partitions.resize(2);
  known.partitions[0].name = "main";
  known.partitions[0].is_default = true;
  known.partitions[1].name = "short";
  known.partitions[1].state = "UP";
  known.partitions[1].max_time = "00:02:00";
  known.partitions[1].default_memory = "100 MB per processor";
  known.site.cluster = "c";
  known.site.max_array_size = 11;
  known.trials = {{"8", "2026-11-22T07:00:00"}};
  const std::string text = explain_text(known);
  EXPECT_THAT(
      text,
      AllOf(HasSubstr("no runner lives"), HasSubstr("1 job waits (7): PartitionTimeLimit"),
            HasSubstr("waits for ever"), HasSubstr("2 jobs wait (8, 9): Resources"),
            HasSubstr("would start 2026-11-22T07:00:00"),
            HasSubstr("job 7 asks for 5:00, which is more than its 00:02:00"),
            HasSubstr("at most 11 tasks"), HasSubstr("accounting off"), Not(HasSubstr("main ("))));
  known.rows.clear();
  EXPECT_THAT(explain_text(known), HasSubstr("main ("))
      << "the default one, where nothing says which";
}

TEST(SlurmReport, ATrialAsksForWhatTheJobAsksFor) {
  auto row = a_job("1", JobState::waiting, "x");
  row.memory = "100M";
  row.limit = "1-00:00:30";
  EXPECT_THAT(trial_command(row),
              ElementsAre("sbatch", "--test-only", "--wrap=true", "--cpus-per-task=2",
                          "--partition=short", "--time=1441", "--mem=100M"));
  row.limit = "UNLIMITED";
  row.memory = "0";
  row.partition = "";
  EXPECT_EQ(trial_command(row).size(), 4u);
}

}  // namespace
}  // namespace genesis::launch::slurm
