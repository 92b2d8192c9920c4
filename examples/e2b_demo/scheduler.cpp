// Many jobs, no evolution: the launcher alone. It queues what is submitted, runs as many sandboxes
// at a time as it may, and tells each job's end once, whatever happens.
#include <genesis/genesis.h>

#include <boost/asio/io_context.hpp>
#include <fstream>
#include <nlohmann/json.hpp>
#include <random>

#include "parts.h"

namespace e2b_demo {

using namespace genesis::launch;
using genesis::value_or_throw;

namespace {

/// initial.py with places that are nearer to one another, so that the jobs differ.
JobSpec narrowed_job(const Settings& settings, int number) {
  const std::string text = "import initial\n\ninitial.LOWEST = " + std::to_string(-8 + number) +
                           "\ninitial.WIDTH = " + std::to_string(20 - 2 * number) +
                           "\noptimise = initial.optimise\n";
  InputFile program{"main.py", text, {}};
  InputFile seed{"initial.py", "", settings.task / "initial.py"};
  InputFile evaluator{"evaluate.py", "", settings.task / "evaluate.py"};
  JobSpec job;
  job.key.evaluation = number;
  job.token = "job-" + std::to_string(number);
  job.inputs = {program, seed, evaluator};
  job.argv = {"python3",        "{work}/evaluate.py", "--program_path",
              "{work}/main.py", "--results_dir",      "{results}"};
  job.work_dir = settings.results / "scheduler" / job.token;
  job.limits.wall_time = std::chrono::seconds{60};
  return job;
}

std::string score_of(const JobResults& results) {
  if (!results.folder) return "no results";
  std::ifstream file(*results.folder / "metrics.json");
  const auto metrics = nlohmann::json::parse(file, nullptr, false);
  if (!metrics.is_object()) return "no metrics.json";
  return "score " + std::to_string(metrics.value("combined_score", 0.0));
}

}  // namespace

int scheduler(const Settings& settings) {
  constexpr int kJobs = 6;
  const Progress progress;
  E2BJobConfig config;
  config.timeout = std::chrono::seconds{60};
  config.sandbox_reuse = "pooled";  // a sandbox serves several jobs
  const JobConfig any = config;     // what every backend's configuration becomes

  register_builtin_backends();
  boost::asio::io_context io{1};
  LauncherContext context;
  context.io = &io;
  context.run_id = "demo-" + std::to_string(std::random_device{}());
  context.run_dir = settings.results / "scheduler";
  context.max_parallel_jobs = settings.at_a_time;
  const auto launcher = value_or_throw(
      find_backend(any.type)->make(nlohmann::json::parse(any.options_json), context));

  int ended = 0, failed = 0;
  const genesis::Status opened = launcher->open([&](Event event) {
    if (const auto* capacity = std::get_if<Capacity>(&event)) {
      const std::string slots = std::to_string(capacity->slots) + " at a time";
      progress.say(capacity->reason.empty() ? slots : slots + ": " + capacity->reason);
    } else if (const auto* started = std::get_if<Started>(&event)) {
      progress.say(started->token + "  runs");
    } else if (const auto* end = std::get_if<Finished>(&event)) {
      const bool good = end->outcome.kind == JobOutcomeKind::exited && end->outcome.exit_code == 0;
      failed += good ? 0 : 1;
      progress.say(end->token + "  " + describe(end->outcome) + ", " + score_of(end->results) +
                   " (" + std::to_string(++ended) + " of " + std::to_string(kJobs) + ")");
      if (ended == kJobs) launcher->close(std::chrono::seconds{30}, [&] { io.stop(); });
    }
  });
  if (!opened) throw genesis::GenesisError(opened.error());
  for (int number = 1; number <= kJobs; ++number) {
    launcher->submit(narrowed_job(settings, number));
  }
  io.run();
  progress.say("all have ended, no sandbox is left");
  return failed == 0 ? 0 : 1;
}

}  // namespace e2b_demo
