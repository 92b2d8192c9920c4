#include "evaluators/evaluator_form.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace genesis::evaluators {
namespace {

using testing::HasSubstr;

TEST(InspectEvaluator, FindsFunctionsAtTheTopLevel) {
  EXPECT_TRUE(inspect_evaluator("import os\n\ndef evaluate(program_path):\n").is_function());
  EXPECT_TRUE(inspect_evaluator("def  evaluate (path: str) -> dict:\r\n    pass\n").is_function());
  EXPECT_FALSE(inspect_evaluator("class A:\n    def evaluate(self):\n").is_function());
  EXPECT_FALSE(inspect_evaluator("def evaluate_all(path):\n").is_function());
  EXPECT_FALSE(inspect_evaluator("# def evaluate(path):\n").is_function());
  EXPECT_FALSE(inspect_evaluator("").is_function());
}

TEST(InspectEvaluator, WhatKnowsTheResultsFolderIsAScript) {
  const auto shape = inspect_evaluator(
      "def evaluate(program_path, results_dir):\n    pass\nparser.add_argument('--results_dir')\n");
  EXPECT_TRUE(shape.has_evaluate);
  EXPECT_FALSE(shape.is_function());
}

TEST(InspectEvaluator, CountsStagesWithoutAGap) {
  const std::string one = "def evaluate_stage1(p):\n", two = "def evaluate_stage2(p):\n",
                    three = "def evaluate_stage3(p):\n";
  EXPECT_EQ(inspect_evaluator(one + two + three).stages, 3);
  EXPECT_EQ(inspect_evaluator(one + three).stages, 1);
  EXPECT_EQ(inspect_evaluator(two).stages, 0);
  EXPECT_TRUE(inspect_evaluator(one).is_function());
}

TEST(EvaluatorForm, IsTheTextsUnlessNamed) {
  launch::EvaluationOptions options;
  const std::string function = "def evaluate(p):\n";
  EXPECT_EQ(evaluator_form(options, function), EvaluatorForm::function);
  EXPECT_EQ(evaluator_form(options, "print(1)\n"), EvaluatorForm::script);
  options.form = launch::EvaluatorForm::script;
  EXPECT_EQ(evaluator_form(options, function), EvaluatorForm::script);
  options.form = launch::EvaluatorForm::function;
  EXPECT_EQ(evaluator_form(options, "from x import evaluate\n"), EvaluatorForm::function);
  options.evaluate_function_json = R"({"_target_":"a.b"})";
  EXPECT_EQ(evaluator_form(options, ""), EvaluatorForm::target);
}

TEST(EvaluatorForm, FunctionsTakeNoFlags) {
  launch::EvaluationOptions options;
  options.extra_cmd_args_json = R"({"fast":true})";
  EXPECT_EQ(evaluator_form(options, "print(1)\n"), EvaluatorForm::script);
  const auto refused = evaluator_form(options, "def evaluate(p):\n");
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().message, HasSubstr("use env_vars"));
  options.evaluate_function_json = R"({"_target_":"a.b"})";
  EXPECT_FALSE(evaluator_form(options, ""));
}

TEST(FormArguments, NameTheHelperAndItsSettings) {
  launch::EvaluationOptions options;
  options.cascade_thresholds = {0.25};
  options.stage_timeout = std::chrono::milliseconds(1500);
  const auto words = form_arguments(EvaluatorForm::function, options, "/e.py", "/helper");
  EXPECT_THAT(words, testing::ElementsAre("/helper/function_form.py", "--evaluator", "/e.py",
                                          "--settings", testing::_, "--program_path",
                                          "{program_path}", "--results_dir", "{results_dir}"));
  EXPECT_EQ(nlohmann::json::parse(words[4]),
            nlohmann::json({{"cascade", true},
                            {"thresholds", {0.25}},
                            {"stage_timeout", 1.5},
                            {"feature_dimensions", {"complexity", "diversity"}}}));
  EXPECT_EQ(form_arguments(EvaluatorForm::script, options, "/e.py", "").front(), "/e.py");
}

}  // namespace
}  // namespace genesis::evaluators
