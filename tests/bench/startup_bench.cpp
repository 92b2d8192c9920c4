// How long a person waits: for --help, and from the start of genesis_launch until its first
// evaluation runs (the evaluator's first trace on disk). The baseline is spawning /bin/true in the
// same rounds. Usage: startup_bench OUT.json [ROUNDS]. Needs GENESIS_HOME or a build tree.

#include <fcntl.h>
#include <fmt/format.h>
#include <spawn.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "genesis/base/files.h"
#include "genesis/base/home.h"

namespace genesis {
namespace {

constexpr const char* kProgram = "# EVOLVE-BLOCK-START\nscore = 1.0\n# EVOLVE-BLOCK-END\n";

double unix_now() {
  return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
}

/// Runs a command to its end with its output thrown away; seconds, or the process ends with a word.
double run_to_end(const std::vector<std::string>& command) {
  std::vector<char*> argv;
  for (const std::string& word : command) argv.push_back(const_cast<char*>(word.c_str()));
  argv.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
  const auto start = std::chrono::steady_clock::now();
  pid_t pid = 0;
  int status = -1;
  if (::posix_spawn(&pid, argv[0], &actions, nullptr, argv.data(), environ) == 0) {
    ::waitpid(pid, &status, 0);
  }
  const std::chrono::duration<double> taken = std::chrono::steady_clock::now() - start;
  posix_spawn_file_actions_destroy(&actions);
  if (status != 0) {
    fmt::print(stderr, "startup_bench: '{}' failed (status {})\n", fmt::join(command, " "), status);
    std::exit(1);
  }
  return taken.count();
}

/// Seconds from the start of genesis_launch until its evaluator left a file behind (by the file's
/// time stamp, which the kernel keeps to 4 ms or better). The run has a seed and nothing else.
double first_evaluation(const fs::path& bin) {
  const TempDir folder("genesis-startup");
  const std::string dir = folder.path().string();
  const std::string witness = dir + "/witness";
  if (!write_file(folder.path() / "initial.py", kProgram)) std::exit(1);
  const std::string evaluator = fmt::format(
      "++job_config.evaluator_command='{} --program_path {{program_path}} --results_dir "
      "{{results_dir}} --witness {}'",
      (bin / "trivial_evaluator").string(), witness);
  const double start = unix_now();
  run_to_end({(bin / "genesis_launch").string(), "--quiet", "evo_config.num_generations=0",
              "evo_config.init_program_path=" + dir + "/initial.py", evaluator,
              "output_dir=" + dir + "/run"});
  struct stat made {};
  if (::stat(witness.c_str(), &made) != 0) {
    fmt::print(stderr, "startup_bench: no evaluation ran\n");
    std::exit(1);
  }
  return static_cast<double>(made.st_mtim.tv_sec) +
         static_cast<double>(made.st_mtim.tv_nsec) * 1e-9 - start;
}

struct Series {
  std::string metric;
  double limit_ms;  ///< What is asked for; 0 for the baseline.
  std::vector<double> millis;

  double quantile(double q) const {
    std::vector<double> sorted = millis;
    std::sort(sorted.begin(), sorted.end());
    return sorted[static_cast<std::size_t>(q * static_cast<double>(sorted.size() - 1) + 0.5)];
  }
};

nlohmann::json row(const Series& series, double baseline) {
  const double median = series.quantile(0.5);
  fmt::print("{:<28} {:8.2f} ms  ({:.2f} to {:.2f}), {:.1f} times /bin/true, asked: < {:.0f} ms\n",
             series.metric, median, series.quantile(0.1), series.quantile(0.9), median / baseline,
             series.limit_ms);
  return {{"metric", series.metric},
          {"value", median},
          {"unit", "ms"},
          {"baseline", baseline},
          {"ratio", median / baseline},
          {"limit", series.limit_ms},
          {"low", series.quantile(0.1)},
          {"high", series.quantile(0.9)}};
}

}  // namespace
}  // namespace genesis

int main(int argc, char** argv) {
  using namespace genesis;
  const int rounds = argc > 2 ? std::max(std::atoi(argv[2]), 1) : 15;
  const fs::path bin = executable_path().parent_path();
  Series spawn{"spawn of /bin/true", 0, {}};
  Series help{"genesis_launch --help", 30, {}};
  Series tool_help{"genesis --help", 30, {}};
  Series first{"first evaluation running", 100, {}};
  for (int i = 0; i < rounds; ++i) {
    spawn.millis.push_back(1000 * run_to_end({"/bin/true"}));
    help.millis.push_back(1000 * run_to_end({(bin / "genesis_launch").string(), "--help"}));
    tool_help.millis.push_back(1000 * run_to_end({(bin / "genesis").string(), "--help"}));
    first.millis.push_back(1000 * first_evaluation(bin));
  }
  const double baseline = spawn.quantile(0.5);
  nlohmann::json rows = nlohmann::json::array();
  for (const Series* series : {&help, &tool_help, &first}) rows.push_back(row(*series, baseline));
  if (argc > 1 && !write_file(argv[1], rows.dump(2) + "\n")) {
    fmt::print(stderr, "startup_bench: cannot write {}\n", argv[1]);
    return 1;
  }
  return 0;
}
