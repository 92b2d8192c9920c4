#include "evaluators/command_planner.h"

#include <gtest/gtest.h>

#include "genesis/base/files.h"

namespace genesis::evaluators {
namespace {

class CommandPlannerTest : public testing::Test {
 protected:
  CommandPlannerTest() {
    EXPECT_TRUE(write_file(dir_.path() / "evaluate.py", "print(1)\n"));
    options_.eval_program_path = (dir_.path() / "evaluate.py").string();
    options_.python_executable = "/bin/sh";  // any program that can be run
  }

  std::string failure() {
    const auto planner = CommandPlanner::create(options_, *find_language("python"), dir_.path());
    return planner ? "" : planner.error().message;
  }
  launch::JobSpec plan(const Program& program) {
    const auto planner =
        value_or_throw(CommandPlanner::create(options_, *find_language("python"), dir_.path()));
    launch::AttemptKey key;
    key.evaluation = 7;
    return planner.plan(program, key, "token");
  }

  TempDir dir_;
  launch::EvaluationOptions options_;
};

TEST_F(CommandPlannerTest, PlansThePythonForm) {
  options_.extra_cmd_args_json = R"({"fast": true, "slow": false, "rounds": 3, "name": "a b"})";
  const launch::JobSpec spec = plan(Program("initial.py", "x = 1\n"));
  EXPECT_EQ(spec.argv,
            (std::vector<std::string>{"/bin/sh", options_.eval_program_path, "--program_path",
                                      "{work}/main.py", "--results_dir", "{results}", "--fast",
                                      "--name", "a b", "--rounds", "3"}));
  ASSERT_EQ(spec.inputs.size(), 1u);
  EXPECT_EQ(spec.inputs[0].path, "main.py");
  EXPECT_EQ(spec.work_dir, dir_.path() / "evaluations" / "7" / "attempt_1");
}

// A function's settings decide its scores, so they are part of what is compared.
TEST_F(CommandPlannerTest, PlansTheFunctionFormAndHashesItsSettings) {
  const auto hash = [this] {
    return value_or_throw(CommandPlanner::create(options_, *find_language("python"), dir_.path()))
        .evaluator_hash();
  };
  const std::string as_script = hash();
  ASSERT_TRUE(write_file(dir_.path() / "evaluate.py", "def evaluate(path):\n    return {}\n"));
  const launch::JobSpec spec = plan(Program("initial.py", "x = 1\n"));
  ASSERT_EQ(spec.argv.size(), 10u);
  EXPECT_TRUE(spec.argv[1].ends_with("/genesis_evaluator/function_form.py"));
  EXPECT_EQ(spec.argv[3], options_.eval_program_path);
  EXPECT_EQ(spec.argv[7], "{work}/main.py");
  ASSERT_TRUE(spec.warm);  // its own imports are the helper's: the evaluator's are named
  EXPECT_EQ(spec.warm->scan, std::vector<std::filesystem::path>{options_.eval_program_path});
  const std::string as_function = hash();
  EXPECT_NE(as_function, as_script);
  options_.cascade_thresholds = {0.1};
  EXPECT_NE(hash(), as_function);
  options_.form = launch::EvaluatorForm::script;
  const std::string forced = hash();
  options_.cascade_thresholds = {0.2};
  EXPECT_EQ(hash(), forced);
}

TEST_F(CommandPlannerTest, AFunctionByNameNeedsNoFile) {
  options_.eval_program_path = "shinka/eval_hydra.py";
  options_.evaluate_function_json = R"({"_target_":"tasks.point.main"})";
  const launch::JobSpec spec = plan(Program("initial.py", "x = 1\n"));
  EXPECT_TRUE(spec.argv[1].ends_with("/genesis_evaluator/target_form.py"));
  EXPECT_EQ(spec.argv[3], options_.evaluate_function_json);
}

TEST_F(CommandPlannerTest, SeveralFilesKeepTheirPaths) {
  const Program program =
      value_or_throw(Program::create({{"a/util.py", "u"}, {"a/solve.py", "s"}}, "a/solve.py"));
  const launch::JobSpec spec = plan(program);
  EXPECT_EQ(spec.argv[3], "{work}/a/solve.py");
  EXPECT_EQ(spec.inputs.size(), 2u);
}

TEST_F(CommandPlannerTest, AnActivatedEnvironmentBringsItsInterpreter) {
  options_.python_executable.clear();
  options_.conda_env = "science";
  EXPECT_EQ(plan(Program("main.py", "")).argv[0], "python3");
  options_.conda_env.clear();
  options_.activate_script = "env.sh";
  EXPECT_EQ(plan(Program("main.py", "")).argv[0], "python3");
  options_.python_executable = "/bin/sh";
  EXPECT_EQ(plan(Program("main.py", "")).argv[0], "/bin/sh");
}

TEST_F(CommandPlannerTest, WhereNoFileOfOursIsEverythingGoesAlong) {
  ASSERT_TRUE(write_file(dir_.path() / "evaluate.py", "import rules\nimport genesis.core\n"));
  ASSERT_TRUE(write_file(dir_.path() / "rules.py", "x = 1\n"));
  options_.travels = true;
  options_.python_executable = "python3.12";  // The other machine's: it need not be here.
  const launch::JobSpec spec = plan(Program("initial.py", "x = 1\n"));
  ASSERT_GE(spec.argv.size(), 2u);
  EXPECT_EQ(spec.argv[0], "python3.12");
  EXPECT_EQ(spec.argv[1], "{shared}/evaluator/evaluate.py");
  EXPECT_EQ(spec.environment.at("PYTHONPATH"), "{shared}/python");
  EXPECT_TRUE(spec.cwd.empty());
  ASSERT_TRUE(spec.shared);
  std::map<std::string, std::string> sent;
  for (const launch::InputFile& file : spec.shared->files) sent[file.path] = file.copy_of->string();
  EXPECT_EQ(sent["evaluator/evaluate.py"], options_.eval_program_path);
  EXPECT_EQ(sent["evaluator/rules.py"], (dir_.path() / "rules.py").string());
  EXPECT_TRUE(sent.count("python/genesis/core/__init__.py"));
  EXPECT_TRUE(sent.count("python/genesis_evaluator/evaluation.py"));
  EXPECT_FALSE(sent.count("python/genesis_warm/server.py"));
}

TEST_F(CommandPlannerTest, ACommandsProgramsGoAlongToo) {
  const fs::path program = dir_.path() / "score.sh";
  ASSERT_TRUE(write_file(program, "#!/bin/sh\n"));
  fs::permissions(program, fs::perms::owner_all);
  options_.travels = true;
  options_.evaluator_command = program.string() + " --own=" + program.string() + " {program_path}";
  const launch::JobSpec spec = plan(Program("initial.py", "x = 1\n"));
  EXPECT_EQ(spec.argv,
            (std::vector<std::string>{"{shared}/command/0/score.sh",
                                      "--own={shared}/command/0/score.sh", "{work}/main.py"}));
}

TEST_F(CommandPlannerTest, SplitsACommandWithoutAShell) {
  options_.evaluator_command = R"(score --at "{program_path}" 'two words' $HOME a\ b {"k": 1})";
  EXPECT_EQ(plan(Program("main.py", "")).argv,
            (std::vector<std::string>{"score", "--at", "{work}/main.py", "two words", "$HOME",
                                      "a b", "{k:", "1}"}));
}

TEST_F(CommandPlannerTest, RefusesWhatCannotWorkAndSaysWhy) {
  options_.evaluator_command = "score {program_pth} {results_dir}";
  EXPECT_NE(failure().find("unknown placeholder '{program_pth}', did you mean 'program_path'?"),
            std::string::npos)
      << failure();
  options_.evaluator_command = "score {results_dir}";
  EXPECT_NE(failure().find("never names the program"), std::string::npos);
  options_.evaluator_command = "score '{program_path}";
  EXPECT_NE(failure().find("unclosed quote"), std::string::npos);
  options_.evaluator_command = "/no/such/program {program_path}";
  EXPECT_NE(failure().find("was not found or cannot be run"), std::string::npos);
  options_.evaluator_command.clear();
  options_.eval_program_path = "no_such_evaluator.py";
  EXPECT_NE(failure().find("set job_config.eval_program_path"), std::string::npos);
}

TEST_F(CommandPlannerTest, TheHashFollowsFileAndArguments) {
  const auto hash = [&] {
    return value_or_throw(CommandPlanner::create(options_, *find_language("python"), dir_.path()))
        .evaluator_hash();
  };
  const std::string before = hash();
  EXPECT_EQ(hash(), before);
  options_.extra_cmd_args_json = R"({"n": 2})";
  const std::string with_argument = hash();
  EXPECT_NE(with_argument, before);
  ASSERT_TRUE(write_file(dir_.path() / "evaluate.py", "print(2)\n"));
  EXPECT_NE(hash(), with_argument);
}

TEST(JudgeJob, OnlyACleanExitIsJudgedByItsFiles) {
  launch::JobResults results;
  results.inline_files["metrics.json"] = R"({"combined_score": 2.5})";
  results.inline_files["correct.json"] = R"({"correct": true, "error": null})";
  launch::JobOutcome job;
  job.kind = launch::JobOutcomeKind::exited;
  EXPECT_EQ(judge_job(job, results).combined_score, 2.5);
  job.exit_code = 3;
  EXPECT_EQ(judge_job(job, results).kind, OutcomeKind::job_failure);
  job.kind = launch::JobOutcomeKind::timeout;
  EXPECT_EQ(judge_job(job, results).kind, OutcomeKind::job_failure);
  EXPECT_EQ(judge_job(job, results).combined_score, 0);
}

}  // namespace
}  // namespace genesis::evaluators
