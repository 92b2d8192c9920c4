#include "tests/bench/fleet_work.h"

#include <fmt/format.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <boost/asio/io_context.hpp>
#include <chrono>
#include <cstdlib>
#include <fstream>
#include <stdexcept>

#include "genesis/base/files.h"
#include "genesis/genesis.h"
#include "launch/e2b/e2b_launcher.h"
#include "launch/e2b/http_provider.h"

namespace genesis::bench {

namespace {

using namespace genesis::launch;
using Clock = std::chrono::steady_clock;

/// What candidates usually have.
constexpr std::size_t kProgramBytes = 2000;
/// So that a fleet of hundreds is there after a second: what the server gives is measured.
constexpr double kCreatesPerSecond = 1000;

double cpu_seconds() {
  rusage used{};
  ::getrusage(RUSAGE_SELF, &used);
  const auto seconds = [](const timeval& t) {
    return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) / 1e6;
  };
  return seconds(used.ru_utime) + seconds(used.ru_stime);
}

double resident_bytes() {
  std::ifstream file("/proc/self/statm");
  double total = 0;
  double resident = 0;
  file >> total >> resident;
  return resident * static_cast<double>(::sysconf(_SC_PAGESIZE));
}

std::string script(const FleetWork& work) {
  return fmt::format(
      "sleep {} && printf '{{\"combined_score\": 1}}' >'{{results}}/metrics.json' && "
      "printf '{{\"correct\": true}}' >'{{results}}/correct.json'",
      work.seconds);
}

/// Jobs as the runner gives them: as many as there are slots, another one for each that ends.
class LauncherRun {
 public:
  LauncherRun(const FleetWork& work, const std::filesystem::path& folder)
      : work_(work), folder_(folder), program_(kProgramBytes, '#'), script_(script(work)) {}

  FleetCost run() {
    make();
    const double cpu = cpu_seconds();
    const Status opened = launcher_->open([this](Event event) { take(std::move(event)); });
    if (!opened) throw std::runtime_error(opened.error().message);
    // What the first connection takes is taken once: certificates, libraries, the code's own pages.
    work_off(1);
    if (work_.warm) work_off(work_.sandboxes);
    memory_ = resident_bytes();
    const int before = finished_;
    const auto began = Clock::now();
    work_off(work_.jobs);
    FleetCost cost;
    cost.wall_seconds = std::chrono::duration<double>(Clock::now() - began).count();
    cost.memory_bytes = grown_ / most_running_;
    bool closed = false;
    launcher_->close(std::chrono::seconds(60), [&] { closed = true; });
    run_until([&] { return closed; });
    // The few jobs before the clock are a part of it.
    cost.cpu_seconds = (cpu_seconds() - cpu) * work_.jobs / (before + work_.jobs);
    cost.sandboxes_at_once = most_running_;
    return cost;
  }

 private:
  void make() {
    e2b::AddressSettings settings;
    settings.api_key = work_.key;
    settings.api_url = settings.sandbox_url = work_.url;
    auto addressing = e2b::Addressing::from(settings);
    if (!addressing) throw std::runtime_error(addressing.error().message);
    e2b::E2BOptions options;
    options.reuse = e2b::SandboxReuse::pooled;
    options.recycle_after = 2 * work_.jobs;
    options.creates_per_second = kCreatesPerSecond;
    LauncherContext context;
    context.io = &io_;
    context.run_id = "fleet";
    context.run_dir = folder_;
    context.max_parallel_jobs = work_.sandboxes;
    launcher_ = make_e2b_launcher(options, context,
                                  std::make_shared<e2b::HttpProvider>(io_, std::move(*addressing)));
  }

  void work_off(int jobs) {
    most_ = submitted_ + jobs;
    while (submitted_ < most_ && submitted_ - finished_ < work_.sandboxes) submit();
    run_until([&] { return finished_ == most_; });
  }

