#include "genesis/run/callable_planner.h"

#include "evaluators/command_planner.h"

namespace genesis::run {

launch::JobSpec CallablePlanner::plan(const Program& program, const launch::AttemptKey& key,
                                      const std::string& token) const {
  launch::JobSpec spec;
  spec.key = key;
  spec.token = token;
  spec.limits = limits_;
  const auto add = [&](const SourceFile& file) {
    launch::InputFile input;
    input.path = file.path;
    input.content = file.text;
    spec.inputs.push_back(std::move(input));
  };
  add(program.primary());  // first: callables know it by that
  for (const SourceFile& file : program.files()) {
    if (file.path != program.primary().path) add(file);
  }
  return spec;
}

evaluators::EvaluationOutcome CallablePlanner::judge(const launch::JobOutcome& job,
                                                     const launch::JobResults& results) const {
  return evaluators::judge_job(job, results);
}

}  // namespace genesis::run
