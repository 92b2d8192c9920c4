// What warm starts give: the same evaluator through the whole runner, cold and as clones of a
// process that has imported its modules. Both sides have logs, a session of their own, limits, and
// every result recorded.
//   warm_evaluator_bench [JSON [ROUNDS [WARM_JOBS_PER_ROUND [CASE]]]]
// CASE: only the one of this name.
//
// Gates: 15 with numpy, 40 with numpy and scipy (stand-alone evaluators). The helper's figure is
// that of evaluators written with run_genesis_eval, whose candidate runs in one more process.
#include <cstdlib>
#include <functional>
#include <string>
#include <vector>

#include "evaluators/command_planner.h"
#include "genesis/base/files.h"
#include "genesis/genesis.h"
#include "tests/bench/bench_table.h"

namespace {

using namespace genesis;
using namespace genesis::launch;
using Clock = std::chrono::steady_clock;

constexpr int kParallel = 2;

constexpr const char* kSeed =
    "import numpy as np\n"
    "\n\n"
    "# EVOLVE-BLOCK-START\n"
    "def run():\n"
    "    return np.array([0.25, 0.5])\n"
    "# EVOLVE-BLOCK-END\n";

/// Imports, runs the candidate, scores, writes the two files: what stand-alone evaluators do.
std::string standalone(const std::string& imports) {
  return imports +
         "import argparse\n"
         "import importlib.util\n"
         "import json\n"
         "import os\n"
         "\n"
         "parser = argparse.ArgumentParser()\n"
         "parser.add_argument('--program_path')\n"
         "parser.add_argument('--results_dir')\n"
         "arguments = parser.parse_args()\n"
         "spec = importlib.util.spec_from_file_location('program', arguments.program_path)\n"
         "program = importlib.util.module_from_spec(spec)\n"
         "spec.loader.exec_module(program)\n"
         "score = float(np.sum(np.sqrt(np.abs(program.run()))))\n"
         "for name, content in (('metrics.json', {'combined_score': score}),\n"
         "                      ('correct.json', {'correct': True})):\n"
         "    with open(os.path.join(arguments.results_dir, name), 'w') as file:\n"
         "        json.dump(content, file)\n"
         "print('score', score)\n";
}

std::string with_helper(const std::string& imports) {
  return imports +
         "import argparse\n"
         "from genesis.core import run_genesis_eval\n"
         "\n"
         "parser = argparse.ArgumentParser()\n"
         "parser.add_argument('--program_path')\n"
         "parser.add_argument('--results_dir')\n"
         "arguments = parser.parse_args()\n"
         "run_genesis_eval(program_path=arguments.program_path,\n"
         "                 results_dir=arguments.results_dir, experiment_fn_name='run',\n"
         "                 num_runs=1, get_experiment_kwargs=lambda i: {},\n"
         "                 aggregate_metrics_fn=lambda results: {\n"
         "                     'combined_score': float(np.sum(np.sqrt(np.abs(results[0]))))})\n";
}

const std::string kNumpy = "import numpy as np\n";
const std::string kScipy =
    "import numpy as np\n"
    "import scipy.optimize\n"
    "import scipy.spatial\n"
    "import scipy.stats\n";

double round(const std::string& evaluator, WarmStarts warm, int jobs) {
  const TempDir root("genesis-bench");
  value_or_throw(write_file(root.path() / "evaluate.py", evaluator));
  value_or_throw(write_file(root.path() / "initial.py", kSeed));
  EvolutionConfig evo;
  evo.init_program_path = (root.path() / "initial.py").string();
  evo.num_generations = jobs;
  evo.max_parallel_jobs = kParallel;
  LocalJobConfig job;
  job.eval_program_path = (root.path() / "evaluate.py").string();
  job.warm = warm;
  job.time = std::chrono::seconds{60};
  job.env_vars = {{"PYTHONDONTWRITEBYTECODE", "1"}};
  RunOptions options;
  options.output_dir = (root.path() / "run").string();
  options.results.keep = ResultsKeep::none;
  EvolutionRunner runner(evo, job, {}, "bench", options);
  const auto since = Clock::now();
  runner.run();
  const RunStatus& status = runner.summary().status;
  if (status.generation != jobs) std::abort();
  return (jobs + 1) / std::chrono::duration<double>(Clock::now() - since).count();
}

}  // namespace

int main(int argc, char** argv) {
  const int rounds = argc > 2 ? std::atoi(argv[2]) : 7;
  const int jobs = argc > 3 ? std::atoi(argv[3]) : 600;
  const std::string only = argc > 4 ? argv[4] : "";
  const std::string python = value_or_throw(evaluators::find_python(""));
  const auto has = [&](const char* module) {
    return std::system(("'" + python + "' -c 'import " + module + "' 2>/dev/null").c_str()) == 0;
  };
  struct Case {
    const char* name;
    std::string evaluator;
    const char* needs;
    int cold_jobs;
  };
  const std::vector<Case> cases = {
      {"stand-alone evaluator, numpy", standalone(kNumpy), "numpy", 40},
      {"stand-alone evaluator, numpy and scipy", standalone(kScipy), "scipy", 12},
      {"helper with the candidate's process, numpy", with_helper(kNumpy), "numpy", 40},
      {"helper with the candidate's process, numpy and scipy", with_helper(kScipy), "scipy", 12},
  };
  bench::Table table;
  for (const Case& one : cases) {
    if (!only.empty() && one.name != only) continue;
    if (!has(one.needs)) {
      std::printf("%s: not measured, %s has no %s\n", one.name, python.c_str(), one.needs);
      continue;
    }
    std::vector<double> cold, warm, ratios;
    for (int i = 0; i < rounds; ++i) {
      cold.push_back(round(one.evaluator, WarmStarts::never, one.cold_jobs));
      warm.push_back(round(one.evaluator, WarmStarts::always, jobs));
      ratios.push_back(warm.back() / cold.back());
    }
    table.add(one.name, bench::median(warm), "jobs/s", bench::median(cold), bench::median(ratios),
              bench::spread(ratios));
  }
  if (argc > 1) table.write(argv[1]);
  return 0;
}
