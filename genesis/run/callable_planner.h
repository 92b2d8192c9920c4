#pragma once

#include "evaluators/job_planner.h"

namespace genesis::run {

/// Jobs for launchers that run no commands (in-process callables, the fake): the program's files as
/// inputs, results inline, nothing on disk.
class CallablePlanner final : public evaluators::JobPlanner {
 public:
  explicit CallablePlanner(launch::Limits limits) : limits_(limits) {}
  launch::JobSpec plan(const Program& program, const launch::AttemptKey& key,
                       const std::string& token) const override;
  evaluators::EvaluationOutcome judge(const launch::JobOutcome& job,
                                      const launch::JobResults& results) const override;

 private:
  launch::Limits limits_;
};

}  // namespace genesis::run