  void submit() {
    const int number = ++submitted_;
    JobSpec spec;
    spec.key.evaluation = number;
    spec.token = fmt::format("fleet-{}", number);
    spec.argv = {"/bin/sh", "-c", script_};
    spec.inputs.push_back({"main.sh", program_, std::nullopt});
    spec.work_dir = folder_ / std::to_string(number);
    spec.limits.wall_time = std::chrono::seconds(120);
    launcher_->submit(std::move(spec));
  }

  void take(Event event) {
    if (std::get_if<Started>(&event)) {
      if (++running_ <= most_running_) return;
      most_running_ = running_;
      grown_ = resident_bytes() - memory_;
    } else if (const auto* end = std::get_if<Finished>(&event)) {
      const JobOutcome& outcome = end->outcome;
      if (outcome.kind != JobOutcomeKind::exited || outcome.exit_code != 0) {
        throw std::runtime_error(end->token + ": " + describe(outcome) + ": " + outcome.detail);
      }
      const auto score = read_file(*end->results.folder / "metrics.json");
      if (!score || score->empty()) throw std::runtime_error(end->token + " left no score");
      --running_;
      ++finished_;
      if (submitted_ < most_) submit();
    }
  }

  template <typename Condition>
  void run_until(const Condition& condition) {
    const auto deadline = Clock::now() + std::chrono::seconds(300);
    while (!condition()) {
      if (Clock::now() > deadline) throw std::runtime_error("the fleet does not come to an end");
      io_.restart();
      io_.run_one_for(std::chrono::seconds(1));
    }
  }

  FleetWork work_;
  std::filesystem::path folder_;
  std::string program_;
  std::string script_;
  boost::asio::io_context io_{1};
  std::unique_ptr<Launcher> launcher_;
  double memory_ = 0;
  double grown_ = 0;
  int most_ = 0;
  int submitted_ = 0;
  int running_ = 0;
  int most_running_ = 0;
  int finished_ = 0;
};

}  // namespace

FleetCost through_launcher(const FleetWork& work, const std::filesystem::path& folder) {
  return LauncherRun(work, folder).run();
}

FleetCost through_runner(const FleetWork& work, const std::filesystem::path& folder) {
  value_or_throw(write_file(folder / "seed.txt",
                            "# EVOLVE-BLOCK-START\nscore 1.5\nwidth 0.25\n# EVOLVE-BLOCK-END\n"));
  value_or_throw(write_file(
      folder / "score.sh",
      fmt::format("#!/bin/sh\nsleep {} && printf '{{\"combined_score\": 1}}' >\"$2/metrics.json\" "
                  "&& printf '{{\"correct\": true}}' >\"$2/correct.json\"\n",
                  work.seconds)));
  std::filesystem::permissions(folder / "score.sh", std::filesystem::perms::owner_all);
  // As a person names a server.
  ::setenv("E2B_API_KEY", work.key.c_str(), 1);
  ::setenv("E2B_API_URL", work.url.c_str(), 1);
  ::setenv("E2B_SANDBOX_URL", work.url.c_str(), 1);
  EvolutionConfig evo;
  evo.init_program_path = (folder / "seed.txt").string();
  evo.language = "yaml";
  evo.num_generations = work.jobs - 1;  // The seed's is one more.
  evo.max_parallel_jobs = work.sandboxes;
  E2BJobConfig job;
  job.evaluator_command = (folder / "score.sh").string() + " {program_path} {results_dir}";
  job.sandbox_reuse = "pooled";
  job.recycle_after = work.jobs;
  job.creates_per_second = kCreatesPerSecond;
  job.timeout = std::chrono::seconds{120};
  RunOptions options;
  options.output_dir = (folder / "run").string();
  options.results.keep = ResultsKeep::none;
  EvolutionRunner runner(evo, job, {}, "fleet", options);
  FleetCost cost;
  const double cpu = cpu_seconds();
  const auto began = Clock::now();
  runner.run();
  cost.wall_seconds = std::chrono::duration<double>(Clock::now() - began).count();
  cost.cpu_seconds = cpu_seconds() - cpu;
  if (runner.summary().status.generation != work.jobs - 1) {
    throw std::runtime_error("the run did not come to its end");
  }
  return cost;
}

}  // namespace genesis::bench
