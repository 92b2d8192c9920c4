#pragma once

#include <deque>
#include <filesystem>
#include <functional>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "genesis/async/offload.h"
#include "genesis/evolve/results_sink.h"
#include "genesis/evolve/run_config.h"

namespace genesis::run {

/// Writes what people find in the results folder: `gen_<n>/{main.*, original.*, edit.diff,
/// results/}` as far as `results.keep` says, `best/` as a full copy of the best one's, and removes
/// the evaluation's working folders. A folder appears under its final name only when it is
/// complete.
///
/// Orders are worked off one at a time on the worker pool, in order. I/O thread.
class Publisher final : public evolve::ResultsSink {
 public:
  Publisher(WorkerPool& workers, std::filesystem::path run_dir, ResultsConfig config,
            std::string extension);

  void publish(evolve::PublishOrder order) override;
  void discard(std::filesystem::path work_dir) override;
  std::size_t pending() const override { return queue_.size() + (working_ ? 1 : 0); }
  void when_idle(std::function<void()> done) override;

  /// What a crash left: working folders of recorded programs are published or removed, those of
  /// ended attempts removed. Before the run begins; blocking. `order_of` gives the order for a
  /// recorded evaluation, or nothing; `in_flight` has the folders, as launch::attempt_folder names
  /// them, that a launcher may still collect.
  void sweep(
      const std::function<std::optional<evolve::PublishOrder>(std::int64_t evaluation)>& order_of,
      const std::set<std::filesystem::path>& in_flight);

 private:
  void start_next();
  void perform(const evolve::PublishOrder& order) const;
  void remove_ended_attempts(const std::filesystem::path& folder,
                             const std::set<std::filesystem::path>& in_flight) const;
  bool keeps(const store::ProgramRecord& record) const;
  Status publish_generation(const evolve::PublishOrder& order,
                            const std::filesystem::path& target) const;
  Status publish_best(const evolve::PublishOrder& order) const;

  WorkerPool& workers_;
  std::filesystem::path run_dir_;
  ResultsConfig config_;
  std::string extension_;
  std::deque<evolve::PublishOrder> queue_;
  bool working_ = false;
  std::vector<std::function<void()>> idle_;
};

/// File name of a program's primary file in a generation folder: main.<ext> for a single file.
std::string published_name(const Program& program, const std::string& extension);
/// Writes one generation's files (not its results) into `folder`.
Status write_generation(const Program& program, const Program* parent, const std::string& extension,
                        const std::filesystem::path& folder);

}  // namespace genesis::run
