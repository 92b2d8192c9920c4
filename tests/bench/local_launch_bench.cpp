// What the local launcher adds to a bare spawn-and-wait loop.
//   local_launch_bench [JSON [TRIVIAL_EVALUATOR [JOBS_PER_ROUND [ROUNDS [ROW]]]]]   (ROW: a number)
//
// The baseline starts the same evaluator, two at a time, with the same session, folders, log files
// and limits, by vfork and execve, and waits for any child. Rounds of the two alternate; each round
// gives one ratio, and the median of the ratios is the figure. First row: the gate (0.85). The rows
// of processor time say where the difference goes: our own process, or the children.

#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <boost/asio/io_context.hpp>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <string>
#include <vector>

#include "genesis/base/files.h"
#include "genesis/genesis.h"
#include "launch/local/local_launcher.h"
#include "tests/bench/bench_table.h"

namespace {

using namespace genesis;
using namespace genesis::launch;
using Clock = std::chrono::steady_clock;

constexpr int kParallel = 2;

struct Settings {
  std::string evaluator;
  int jobs = 1500;
  int rounds = 9;
};

fs::path job_folder(const fs::path& root, int job) {
  return root / ("job_" + std::to_string(job));
}

double per_second(int jobs, Clock::time_point since) {
  return jobs / std::chrono::duration<double>(Clock::now() - since).count();
}

/// The child between vfork and execve: system calls only.
[[noreturn]] void bare_child(const char* folder, const char* out, const char* err,
                             char* const* argv, char* const* environment) {
  ::setsid();
  const rlimit no_core{0, 0};
  ::setrlimit(RLIMIT_CORE, &no_core);
  const int null = ::open("/dev/null", O_RDONLY);
  ::dup2(null, 0);
  ::dup2(::open(out, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND, 0644), 1);
  ::dup2(::open(err, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND, 0644), 2);
  if (::chdir(folder) != 0) ::_exit(126);
  ::close_range(3, ~0u, 0);
  ::execve(argv[0], argv, environment);
  ::_exit(127);
}

void start_bare(const Settings& settings, bool score_from_text, const fs::path& root, int job) {
  const std::string folder = job_folder(root, job).string();
  const std::string results = folder + "/results";
  ::mkdir(folder.c_str(), 0755);
  ::mkdir(results.c_str(), 0755);
  const std::string program = folder + "/main.py";
  const int file = ::open(program.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
  if (::write(file, "score = 1\n", 10) != 10) std::abort();
  ::close(file);
  const std::string out = results + "/job_log.out";
  const std::string err = results + "/job_log.err";
  const char* argv[] = {settings.evaluator.c_str(),
                        "--program_path",
                        program.c_str(),
                        "--results_dir",
                        results.c_str(),
                        score_from_text ? "--score-from-text" : nullptr,
                        nullptr};
  const char* environment[] = {"PATH=/usr/bin:/bin", "OMP_NUM_THREADS=1", nullptr};
  const pid_t pid = ::vfork();
  if (pid == 0) {
    bare_child(folder.c_str(), out.c_str(), err.c_str(), const_cast<char* const*>(argv),
               const_cast<char* const*>(environment));
  }
  if (pid < 0) std::abort();
}

/// `score_from_text`: the evaluator works as it does for a runner, which needs scores that differ.
double bare_round(const Settings& settings, bool score_from_text) {
  const TempDir root("genesis-bench");
  const auto since = Clock::now();
  int started = 0;
  for (; started < kParallel; ++started)
    start_bare(settings, score_from_text, root.path(), started);
  for (int ended = 0; ended < settings.jobs; ++ended) {
    int status = 0;
    rusage usage{};
    if (::wait4(-1, &status, 0, &usage) < 0 || status != 0) std::abort();
    if (started < settings.jobs) start_bare(settings, score_from_text, root.path(), started++);
  }
  return per_second(settings.jobs, since);
}

JobSpec launcher_job(const Settings& settings, const fs::path& root, int job) {
  JobSpec spec;
  spec.token = "bench-" + std::to_string(job);
  spec.argv = {settings.evaluator, "--program_path", "{work}/main.py", "--results_dir",
               "{results}"};
  spec.inputs.push_back({"main.py", "score = 1\n", std::nullopt});
  spec.work_dir = job_folder(root, job);
  spec.limits.wall_time = std::chrono::seconds{60};
  return spec;
}

/// `cgroups` is how process trees are found.
double launcher_round(const Settings& settings, bool cgroups) {
  const TempDir root("genesis-bench");
  boost::asio::io_context io(1);
  LauncherContext context;
  context.io = &io;
  context.run_id = "bench";
  context.max_parallel_jobs = kParallel;
  LocalOptions options;
  options.use_cgroups = cgroups;
  auto launcher = value_or_throw(make_local_launcher(options, context));
  int submitted = 0;
  int ended = 0;
  // As a runner does: a look-ahead of one job per slot, refilled at each end.
  const auto submit = [&] {
    if (submitted < settings.jobs)
      launcher->submit(launcher_job(settings, root.path(), submitted++));
  };
  value_or_throw(launcher->open([&](Event event) {
    const auto* finished = std::get_if<Finished>(&event);
    if (finished == nullptr) return;
    if (finished->outcome.kind != JobOutcomeKind::exited || finished->outcome.exit_code != 0) {
      std::fprintf(stderr, "%s: %s\n", describe(finished->outcome).c_str(),
                   finished->outcome.detail.c_str());
      std::abort();
    }
    ++ended;
    submit();
  }));
  const auto since = Clock::now();
  for (int i = 0; i < 2 * kParallel; ++i) submit();
  while (ended < settings.jobs) io.run_one();
  const double rate = per_second(settings.jobs, since);
  bool closed = false;
  launcher->close(std::chrono::seconds{5}, [&] { closed = true; });
  io.restart();
  while (!closed) io.run_one();
  return rate;
}

/// The same evaluator through the whole runner: drawn, mutated, journaled, run, read, recorded.
double runner_round(const Settings& settings, ResultsKeep keep) {
  const TempDir root("genesis-bench");
  value_or_throw(write_file(root.path() / "seed.yaml",
                            "# EVOLVE-BLOCK-START\nscore: 0.5\nwidth: 0.25\n# EVOLVE-BLOCK-END\n"));
  EvolutionConfig evo;
  evo.init_program_path = (root.path() / "seed.yaml").string();
  evo.language = "yaml";
  evo.num_generations = settings.jobs;
  evo.max_parallel_jobs = kParallel;
  LocalJobConfig job;
  job.evaluator_command = settings.evaluator +
                          " --program_path {program_path} --results_dir {results_dir}"
                          " --score-from-text";
  RunOptions options;
  options.output_dir = (root.path() / "run").string();
  options.results.keep = keep;
  EvolutionRunner runner(evo, job, {}, "bench", options);
  const auto since = Clock::now();
  runner.run();
  if (runner.summary().status.generation != settings.jobs) std::abort();
  return per_second(settings.jobs + 1, since);
}

/// What rounds of one side gave: jobs per second, and microseconds of processor time per job.
struct Side {
  std::vector<double> rates, own_time, child_time;

  void run(int jobs, const std::function<double()>& round) {
    const double own = processor_micros(RUSAGE_SELF);
    const double children = processor_micros(RUSAGE_CHILDREN);
    rates.push_back(round());
    own_time.push_back((processor_micros(RUSAGE_SELF) - own) / jobs);
    child_time.push_back((processor_micros(RUSAGE_CHILDREN) - children) / jobs);
  }

  static double processor_micros(__rusage_who who) {
    rusage usage{};
    ::getrusage(who, &usage);
    return 1e6 * static_cast<double>(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
           static_cast<double>(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec);
  }
};

void compare(bench::Table& table, const Settings& settings, const std::string& metric,
             bool score_from_text, const std::function<double()>& round_of_ours) {
  Side bare, ours;
  std::vector<double> ratios;
  const auto run_bare = [&] {
    bare.run(settings.jobs, [&] { return bare_round(settings, score_from_text); });
  };
  for (int round = 0; round < settings.rounds; ++round) {
    // Alternating which comes first, so that a drifting machine favours neither.
    if (round % 2 == 0) run_bare();
    ours.run(settings.jobs, round_of_ours);
    if (round % 2 != 0) run_bare();
    ratios.push_back(ours.rates.back() / bare.rates.back());
  }
  table.add(metric, bench::median(ours.rates), "jobs/s", bench::median(bare.rates),
            bench::median(ratios), bench::spread(ratios));
  const auto add_time = [&](const char* whose, const std::vector<double>& mine,
                            const std::vector<double>& theirs) {
    table.add(metric + ": " + whose, bench::median(mine), "us of processor per job",
              bench::median(theirs), bench::median(mine) / bench::median(theirs));
  };
  add_time("own", ours.own_time, bare.own_time);
  add_time("children", ours.child_time, bare.child_time);
}

/// Touches every page, so that it is resident.
std::vector<char> resident_memory(std::size_t bytes) {
  std::vector<char> memory(bytes);
  for (std::size_t i = 0; i < bytes; i += 4096) memory[i] = 1;
  return memory;
}

}  // namespace

int main(int argc, char** argv) {
  Settings settings;
  settings.evaluator = argc > 2 ? argv[2] : GENESIS_BINARY_DIR "/bin/trivial_evaluator";
  if (argc > 3) settings.jobs = std::atoi(argv[3]);
  if (argc > 4) settings.rounds = std::atoi(argv[4]);
  const int only = argc > 5 ? std::atoi(argv[5]) : 0;
  std::vector<char> memory;
  struct Row {
    const char* metric;
    bool score_from_text;
    std::function<double()> round;
  };
  const std::vector<Row> rows = {
      {"local launcher, 2 at a time", false, [&] { return launcher_round(settings, true); }},
      {"local launcher without cgroups, 2 at a time", false,
       [&] { return launcher_round(settings, false); }},
      {"through the runner, every result recorded", true,
       [&] { return runner_round(settings, ResultsKeep::none); }},
      {"through the runner, all generations on disk", true,
       [&] { return runner_round(settings, ResultsKeep::all); }},
      {"local launcher, parent with 1 GiB resident", false,
       [&] { return launcher_round(settings, true); }},
  };
  bench::Table table;
  for (std::size_t row = 0; row < rows.size(); ++row) {
    if (only != 0 && only != static_cast<int>(row) + 1) continue;
    if (row + 1 == rows.size()) memory = resident_memory(std::size_t{1} << 30);
    compare(table, settings, rows[row].metric, rows[row].score_from_text, rows[row].round);
  }
  if (argc > 1) table.write(argv[1]);
  return 0;
}
