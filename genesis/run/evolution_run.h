#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "genesis/base/error.h"
#include "genesis/events/event_source.h"
#include "genesis/evolve/mutator.h"
#include "genesis/evolve/run_config.h"
#include "genesis/hooks/hook_config.h"
#include "genesis/program/language.h"
#include "genesis/run/inert_settings.h"
#include "genesis/ui/status.h"
#include "launch/registry.h"

namespace genesis {
class WorkerPool;
}

namespace boost::asio {
class io_context;
}

namespace genesis::run {

/// All that defines a run. Everything here is part of its identity but for what
/// `adjustable_keys()` names.
struct RunSpec {
  EvolutionConfig evo;
  DatabaseConfig db;
  MutationConfig mutation;
  ResultsConfig results;
  events::EventSettings events;
  std::vector<hooks::HookConfig> hooks;
  launch::JobConfig job;
  std::string task = "task";  ///< exp_name in the YAML.
  std::filesystem::path output_dir;
  std::uint64_t seed = 0;
  /// Go on with a changed evaluator in a new epoch, whatever job_config.on_evaluator_change says.
  bool new_epoch = false;
  std::vector<InertSetting> inert;  ///< What was accepted and does nothing.
  /// The composed configuration, resolved, as JSON text: stored with the run, compared at resume.
  std::string config_json = "{}";
};

/// Binds a resolved configuration (the whole tree) to a RunSpec. Throws OptionException.
RunSpec bind_run_spec(const nlohmann::json& config);
/// Keys that may differ between a run and its continuation (output paths, verbosity, parallelism).
const std::vector<std::string>& adjustable_keys();

/// Makes a mutator for programs in this language. CPU work belongs on the workers
/// (async/offload.h).
using MutatorFactory = std::function<Result<std::unique_ptr<evolve::Mutator>>(
    WorkerPool& workers, const Language& language)>;

struct BestProgram {
  std::int64_t generation = 0;
  double combined_score = 0;
  bool correct = false;
  std::string path;  ///< Of the primary file on disk, or empty when nothing is published.
};

struct RunSummary {
  StopReason reason = StopReason::none;
  std::string message;  ///< For seed_failed and error: what happened, with the log's tail.
  RunStatus status;
  std::optional<BestProgram> best;
  std::string hooks;  ///< "slack 3 delivered"; empty when no hook was told anything.
  /// The best programs on unseen seeds, as lines for people; empty without
  /// evo_config.final_repeats.
  std::vector<std::string> unseen_seeds;
  /// With `evaluator_changed`: preparing the run again begins an epoch of the new evaluator.
  bool new_epoch_allowed = false;
};

/// What several runs of one process share. Everything borrowed outlives the runs.
struct RunHost {
  boost::asio::io_context* io = nullptr;  ///< The loop they all live on.
  /// Makes the run's launcher, whatever `job.type` is: a member of a shared pool.
  std::function<std::unique_ptr<launch::Launcher>()> launcher;
  std::size_t source_cache_bytes = 64u << 20;  ///< Of each run.
};

/// One evolution with its results folder: makes or resumes it, runs it to its end.
class EvolutionRun {
 public:
  /// Takes the run lock, opens or makes the store, compares the configuration with the stored one,
  /// opens the launcher. Errors: `conflict` when another runner owns the folder or when the
  /// configuration differs (the message names the keys), and what config and launcher say.
  static Result<std::unique_ptr<EvolutionRun>> prepare(RunSpec spec);
  /// The same with a launcher of the caller's own (in-process callables). The io_context is made
  /// inside, so the launcher comes from a factory.
  using LauncherFactory =
      std::function<Result<std::unique_ptr<launch::Launcher>>(const launch::LauncherContext&)>;
  /// And with a mutator of the caller's own, which the run will own. Either factory may be empty.
  static Result<std::unique_ptr<EvolutionRun>> prepare(RunSpec spec, LauncherFactory launcher,
                                                       MutatorFactory mutator = nullptr);
  /// One of several on a host's loop: see start(). It opens no log of its own.
  static Result<std::unique_ptr<EvolutionRun>> prepare(RunSpec spec, RunHost host);
  virtual ~EvolutionRun() = default;

  virtual void add_observer(StatusObserver* observer) = 0;  ///< Borrowed; before run().
  virtual bool resumed() const = 0;
  /// Blocks until the run has ended. Call once. Handles no signals itself.
  virtual RunSummary run() = 0;
  /// In place of run(), on the loop's thread before or while it runs: begins, and calls `on_end`
  /// once on the loop, when the run has let go of its folder. The object may be destroyed from then
  /// on, but not inside the call.
  virtual void start(std::function<void(RunSummary)> on_end) = 0;
  /// First call drains (running evaluations finish and are recorded), second aborts. Any thread,
  /// and safe to call from a signal-handling thread.
  virtual void request_stop() = 0;
};

/// Whether the folder of `spec` holds a run that has reached its end, so that running it again
/// would add nothing. Error `conflict` when the run there has another configuration.
Result<bool> is_finished(const RunSpec& spec);

/// The spec an existing run was made with, from its store, but for its hooks, which may name what
/// only a person's environment has. For `genesis resume` and `extend`.
Result<RunSpec> load_run_spec(const std::filesystem::path& output_dir);
/// The run's store file (store_dir may differ from the output folder).
Result<std::filesystem::path> store_file_of(const std::filesystem::path& output_dir);
/// Adds generations to a stopped run's target; a running one is asked through its control socket.
Result<std::int64_t> extend_target(const std::filesystem::path& output_dir, std::int64_t by);

/// One evaluation of a program outside any run (`genesis check`, `genesis rerun`): logs go to
/// `work_dir/results`, and nothing is stored.
struct SingleEvaluation {
  std::string outcome;  ///< ok, incorrect, invalid_output, or the job's.
  std::string error;
  double combined_score = 0;
  bool correct = false;
  std::string public_json;
  std::string log_tail_out, log_tail_err;
  std::chrono::milliseconds wall{0};
  std::chrono::milliseconds cpu{0};
  std::uint64_t peak_memory_bytes = 0;
};
Result<SingleEvaluation> evaluate_once(const RunSpec& spec, const std::filesystem::path& program,
                                       const std::filesystem::path& work_dir);

/// Control socket of a running run: `<output_dir>/.genesis/control.sock`. Requests and answers are
/// one JSON object a line: {"op":"status"} | {"op":"stop"} | {"op":"extend","by":N}.
Result<std::string> control_request(const std::filesystem::path& output_dir,
                                    const std::string& request_json);

}  // namespace genesis::run
