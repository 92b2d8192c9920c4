// Evaluations per second through the whole runner, every one recorded: a 20-line task, a C++
// callable, two at a time, literal mutations.
//   inprocess_bench [JSON [GENERATIONS [ROUNDS]]]
//
// The baseline is the same mutation and the same callable in a bare loop that records nothing, on
// one thread; rounds of the two alternate. What a mutation costs stands beside it.
#include <chrono>
#include <cmath>
#include <cstdlib>

#include "genesis/base/files.h"
#include "genesis/evolve/operator_api.h"
#include "genesis/genesis.h"
#include "genesis/program/language.h"
#include "tests/bench/bench_table.h"

namespace {

using namespace genesis;
using Clock = std::chrono::steady_clock;

constexpr const char* kTask =
    "# Six numbers of a curve.\n"
    "# Everything outside the block stays.\n"
    "name: curve\n"
    "kind: polynomial\n"
    "low: lowest\n"
    "high: highest\n"
    "# The numbers.\n"
    "# EVOLVE-BLOCK-START\n"
    "a: 0.5\nb: 0.25\nc: 1.5\nd: 3.0\ne: 0.125\nf: 2.5\n"
    "# EVOLVE-BLOCK-END\n"
    "# The end.\n"
    "unit: none\n"
    "scale: linear\n"
    "owner: nobody\n"
    "note: short\n";

Evaluation score(const Program& program) {
  const std::string& text = program.text();
  double sum = 0;
  for (std::size_t at = text.find("a: "); at != std::string::npos && at < text.size();) {
    if (text[at] == '#') break;
    sum += std::abs(std::strtod(text.c_str() + at + 3, nullptr) - 1.0);
    at = text.find('\n', at);
    if (at == std::string::npos) break;
    ++at;
  }
  Evaluation evaluation;
  evaluation.combined_score = 1 / (1 + sum);
  return evaluation;
}

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

double through_the_runner(std::int64_t generations, int round) {
  const TempDir dir("genesis-bench");
  if (!write_file(dir.path() / "seed.yaml", kTask)) std::exit(1);
  EvolutionConfig evo;
  evo.init_program_path = (dir.path() / "seed.yaml").string();
  evo.language = "yaml";
  evo.num_generations = generations;
  evo.max_parallel_jobs = 2;
  evo.lookahead = 256;
  RunOptions options;
  options.output_dir = (dir.path() / "run").string();
  options.results.keep = ResultsKeep::none;
  options.mutation.operators = {"literal_gauss", "literal_log"};
  options.seed = static_cast<std::uint64_t>(round);
  EvolutionRunner runner(evo, score, {}, "curve", options);
  const auto start = Clock::now();
  runner.run();
  if (runner.summary().status.generation != generations) {
    std::fprintf(stderr, "inprocess_bench: only %lld generations: %s\n",
                 static_cast<long long>(runner.summary().status.generation),
                 runner.summary().message.c_str());
    std::exit(1);
  }
  return static_cast<double>(generations) / seconds_since(start);
}

struct Bare {
  double evaluations_per_second;
  double mutation_micros;
};

Bare bare_loop(std::int64_t generations, int round) {
  const evolve::Operator* gauss = evolve::find_operator("literal_gauss");
  const Program seed("main.yaml", kTask);
  evolve::OperatorInput input;
  input.language = find_language("yaml");
  input.parent = &seed;
  double best = 0;
  double mutating = 0;
  const auto start = Clock::now();
  for (std::int64_t i = 0; i < generations; ++i) {
    RandomStream random(static_cast<std::uint64_t>(round), "bench", static_cast<std::uint64_t>(i));
    const auto before = Clock::now();
    const auto child = gauss->apply(input, random);
    mutating += seconds_since(before);
    if (child) best = std::max(best, score(child->child).combined_score);
  }
  if (best <= 0) std::exit(1);
  const auto count = static_cast<double>(generations);
  return {count / seconds_since(start), mutating / count * 1e6};
}

}  // namespace

int main(int argc, char** argv) {
  const std::int64_t generations = argc > 2 ? std::atoll(argv[2]) : 50'000;
  const int rounds = argc > 3 ? std::atoi(argv[3]) : 7;
  std::vector<double> rates, bare, ratios, mutation;
  for (int round = 0; round < rounds; ++round) {
    const Bare loop = bare_loop(generations, round);
    rates.push_back(through_the_runner(generations, round));
    bare.push_back(loop.evaluations_per_second);
    mutation.push_back(loop.mutation_micros);
    ratios.push_back(rates.back() / loop.evaluations_per_second);
  }
  bench::Table table;
  table.add("evaluations through the runner", bench::median(rates), "1/s", bench::median(bare),
            bench::median(ratios), bench::spread(rates));
  table.add("target 20,000/s", bench::median(rates), "1/s", 20'000, bench::median(rates) / 20'000,
            bench::spread(rates));
  table.add("one literal mutation", bench::median(mutation), "us", 1e6 / bench::median(bare),
            bench::median(mutation) * bench::median(bare) / 1e6, bench::spread(mutation));
  if (argc > 1) table.write(argv[1]);
  return 0;
}
