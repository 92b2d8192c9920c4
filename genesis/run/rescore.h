#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "genesis/base/error.h"
#include "genesis/run/score_summary.h"

namespace genesis::run {

struct RescoreOptions {
  std::vector<std::int64_t> generations;  ///< Empty: the `top` best of the present epoch.
  int top = 10;
  int repeats = 1;
  bool unseen = false;      ///< Repeat r gets GENESIS_UNSEEN_SEED=r.
  std::optional<int> jobs;  ///< At a time; else what the run has.
  /// After each evaluation, on the thread that runs it.
  std::function<void(std::size_t done, std::size_t of)> on_progress;
};

/// A recorded program with what the evaluator says of it now.
struct RescoredProgram {
  std::int64_t generation = 0;
  double recorded_score = 0;
  bool recorded_correct = false;
  std::string recorded_outcome;
  std::int64_t epoch = 1;
  std::vector<double> scores;                    ///< Of the evaluations that were correct.
  std::map<std::string, std::int64_t> outcomes;  ///< Of all.
  std::string error;                             ///< Of the last that was not.
  ScoreSummary summary() const { return summarise(scores); }
};

struct RescoreReport {
  std::string run_dir;
  std::int64_t started_at = 0;                ///< Unix milliseconds.
  std::string recorded_evaluator, evaluator;  ///< Hashes; the first is empty when nobody knows.
  std::string evaluator_difference;           ///< Empty where they are the same.
  int repeats = 1;
  bool unseen = false;
  bool complete = true;
  std::vector<RescoredProgram> programs;  ///< Best recorded first.

  /// By the scores of now the programs come in another order, or one of them fails.
  bool ranking_changes() const;
};
nlohmann::json to_json(const RescoreReport& report);
/// The table for people.
std::string to_text(const RescoreReport& report);

/// Evaluates recorded programs again, with the evaluator as it is now, the run's launcher and
/// limits. Changes nothing of the run, which may be running meanwhile; the report is kept as
/// `rescore/<UTC time>.json` below it.
class Rescore {
 public:
  /// Errors: no such run or generation, no correct program, what evaluator and launcher say.
  static Result<std::unique_ptr<Rescore>> prepare(const std::filesystem::path& run_dir,
                                                  RescoreOptions options);
  virtual ~Rescore() = default;
  /// Blocks to the end. Once.
  virtual Result<RescoreReport> run() = 0;
  /// First: no more begin, and the report is what there is. Second: what runs is ended. Any thread.
  virtual void request_stop() = 0;
  /// Where the report is kept. After run().
  virtual const std::filesystem::path& report_file() const = 0;
};

}  // namespace genesis::run
