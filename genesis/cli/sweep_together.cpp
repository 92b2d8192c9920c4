#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <iterator>
#include <map>
#include <nlohmann/json.hpp>
#include <string_view>

#include "genesis/base/clock.h"
#include "genesis/base/hash.h"
#include "genesis/base/log.h"
#include "genesis/base/text.h"
#include "genesis/cli/sweep_board.h"
#include "genesis/cli/sweep_jobs.h"
#include "launch/shared/shared_pool.h"

namespace genesis::cli {
namespace {

using nlohmann::json;

/// Each run keeps so much of its programs in memory at least; together they have what one run has.
constexpr std::size_t kLeastCache = 2u << 20;

/// Keys of `job_config` that the planner puts into each job; the others make the launcher.
constexpr std::string_view kOfTheJob[] = {"_target_",
                                          "eval_program_path",
                                          "evaluator_command",
                                          "evaluator_form",
                                          "extra_cmd_args",
                                          "cascade_evaluation",
                                          "cascade_thresholds",
                                          "stage_timeout",
                                          "env_vars",
                                          "feature_dimensions",
                                          "evaluate_function",
                                          "evaluator_data",
                                          "on_evaluator_change",
                                          "python_executable",
                                          "time",
                                          "memory",
                                          "mem",
                                          "cpu_time",
                                          "pids",
                                          "file_size",
                                          "cpus",
                                          "gpus",
                                          "kill_grace"};

/// The loop with everything that lives on it.
class Together {
 public:
  Together(const SweepPlan& plan, SweepReport& report, StopTarget& target, bool quiet)
      : plan_(plan),
        report_(report),
        target_(target),
        console_(STDOUT_FILENO),
        verbosity_(quiet ? Verbosity::quiet : Verbosity::normal) {}

  Status run() {
    GENESIS_TRY(open_pool());
    target_.attach([this] { boost::asio::post(io_, [this] { stop(); }); });
    boost::asio::post(io_, [this] { start_more(); });
    io_.run();
    target_.detach();
    board_->finish();
    console_.flush(std::chrono::seconds(2));
    return {};
  }

 private:
  Status open_pool() {
    GENESIS_TRY_ASSIGN(const SweepRun first, compose_entry(plan_, plan_.entries.front()));
    const int slots = plan_.settings.max_parallel_jobs.value_or(first.spec.evo.max_parallel_jobs);
    launch::LauncherContext context;
    context.io = &io_;
    // The same for every session of this sweep: what a crash left behind is found by it.
    context.run_id = "sweep-" + hash128_hex(plan_.folder.string());
    context.run_dir = plan_.folder / ".sweep";
    context.max_parallel_jobs = slots;
    context.seed = first.spec.seed;
    const launch::Backend* backend = launch::find_backend(first.spec.job.type);
    if (backend == nullptr) {
      return make_error(ErrorKind::invalid_argument,
                        fmt::format("unknown job type '{}'", first.spec.job.type));
    }
    GENESIS_TRY_ASSIGN(auto launcher,
                       backend->make(json::parse(first.spec.job.options_json), context));
    pool_ = std::make_unique<launch::SharedPool>(io_, std::move(launcher));
    std::vector<std::string> titles;
    for (const SweepEntry& entry : plan_.entries) titles.push_back(entry.title);
    board_ = std::make_unique<SweepBoard>(console_, clock_, verbosity_, std::move(titles), slots);
    return {};
  }

  std::size_t most_at_once() const {
    const auto most = plan_.settings.max_runs;
    return most ? std::min(static_cast<std::size_t>(*most), plan_.entries.size())
                : plan_.entries.size();
  }

  void start_more() {
    while (!target_.requested() && next_ < plan_.entries.size() && runs_.size() < most_at_once()) {
      start(plan_.entries[next_++]);
    }
    note(report_.write(false));
    if (!runs_.empty() || closing_) return;
    if (next_ < plan_.entries.size() && !target_.requested()) return;
    closing_ = true;
    pool_->close(std::chrono::seconds(aborted_ ? 2 : 10), [this] { io_.stop(); });
  }

