// A whole evolution with its evaluations in sandboxes. The same command again goes on where it was.
#include <genesis/genesis.h>

#include "parts.h"

namespace e2b_demo {

namespace {

class Lines final : public genesis::StatusObserver {
 public:
  void on_improvement(const genesis::RunStatus& status, std::string_view summary) override {
    char line[300];
    std::snprintf(line, sizeof line, "generation %lld: new best %.4f  %.*s",
                  static_cast<long long>(status.best_generation), status.best_score,
                  static_cast<int>(std::min<std::size_t>(summary.size(), 200)), summary.data());
    progress_.say(line);
  }
  void on_progress(const genesis::RunStatus& status) override {
    if (status.generation == told_) return;
    told_ = status.generation;
    progress_.say("generation " + std::to_string(told_) + " of " +
                  std::to_string(status.target_generations) + ", " +
                  std::to_string(status.slots_busy) + " at work");
  }
  void on_notice(std::string_view text) override { progress_.say(text); }

 private:
  Progress progress_;
  std::int64_t told_ = -1;
};

}  // namespace

int evolution(const Settings& settings) {
  genesis::EvolutionConfig evo;
  evo.init_program_path = (settings.task / "initial.py").string();
  evo.num_generations = settings.generations;
  evo.max_parallel_jobs = settings.at_a_time;

  genesis::launch::E2BJobConfig job;
  job.eval_program_path = (settings.task / "evaluate.py").string();
  job.template_id = "base";
  job.timeout = std::chrono::seconds{60};
  job.sandbox_reuse = "pooled";

  genesis::DatabaseConfig db;
  db.num_islands = 2;

  Lines lines;
  genesis::RunOptions options;
  options.output_dir = (settings.results / "evolution").string();
  options.observer = &lines;
  genesis::EvolutionRunner runner{evo, job, db, "e2b_demo", options};
  const auto [best_program, best_score] = runner.run();

  const genesis::run::RunSummary& summary = runner.summary();
  std::printf("\n  best score %.4f, the initial program's %.4f\n  results in %s\n", best_score,
              summary.status.initial_score, summary.status.output_dir.c_str());
  if (best_program.empty()) std::printf("  no program was correct: %s\n", summary.message.c_str());
  return best_program.empty() ? 1 : 0;
}

}  // namespace e2b_demo
