#pragma once

#include <boost/asio/io_context.hpp>
#include <filesystem>
#include <functional>
#include <memory>

#include "evaluators/evaluator_watch.h"
#include "evaluators/job_planner.h"
#include "genesis/base/error.h"
#include "genesis/evolve/population.h"
#include "genesis/evolve/run_config.h"
#include "genesis/run/evaluation_batch.h"
#include "genesis/run/final_scores.h"
#include "genesis/store/run_store.h"

namespace genesis::run {

/// What became of it.
enum class FinalEnd { complete, interrupted, evaluator_changed };

/// The best programs of a run that has reached its end, evaluated on seeds that its search never
/// saw. Each result is in the store as soon as it is there, so that an interrupted one goes on. I/O
/// thread.
class FinalEvaluation {
 public:
  struct Parts {
    boost::asio::io_context* io = nullptr;
    store::RunStore* store = nullptr;
    const evolve::Population* population = nullptr;
    evaluators::EvaluatorWatch* watch = nullptr;
    std::int64_t epoch = 1;
    std::string evaluator_hash;
    std::filesystem::path run_dir;
    std::function<void(std::string)> notice;
  };
  FinalEvaluation(Parts parts, const EvolutionConfig& config);
  ~FinalEvaluation();

  /// Something is left to evaluate.
  bool has_work() const { return !missing_.empty(); }
  const FinalScores& scores() const { return scores_; }
  /// Where its jobs work.
  std::filesystem::path work_dir() const;

  /// Begins; `on_end` once, not inside this call.
  Status start(std::unique_ptr<launch::Launcher> launcher,
               std::unique_ptr<evaluators::JobPlanner> planner,
               std::function<void(FinalEnd)> on_end);
  void stop();
  /// best/unseen_seeds.json, where there is a best/.
  void write_beside_best() const;

 private:
  void take(BatchResult result);
  bool evaluator_is_the_same();
  void put() const;

  Parts parts_;
  EvolutionConfig config_;
  FinalScores scores_;
  std::vector<std::pair<std::size_t, int>> missing_;
  std::unique_ptr<evaluators::JobPlanner> planner_;
  std::unique_ptr<EvaluationBatch> batch_;
  bool stopped_ = false;
  bool changed_ = false;
};

}  // namespace genesis::run
