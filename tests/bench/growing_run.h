#pragma once

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <cstdint>
#include <deque>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "genesis/async/offload.h"
#include "genesis/evolve/population.h"
#include "genesis/evolve/source_cache.h"
#include "genesis/run/publisher.h"
#include "genesis/run/restored_history.h"
#include "genesis/store/run_store.h"

namespace genesis::bench {

/// How a proposal comes by its source.
enum class Source {
  fresh,   ///< A new text, the parent's unread: what inserting alone costs.
  mutant,  ///< The parent and the inspirations read as the runner does, one line changed.
};

/// A run that grows as EvolutionRunner makes it grow, without evaluations: draws, intents ahead of
/// results, records, moves, states, duplicate keys, group commits, `results.keep=auto`. One thread.
class GrowingRun {
 public:
  explicit GrowingRun(const std::filesystem::path& folder);
  ~GrowingRun();

  /// Proposes and records `count` programs; returns when they are committed.
  void grow(std::int64_t count, Source source);
  /// Until nothing is left to write out for people.
  void finish_publishing();

  std::int64_t size() const { return population_.size(); }
  evolve::Population& population() { return population_; }
  store::RunStore& store() { return *store_; }

 private:
  struct InFlight {
    std::int64_t id = 0;
    std::int64_t parent = -1;
    int island = 0;
    std::int64_t draw_event = 0;
    std::string token;
    std::string key;
    std::shared_ptr<const Program> program;
  };

  void propose(std::int64_t id, Source source);
  std::string read_and_mutate(const evolve::Draw& draw, std::int64_t id);
  void record(InFlight done);
  store::ProgramRecord program_record(const InFlight& done) const;
  void publish_later(store::ProgramRecord record, const InFlight& done);
  void barrier();
  void wait_for_room();

  boost::asio::io_context io_{1};
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> stay_;
  std::unique_ptr<store::RunStore> store_;
  evolve::Population population_;
  evolve::SourceCache sources_;
  WorkerPool file_workers_;
  run::Publisher publisher_;
  run::RestoredHistory history_;
  std::deque<InFlight> in_flight_;
  std::vector<evolve::PublishOrder> to_publish_;
  std::int64_t next_ = 0;
  int open_barriers_ = 0;
};

/// 2 KB of source, another one for each id.
std::string source_text(std::int64_t id);

}  // namespace genesis::bench
