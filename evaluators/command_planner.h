#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "evaluators/evaluator_identity.h"
#include "evaluators/job_planner.h"
#include "genesis/base/error.h"
#include "genesis/program/language.h"
#include "launch/registry.h"

namespace genesis::evaluators {

/// Plans jobs that run a command per program:
///   <python> evaluate.py --program_path P --results_dir D [--key value …]
/// the helper that calls evaluate(program_path) or a function by name (evaluator_form.h), or
/// `evaluator_command`, a template with {program_path}, {results_dir} and {work}.
///
/// The program's files are inputs of the job: a single file as main.<ext>, several under their own
/// paths. The job runs in the folder Genesis was started in, as tasks of the Python systems expect.
/// Where the launcher has no such folder (EvaluationOptions::travels), evaluator, modules, data and
/// helper are files that go along (travelling_files.h).
/// Immutable after creation; thread-safe.
class CommandPlanner final : public JobPlanner {
 public:
  /// Finds evaluator and interpreter. Errors: evaluator or python not found, unknown placeholder,
  /// extra_cmd_args that are no flags; each says what was looked for and where.
  static Result<CommandPlanner> create(const launch::EvaluationOptions& options,
                                       const Language& language, std::filesystem::path run_dir);

  launch::JobSpec plan(const Program& program, const launch::AttemptKey& key,
                       const std::string& token) const override;
  EvaluationOutcome judge(const launch::JobOutcome& job,
                          const launch::JobResults& results) const override;

  /// Names a file whose imports evaluations will need as well: the program they start from.
  void expect_imports_of(std::filesystem::path program) { scan_.push_back(std::move(program)); }

  /// SHA-256 over the evaluator's file and arguments, as runs of before epochs recorded it.
  const std::string& evaluator_hash() const { return evaluator_hash_; }
  /// What makes scores comparable, to be looked at: the evaluator with its modules, the files named
  /// in its command, its data and settings.
  const IdentitySources& identity() const { return identity_; }
  /// Jobs of another evaluator are never clones of a process that this one was loaded in.
  void set_identity_hash(std::string hash) { identity_hash_ = std::move(hash); }
  const std::vector<std::string>& command() const { return command_; }

 private:
  CommandPlanner() = default;
  Result<std::string> plan_python();
  Result<std::string> plan_command();
  Status pack();
  void find_named_files();

  launch::EvaluationOptions options_;
  std::vector<std::string> command_;  // with placeholders
  std::string extension_;
  std::string evaluator_hash_;
  IdentitySources identity_;
  std::string identity_hash_;
  std::string python_path_;
  std::filesystem::path run_dir_;
  std::filesystem::path cwd_;
  std::vector<std::filesystem::path> scan_;
  std::shared_ptr<const launch::SharedFiles> shared_;
};

/// The judgement all planners share: a job's own failure, or what its result files say.
EvaluationOutcome judge_job(const launch::JobOutcome& job, const launch::JobResults& results);

/// The interpreter for evaluators outside an activated environment: the option, else
/// GENESIS_PYTHON, the active virtual or conda environment, <home>/.venv, python3 on PATH.
/// Version-manager shims are resolved to the real binary.
Result<std::string> find_python(const std::string& option);

}  // namespace genesis::evaluators
