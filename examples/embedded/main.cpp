// Genesis inside a program of your own: evolve the coefficients in a text file until the polynomial
// they describe fits sin(x) on [0, 3]. The evaluator is a C++ function; nothing is spawned.
#include <genesis/genesis.h>

#include <cmath>
#include <cstdio>
#include <sstream>
#include <vector>

namespace {

std::vector<double> coefficients_of(const std::string& text) {
  std::vector<double> coefficients;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    if (!line.empty() && line[0] != '#') coefficients.push_back(std::strtod(line.c_str(), nullptr));
  }
  return coefficients;
}

// Higher is better: 1 / (1 + largest error).
genesis::Evaluation fit(const genesis::Program& program) {
  const std::vector<double> coefficients = coefficients_of(program.text());
  double worst = 0;
  for (double x = 0; x <= 3; x += 0.05) {
    double value = 0;
    for (auto c = coefficients.rbegin(); c != coefficients.rend(); ++c) value = value * x + *c;
    worst = std::max(worst, std::abs(value - std::sin(x)));
  }
  genesis::Evaluation evaluation;
  evaluation.combined_score = 1 / (1 + worst);
  return evaluation;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    genesis::EvolutionConfig evo;
    evo.init_program_path = argc > 1 ? argv[1] : "examples/embedded/curve.txt";
    evo.language = "yaml";  // numbers and '#' comments: the literal operators are all it needs
    evo.num_generations = 5000;
    evo.max_parallel_jobs = 2;
    genesis::RunOptions options;
    if (argc > 2) options.output_dir = argv[2];
    options.results.keep = genesis::ResultsKeep::improvements;

    genesis::EvolutionRunner runner(evo, fit, {}, "sine", options);
    const auto [best, score] = runner.run();
    std::printf("best score %.6f after %lld generations\n%s", score,
                static_cast<long long>(runner.summary().status.generation), best.text().c_str());
    return best.empty() ? 1 : 0;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "embedded: %s\n", error.what());
    return 2;
  }
}