  void start(const SweepEntry& entry) {
    SweepRow& row = report_.rows()[entry.job.number];
    const auto refuse = [&](const Error& error) {
      SweepReport::refuse(row, error);
      board_->say(entry.job.number, error.message);
    };
    auto run = compose_entry(plan_, entry);
    if (!run) return refuse(run.error());
    const auto finished = run::is_finished(run->spec);
    if (!finished) return refuse(finished.error());
    if (*finished) {
      report_.read_run(row, "");
      return board_->say(entry.job.number, "finished before");
    }
    run::RunHost host;
    host.io = &io_;
    host.launcher = [this, most = run->spec.evo.max_parallel_jobs] { return pool_->join(most); };
    host.source_cache_bytes = std::max(kLeastCache, (64u << 20) / most_at_once());
    auto prepared = run::EvolutionRun::prepare(run->spec, std::move(host));
    if (!prepared) return refuse(prepared.error());
    if (const Status written = run->composition.write_hydra_folder(entry.folder); !written) {
      return refuse(written.error());
    }
    row.status = "running";
    const std::size_t number = entry.job.number;
    run::EvolutionRun& started = *runs_.emplace(number, std::move(*prepared)).first->second;
    started.add_observer(&board_->observer(number));
    started.start([this, number](const run::RunSummary& summary) { ended(number, summary); });
  }

  void ended(std::size_t number, const run::RunSummary& summary) {
    if (summary.reason == StopReason::aborted) aborted_ = true;
    report_.read_run(report_.rows()[number], summary.message);
    // An evaluator that changes again before anything was recorded is left for a person to look at.
    const auto [before, first_time] = programs_at_change_.emplace(number, -1);
    const bool again = summary.new_epoch_allowed && !target_.requested() &&
                       summary.status.programs > before->second;
    before->second = summary.status.programs;
    // Not inside the run's own call.
    boost::asio::post(io_, [this, number, again, message = summary.message] {
      runs_.erase(number);
      if (again) {
        board_->say(number, message);
        start(plan_.entries[number]);
      }
      start_more();
    });
  }

  void stop() {
    for (const auto& [number, run] : runs_) run->request_stop();
    if (runs_.empty()) start_more();
  }

  static void note(const Status& status) {
    if (!status) log::warning("{}", status.error().message);
  }

  const SweepPlan& plan_;
  SweepReport& report_;
  StopTarget& target_;
  Console console_;
  const SystemClock clock_;
  Verbosity verbosity_;
  boost::asio::io_context io_{1};
  std::unique_ptr<launch::SharedPool> pool_;
  std::unique_ptr<SweepBoard> board_;
  std::map<std::size_t, std::unique_ptr<run::EvolutionRun>> runs_;
  std::map<std::size_t, std::int64_t> programs_at_change_;  // by number
  std::size_t next_ = 0;
  bool closing_ = false;
  bool aborted_ = false;
};

}  // namespace

std::vector<std::string> launcher_differences(const launch::JobConfig& a,
                                              const launch::JobConfig& b) {
  if (a.type != b.type) return {"evo_config.job_type"};
  const json left = json::parse(a.options_json);
  const json right = json::parse(b.options_json);
  std::map<std::string, int> keys;
  for (const json* options : {&left, &right}) {
    for (const auto& [key, value] : options->items()) keys[key];
  }
  std::vector<std::string> different;
  for (const auto& [key, unused] : keys) {
    if (std::find(std::begin(kOfTheJob), std::end(kOfTheJob), key) != std::end(kOfTheJob)) continue;
    if (left.value(key, json()) != right.value(key, json()))
      different.push_back("job_config." + key);
  }
  return different;
}

Status check_one_launcher(const SweepPlan& plan) {
  GENESIS_TRY_ASSIGN(const SweepRun first, compose_entry(plan, plan.entries.front()));
  for (const SweepEntry& entry : plan.entries) {
    GENESIS_TRY_ASSIGN(const SweepRun run, compose_entry(plan, entry));
    const std::vector<std::string> different = launcher_differences(first.spec.job, run.spec.job);
    if (different.empty()) continue;
    return make_error(
        ErrorKind::invalid_argument,
        fmt::format("sweep.share_pool: job {} ({}) wants another launcher than job 0: {} differ{}; "
                    "leave share_pool out to run the jobs one after another",
                    entry.job.number, entry.title, join(different, ", "),
                    different.size() == 1 ? "s" : ""));
  }
  return {};
}

Status run_together(const SweepPlan& plan, SweepReport& report, StopTarget& target, bool quiet) {
  GENESIS_TRY(log::open_file(plan.folder / "sweep.log"));
  return Together(plan, report, target, quiet).run();
}

}  // namespace genesis::cli
