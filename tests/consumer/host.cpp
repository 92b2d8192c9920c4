// A host program with the installed library: evolves with a mutator and a function of its own, then
// with the built-in operators and an evaluator.
#include <genesis/async/offload.h>
#include <genesis/base/rng.h>
#include <genesis/evolve/mutator.h>
#include <genesis/genesis.h>

#include <cmath>
#include <cstdio>
#include <filesystem>
#include <string>

namespace {

genesis::EvolutionConfig settings(const char* program, int generations) {
  genesis::EvolutionConfig evo;
  evo.init_program_path = program;
  evo.language = "yaml";  // '#' comments and numbers
  evo.num_generations = generations;
  evo.max_parallel_jobs = 2;
  return evo;
}

genesis::RunOptions results_in(const std::filesystem::path& folder) {
  genesis::RunOptions options;
  options.output_dir = folder.string();
  return options;
}

/// Adds a line with a random digit to the block.
class AddLine : public genesis::evolve::Mutator {
 public:
  void mutate(genesis::evolve::MutationRequest request, Done done) override {
    genesis::RandomStream random(request.run_seed, "add_line",
                                 static_cast<std::uint64_t>(request.proposal));
    std::string text = request.parent.program->text();
    text.insert(text.find("# EVOLVE-BLOCK-END"), std::to_string(random.below(10)) + "\n");
    done(genesis::evolve::Mutation{request.parent.program->with_text(std::move(text)), "add_line",
                                   "operator", "one more"});
  }
};

bool reached(genesis::EvolutionRunner& runner, int generations, const char* how) {
  const auto best = runner.run();
  const auto recorded = runner.summary().status.generation;
  std::printf("%s: best %.3f after %lld generations\n", how, best.score,
              static_cast<long long>(recorded));
  return !best.program.empty() && recorded + 1 >= generations;
}

}  // namespace

int main(int argc, char** argv) try {
  if (argc != 4) return 2;
  const std::filesystem::path results = argv[2];
  std::filesystem::remove_all(results);

  genesis::RunOptions options = results_in(results / "called");
  options.mutator =
      [](genesis::WorkerPool&,
         const genesis::Language&) -> genesis::Result<std::unique_ptr<genesis::evolve::Mutator>> {
    return std::make_unique<AddLine>();
  };
  genesis::EvolutionRunner called(
      settings(argv[1], 30),
      [](const genesis::Program& program) {
        genesis::Evaluation evaluation;
        evaluation.combined_score = -std::abs(static_cast<double>(program.text().size()) - 200);
        return evaluation;
      },
      {}, "called", options);
  if (!reached(called, 30, "function")) return 1;

  genesis::launch::LocalJobConfig job;
  job.evaluator_command = std::string(argv[3]) +
                          " --program_path {program_path} --results_dir {results_dir} --target 60";
  genesis::EvolutionRunner launched(settings(argv[1], 5), job, {}, "launched",
                                    results_in(results / "launched"));
  return reached(launched, 5, "evaluator") ? 0 : 1;
} catch (const std::exception& error) {
  std::fprintf(stderr, "host: %s\n", error.what());
  return 2;
}
