// What pilots cost beside the local launcher: the same evaluators on the same slots of this
// machine, once started here, once by a worker in an allocation of a real SLURM
// (tests/support/slurm_cluster.py).
//   slurm_pilot_bench [JSON [ROUNDS [JOBS_PER_ROUND]]]
//
// Rounds of the two alternate; each gives one ratio, and the median of the ratios is the figure.
// Gates: 0.8 of the local rate; 0.3 ms of processor per evaluation for everything that is not the
// evaluation (runner, srun, slurmstepd, worker) beyond what the local launcher uses; 20 ms from an
// evaluator's last file to its result here, one evaluation at a time.
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <boost/asio/io_context.hpp>
#include <charconv>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "genesis/base/files.h"
#include "genesis/base/text.h"
#include "launch/local/local_launcher.h"
#include "launch/slurm/slurm_launcher.h"
#include "tests/bench/bench_table.h"
#include "tests/support/slurm_cluster.h"

namespace {

using namespace genesis;
using namespace genesis::launch;
using Clock = std::chrono::steady_clock;

constexpr int kSlots = 2;

constexpr const char* kPython =
    "import argparse, json, math, os\n"
    "parser = argparse.ArgumentParser()\n"
    "parser.add_argument('--program_path')\n"
    "parser.add_argument('--results_dir')\n"
    "arguments = parser.parse_args()\n"
    "score = math.sqrt(16)\n"
    "for name, content in (('metrics.json', {'combined_score': score}), ('correct.json', "
    "{'correct': True})):\n"
    "    with open(os.path.join(arguments.results_dir, name), 'w') as file:\n"
    "        json.dump(content, file)\n";

/// What is run: its command, and whether clones run it.
struct Evaluator {
  std::string name;
  std::vector<std::string> argv;
  bool warm = false;
  int jobs = 1000;
};

/// One launcher that is open for a round: never two in one process, for the local one looks after
/// all children.
class Side {
 public:
  Side(const char* name, boost::asio::io_context& io, std::unique_ptr<Launcher> launcher)
      : name_(name), io_(io), launcher_(std::move(launcher)) {
    value_or_throw(launcher_->open([this](Event event) { take(event); }));
  }

  /// Jobs per second; `ahead` of them are with the launcher at a time.
  double round(const Evaluator& evaluator, int jobs, int ahead) {
    const TempDir root("genesis-bench");
    const auto since = Clock::now();
    int submitted = 0;
    ended_ = 0;
    waits_ms_.clear();
    const auto submit = [&] {
      if (submitted < jobs) launcher_->submit(job(evaluator, root.path(), submitted++));
    };
    refill_ = submit;
    for (int i = 0; i < ahead; ++i) submit();
    while (ended_ < jobs) step();
    const double rate = jobs / std::chrono::duration<double>(Clock::now() - since).count();
    refill_ = nullptr;
    return rate;
  }
  const std::vector<double>& waits_ms() const { return waits_ms_; }
  void close() {
    bool closed = false;
    launcher_->close(std::chrono::seconds{20}, [&] { closed = true; });
    while (!closed) step();
  }

 private:
  /// A context that had nothing to do for a moment has stopped.
  void step() {
    io_.restart();
    io_.run_one();
  }

  JobSpec job(const Evaluator& evaluator, const fs::path& root, int number) {
    JobSpec spec;
    spec.token = std::string(name_) + "-" + std::to_string(++jobs_ever_);
    spec.argv = evaluator.argv;
    InputFile program;
    program.path = "main.py";
    program.content = "score = 1\n";
    spec.inputs.push_back(std::move(program));
    spec.work_dir = root / ("job_" + std::to_string(number));
    spec.limits.wall_time = std::chrono::seconds{60};
    if (evaluator.warm) {
      WarmStart warm;
      warm.evaluator = evaluator.name;
      spec.warm = std::move(warm);
    }
    return spec;
  }

  void take(const Event& event) {
    const auto* finished = std::get_if<Finished>(&event);
    if (finished == nullptr) return;
    if (finished->outcome.kind != JobOutcomeKind::exited || finished->outcome.exit_code != 0) {
      std::fprintf(stderr, "%s: %s\n", describe(finished->outcome).c_str(),
                   finished->outcome.detail.c_str());
      std::exit(1);
    }
    struct stat last {};
    timespec now{};
    ::clock_gettime(CLOCK_REALTIME, &now);
    if (::stat((*finished->results.folder / "correct.json").c_str(), &last) != 0) std::exit(1);
    waits_ms_.push_back(static_cast<double>(now.tv_sec - last.st_mtim.tv_sec) * 1e3 +
                        static_cast<double>(now.tv_nsec - last.st_mtim.tv_nsec) / 1e6);
    ++ended_;
    if (refill_) refill_();
  }

