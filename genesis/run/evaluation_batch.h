#pragma once

#include <boost/asio/io_context.hpp>
#include <cstdint>
#include <deque>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "evaluators/job_planner.h"
#include "genesis/base/error.h"
#include "genesis/program/program.h"
#include "launch/launcher.h"

namespace genesis::run {

/// One evaluation outside the search.
struct BatchItem {
  std::int64_t generation = 0;
  std::shared_ptr<const Program> program;
  int repeat = 1;                  ///< From 1.
  std::optional<int> unseen_seed;  ///< GENESIS_UNSEEN_SEED of the job.
};

/// How it ended; `outcome` as in a record, or lost and backend_error when the attempts were used
/// up.
struct BatchResult {
  BatchItem item;
  std::string outcome;
  std::string error;
  double score = 0;
  bool correct = false;
};

/// Evaluates programs through a launcher, as many at a time as it and `jobs` allow, and records
/// nothing. What fails for the machine's reasons is tried again. I/O thread.
class EvaluationBatch {
 public:
  struct Parts {
    boost::asio::io_context* io = nullptr;
    std::unique_ptr<launch::Launcher> launcher;
    const evaluators::JobPlanner* planner = nullptr;  ///< Borrowed.
    int jobs = 1;
    int max_attempts = 3;
    std::function<void(launch::Usage)> on_usage;  ///< May be empty; until on_end.
  };
  explicit EvaluationBatch(Parts parts);
  ~EvaluationBatch();

  /// Begins. `on_result` for each that has ended; `on_end` once, when the launcher is closed.
  /// Errors are the launcher's; then neither is called. Call once.
  Status start(std::vector<BatchItem> items, std::function<void(BatchResult)> on_result,
               std::function<void()> on_end);
  /// First: nothing more begins. Second: what runs is ended.
  void stop();
  /// Every item has a result.
  bool complete() const { return left_ == 0; }

 private:
  struct Running {
    BatchItem item;
    int attempt = 1;
    std::int64_t number = 0;
    std::filesystem::path work_dir;
  };
  void on_event(launch::Event event);
  void on_finished(launch::Finished& event);
  void submit_more();
  void submit(Running next);
  void end_if_done();
  void close(std::chrono::milliseconds deadline);

  Parts parts_;
  std::deque<Running> waiting_;
  std::unordered_map<std::string, Running> running_;  // by token
  std::function<void(BatchResult)> on_result_;
  std::function<void()> on_end_;
  std::size_t left_ = 0;
  int slots_ = 0;
  bool stopping_ = false;
  bool closing_ = false;
};

}  // namespace genesis::run
