#pragma once

#include <string>

#include "evaluators/outcome.h"
#include "genesis/program/program.h"
#include "launch/job.h"

namespace genesis::evaluators {

/// How a program becomes a job, and a job's end an outcome.
class JobPlanner {
 public:
  virtual ~JobPlanner() = default;
  virtual launch::JobSpec plan(const Program& program, const launch::AttemptKey& key,
                               const std::string& token) const = 0;
  /// Reads and judges what a job left; thread-safe, may block on files.
  virtual EvaluationOutcome judge(const launch::JobOutcome& job,
                                  const launch::JobResults& results) const = 0;
};

}  // namespace genesis::evaluators