  const char* name_;
  boost::asio::io_context& io_;
  std::unique_ptr<Launcher> launcher_;
  std::function<void()> refill_;
  std::vector<double> waits_ms_;
  int jobs_ever_ = 0;
  int ended_ = 0;
};

/// Files of /proc have no size to be read by.
std::string first_line(const std::string& path) {
  std::ifstream file(path);
  std::string line;
  std::getline(file, line);
  return line;
}

/// Fields of /proc/<pid>/stat after the name: state, parent, …
std::vector<std::string> stat_of(const std::string& pid) {
  const std::string text = first_line("/proc/" + pid + "/stat");
  const std::size_t name_end = text.rfind(')');
  if (name_end == std::string::npos) return {};
  std::vector<std::string> fields;
  for (const std::string_view field :
       split(trim(std::string_view(text).substr(name_end + 2)), ' ')) {
    fields.emplace_back(field);
  }
  return fields;
}

/// Processor time so far, in microseconds, of srun, slurmstepd and workers below this process: of
/// each by itself, not of the evaluations that they waited for.
double carriers_micros() {
  std::map<int, std::vector<std::string>> processes;
  std::error_code failure;
  for (const auto& entry : fs::directory_iterator("/proc", failure)) {
    const std::string name = entry.path().filename().string();
    int pid = 0;
    if (std::from_chars(name.data(), name.data() + name.size(), pid).ec != std::errc()) continue;
    auto fields = stat_of(name);
    if (fields.size() > 12) processes[pid] = std::move(fields);
  }
  const auto is_below = [&](int pid) {
    for (int steps = 0; steps < 64; ++steps) {
      const auto found = processes.find(pid);
      if (found == processes.end()) return false;
      pid = std::atoi(found->second[1].c_str());
      if (pid == ::getpid()) return true;
    }
    return false;
  };
  const double tick = 1e6 / static_cast<double>(::sysconf(_SC_CLK_TCK));
  double micros = 0;
  for (const auto& [pid, fields] : processes) {
    const std::string name = first_line("/proc/" + std::to_string(pid) + "/comm");
    if (name != "srun" && name != "slurmstepd" && name != "genesis") continue;
    if (is_below(pid))
      micros += (std::atof(fields[11].c_str()) + std::atof(fields[12].c_str())) * tick;
  }
  return micros;
}

double own_micros() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  return 1e6 * static_cast<double>(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
         static_cast<double>(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec);
}

using Make = std::function<std::unique_ptr<Side>()>;

/// What the rounds of one side gave.
struct Figures {
  std::vector<double> rates, costs, waits;

  void run(const Make& make, const Evaluator& evaluator) {
    const auto side = make();
    // Warm servers start, the allocation comes.
    side->round(evaluator, 4 * kSlots, 2 * kSlots);
    const double before = own_micros() + carriers_micros();
    rates.push_back(side->round(evaluator, evaluator.jobs, 2 * kSlots));
    costs.push_back((own_micros() + carriers_micros() - before) / evaluator.jobs);
    side->round(evaluator, 20, 1);
    waits.insert(waits.end(), side->waits_ms().begin(), side->waits_ms().end());
    side->close();
  }
};

void compare(bench::Table& table, const Make& make_local, const Make& make_pilot,
             const Evaluator& evaluator, int rounds) {
  Figures local;
  Figures pilot;
  std::vector<double> ratios;
  for (int round = 0; round < rounds; ++round) {
    if (round % 2 == 0) local.run(make_local, evaluator);
    pilot.run(make_pilot, evaluator);
    if (round % 2 != 0) local.run(make_local, evaluator);
    ratios.push_back(pilot.rates.back() / local.rates.back());
  }
  table.add("pilot, " + evaluator.name, bench::median(pilot.rates), "jobs/s",
            bench::median(local.rates), bench::median(ratios), bench::spread(ratios));
  const double more = bench::median(pilot.costs) - bench::median(local.costs);
  table.add("processor beyond local, " + evaluator.name, more, "us/job", 300, more / 300);
  for (const auto& [name, figures] : {std::pair("local", &local), std::pair("pilot", &pilot)}) {
    const double wait = bench::median(figures->waits);
    table.add(std::string("last file to result, ") + name + ", " + evaluator.name, wait, "ms", 20,
              wait / 20);
  }
  std::fflush(stdout);
}

}  // namespace

int main(int argc, char** argv) {
  const int rounds = argc > 2 ? std::atoi(argv[2]) : 7;
  const int jobs = argc > 3 ? std::atoi(argv[3]) : 1000;
  SlurmCluster cluster({"--nodes", "1", "--cpus", "4"});
  if (!cluster.unavailable().empty()) {
    std::printf("skipped: %s\n", cluster.unavailable().c_str());
    return 0;
  }
  const TempDir folder("genesis-bench");
  const fs::path script = folder.path() / "evaluate.py";
  value_or_throw(write_file(script, kPython));
  const char* python = std::getenv("GENESIS_PYTHON");
  const std::vector<std::string> arguments{"--program_path", "{work}/main.py", "--results_dir",
                                           "{results}"};
  Evaluator native{
      "trivial native evaluator", {GENESIS_BINARY_DIR "/bin/trivial_evaluator"}, false, jobs};
  Evaluator warm{
      "warm Python evaluator", {python ? python : "python3", script.string()}, true, jobs / 4};
  boost::asio::io_context io(1);
  int runs = 0;
  const auto context_of = [&](const std::string& name) {
    LauncherContext context;
    context.io = &io;
    context.max_parallel_jobs = kSlots;
    context.run_id = name + std::to_string(++runs);
    context.run_dir = folder.path() / context.run_id;
    return context;
  };
  const Make make_local = [&] {
    LocalOptions options;
    options.warm = WarmStarts::always;
    options.numeric_threads_per_job = 1;
    return std::make_unique<Side>(
        "local", io, value_or_throw(make_local_launcher(std::move(options), context_of("local"))));
  };
  const Make make_pilot = [&] {
    slurm::SlurmOptions options;
    options.mode = slurm::Mode::pilot;
    options.pilot.warm = WarmStarts::always;
    return std::make_unique<Side>(
        "pilot", io, value_or_throw(make_slurm_launcher(std::move(options), context_of("pilot"))));
  };
  bench::Table table;
  for (Evaluator* evaluator : {&native, &warm}) {
    evaluator->argv.insert(evaluator->argv.end(), arguments.begin(), arguments.end());
    compare(table, make_local, make_pilot, *evaluator, rounds);
  }
  if (argc > 1) table.write(argv[1]);
  return 0;
}
