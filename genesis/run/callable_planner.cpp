#include "genesis/run/callable_planner.h"

#include "evaluators/command_planner.h"

namespace genesis::run {

launch::JobSpec CallablePlanner::plan(const Program& program, const launch::AttemptKey& key,
                                      const std::string& token) const {
  launch::JobSpec spec;
  spec.key = key;
  spec.token = token;
  spec.limits = limits_;
  for (const SourceFile& file : program.files()) {
    launch::InputFile input;
    input.path = file.path;
    input.content = file.text;
    spec.inputs.push_back(std::move(input));
  }
  return spec;
}

evaluators::EvaluationOutcome CallablePlanner::judge(const launch::JobOutcome& job,
                                                     const launch::JobResults& results) const {
  return evaluators::judge_job(job, results);
}

}  // namespace genesis::run
