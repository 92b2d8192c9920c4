#include "genesis/cli/sweep_report.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "genesis/base/files.h"

namespace genesis::cli {
namespace {

using nlohmann::json;
using testing::HasSubstr;
using testing::Not;

SweepRow row(std::size_t number, const std::string& status, std::optional<double> best = {}) {
  SweepRow made;
  made.number = number;
  made.overrides = {"seed=" + std::to_string(number), "x=1"};
  made.title = made.overrides[0];
  made.folder = "results/s/" + std::to_string(number);
  made.status = status;
  if (!best) return made;
  RunReport report;
  report.run_id = "0123456789abcdef";
  report.status = status;
  report.reason = status == "finished" ? "generations" : status;
  report.generations = 40;
  report.target_generations = 50;
  report.evaluations = 41;
  report.wall_seconds = 1.5;
  store::ProgramRecord program;
  program.generation = 7;
  program.score = *best;
  report.best = program;
  report.best_path = "results/s/" + std::to_string(number) + "/gen_7/main.py";
  made.report = report;
  return made;
}

SweepReport report_of(std::vector<SweepRow> rows) {
  SweepReport report("results/s", {"seed=0,1,2", "x=1"}, false);
  report.rows() = std::move(rows);
  return report;
}

TEST(SweepReport, TheExitCodeSaysTheWorstThatHappened) {
  const auto code = [](std::vector<std::string> statuses) {
    std::vector<SweepRow> rows;
    for (const std::string& status : statuses) rows.push_back(row(rows.size(), status));
    return report_of(std::move(rows)).exit_code();
  };
  EXPECT_EQ(code({"finished", "finished"}), ExitCode::ok);
  EXPECT_EQ(code({"finished", "interrupted"}), ExitCode::interrupted);
  EXPECT_EQ(code({"finished", "not_started"}), ExitCode::interrupted);
  EXPECT_EQ(code({"conflict", "interrupted"}), ExitCode::conflict);
  EXPECT_EQ(code({"seed_failed", "conflict"}), ExitCode::failed);
  EXPECT_EQ(code({"finished", "error"}), ExitCode::failed);
  EXPECT_EQ(code({"failed"}), ExitCode::failed);
}

TEST(SweepReport, JsonHoldsEveryJobAndTheBestOfAll) {
  SweepReport report =
      report_of({row(0, "finished", 1.5), row(1, "interrupted", 2.5), row(2, "failed")});
  report.rows()[2].message = "no such file";
  const json state = to_json(report, true);
  EXPECT_EQ(state["version"], json(1));
  EXPECT_EQ(state["sweep_dir"], json("results/s"));
  EXPECT_EQ(state["arguments"], json({"seed=0,1,2", "x=1"}));
  EXPECT_EQ(state["share_pool"], json(false));
  EXPECT_EQ(state["status"], json("finished"));
  EXPECT_EQ(state["counts"], json({{"finished", 1}, {"interrupted", 1}, {"failed", 1}}));
  EXPECT_EQ(state["best"]["job"], json(1));
  EXPECT_EQ(state["best"]["combined_score"], json(2.5));
  ASSERT_EQ(state["jobs"].size(), 3u);
  const json& first = state["jobs"][0];
  EXPECT_EQ(first["number"], json(0));
  EXPECT_EQ(first["overrides"], json({"seed=0", "x=1"}));
  EXPECT_EQ(first["output_dir"], json("results/s/0"));
  EXPECT_EQ(first["status"], json("finished"));
  EXPECT_EQ(first["reason"], json("generations"));
  EXPECT_EQ(first["best"]["generation"], json(7));
  EXPECT_EQ(first["generations"], json(40));
  EXPECT_EQ(first["target_generations"], json(50));
  EXPECT_EQ(first["evaluations"], json(41));
  EXPECT_EQ(state["jobs"][2]["message"], json("no such file"));
  EXPECT_EQ(state["jobs"][2]["best"], json(nullptr));
  EXPECT_EQ(to_json(report, false)["status"], json("running"));
  EXPECT_EQ(to_json(report_of({row(0, "not_started")}), true)["status"], json("interrupted"));
  EXPECT_EQ(to_json(report_of({row(0, "not_started")}), true)["best"], json(nullptr));
}

TEST(SweepReport, TheTableHasALineForEachJob) {
  SweepReport report =
      report_of({row(0, "finished", 1.5), row(1, "seed_failed", 2.5), row(2, "not_started")});
  report.rows()[1].message = "exited with 1\nTraceback";
  EXPECT_EQ(to_text(report, 100), R"(
Sweep of 3 jobs in results/s: 1 finished, 1 not started, 1 seed failed

  job  sweep   best  generations  outcome                 folder
    0  seed=0   1.5        40/50  finished (generations)  results/s/0
    1  seed=1   2.5        40/50  seed failed             results/s/1
    2  seed=2     -            -  not started             results/s/2

  job 1 (seed=1): exited with 1
Traceback
  best      2.5 by job 1 (seed=1), generation 7
  program   results/s/1/gen_7/main.py
  next      the same command takes up what is not finished (with output_dir=results/s if it does not say so)
)");
}

TEST(SweepReport, ALongTitleGivesWay) {
  SweepReport report = report_of({row(0, "finished", 1.5)});
  report.rows()[0].title = std::string(200, 'x');
  const std::string text = to_text(report, 100);
  EXPECT_THAT(text, Not(HasSubstr(std::string(100, 'x') + "  ")));
  EXPECT_THAT(text, HasSubstr("results/s/0\n"));
  EXPECT_THAT(text, HasSubstr("..."));
}

TEST(SweepReport, IsWrittenWhole) {
  const TempDir folder("sweep-report");
  SweepReport report(folder.path(), {"a=1"}, true);
  report.rows() = {row(0, "finished", 1.0)};
  report.rows()[0].overrides = {"name=\xff"};
  ASSERT_TRUE(report.write(true));
  const auto text = read_file(folder.path() / "sweep.json");
  ASSERT_TRUE(text);
  EXPECT_TRUE(json::accept(*text));
  EXPECT_EQ(json::parse(*text)["share_pool"], json(true));
}

}  // namespace
}  // namespace genesis::cli
