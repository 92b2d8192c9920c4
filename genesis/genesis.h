#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "genesis/base/error.h"
#include "genesis/evolve/run_config.h"
#include "genesis/program/program.h"
#include "genesis/run/evolution_run.h"
#include "genesis/ui/status.h"
#include "launch/e2b/e2b_config.h"
#include "launch/local/local_config.h"
#include "launch/slurm/slurm_config.h"

/// The embedded API: the same names and defaults as the YAML, plain structs, no globals.
///
///     genesis::EvolutionConfig evo;
///     evo.init_program_path = "initial.py";
///     genesis::launch::LocalJobConfig job;
///     job.eval_program_path = "evaluate.py";
///     genesis::EvolutionRunner runner{evo, job, {}, "my_task"};
///     auto [best_program, best_score] = runner.run();
///
/// Wrong settings are a GenesisError or OptionException at construction, with the text the command
/// line would print. What happens during a run is a value: see `summary()`.
namespace genesis {

/// What an in-process evaluator answers for a program.
struct Evaluation {
  double combined_score = 0;  ///< Higher is better.
  bool correct = true;
  std::string public_json = "{}";
  std::string text_feedback;
  std::string error;  ///< Why it is not correct.
};

/// A C++ function that scores programs. Called from several threads at a time; an exception makes
/// the program incorrect with its text.
using Evaluator = std::function<Evaluation(const Program& program)>;

struct RunOptions {
  std::string output_dir;  ///< Empty: results/<task>/<time>. The same folder again resumes.
  std::uint64_t seed = 0;
  MutationConfig mutation;
  run::MutatorFactory mutator;  ///< Empty: the built-in operators, as `mutation` says.
  ResultsConfig results;
  events::EventSettings events;
  std::vector<hooks::HookConfig> hooks;
  StatusObserver* observer = nullptr;  ///< Borrowed.
};

/// The best program and its score, for structured bindings. Without a correct program the program
/// is empty and the score 0.
struct BestResult {
  Program program;
  double score = 0;
};

class EvolutionRunner {
 public:
  /// Evaluates by a launcher: `job` is LocalJobConfig or another backend's.
  EvolutionRunner(EvolutionConfig evo, const launch::JobConfig& job, DatabaseConfig db = {},
                  std::string task_name = "task", RunOptions options = {});
  /// Evaluates by a C++ function in this process, `evo.max_parallel_jobs` at a time.
  EvolutionRunner(EvolutionConfig evo, Evaluator evaluator, DatabaseConfig db = {},
                  std::string task_name = "task", RunOptions options = {});
  ~EvolutionRunner();
  EvolutionRunner(EvolutionRunner&&) noexcept;
  EvolutionRunner& operator=(EvolutionRunner&&) noexcept;

  /// Blocks until the run has ended. Call `run` or `start`, once.
  BestResult run();
  /// The same on a thread of the runner's own; `wait` gives the result.
  void start();
  BestResult wait();
  /// Drains: running evaluations finish and are recorded. A second call aborts. Any thread.
  void stop();

  /// Why the run ended and all counts. After `run` or `wait`.
  const run::RunSummary& summary() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace genesis
