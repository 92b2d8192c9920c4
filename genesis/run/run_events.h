#pragma once

#include <boost/asio/io_context.hpp>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "genesis/base/clock.h"
#include "genesis/events/announcement.h"
#include "genesis/events/event_log.h"
#include "genesis/events/event_source.h"
#include "genesis/evolve/results_sink.h"
#include "genesis/hooks/hook_runner.h"
#include "genesis/run/evolution_run.h"
#include "genesis/ui/status.h"

namespace genesis::run {

/// Turns what a run does into the lines of its `events.jsonl`, and tells its hooks of each.
///
/// An improvement is told once its record is committed: `announcing` stands between the runner and
/// what publishes committed programs. What is in the store and not in the file (a crash between the
/// two) is told when the run goes on. Nothing here can fail the run. I/O thread.
class RunEvents final : public StatusObserver {
 public:
  struct Past {
    std::vector<store::ProgramRecord> improvements;  ///< In the store, in order.
    std::int64_t programs = 0;                       ///< In the store.
  };
  /// `io` and `clock` are borrowed; so are the observers, which hear of hooks that fail. A file
  /// that cannot be written is logged; hooks are told all the same.
  RunEvents(const RunSpec& spec, std::string run_id, Past past, boost::asio::io_context& io,
            const Clock& clock, std::vector<StatusObserver*> observers);
  ~RunEvents() override;

  /// Hands orders on to `sink`, which is borrowed, and tells of improvements among them.
  evolve::ResultsSink& announcing(evolve::ResultsSink& sink);
  /// What the folders' free space means: events, and whether the run must pause.
  std::optional<SpaceTrouble> look_for_space(const std::vector<std::filesystem::path>& folders);
  /// The last event, and the time that hooks still get: 10 s, 2 after an abort. `done` is called
  /// from the loop.
  void end(const RunSummary& summary, std::function<void()> done);
  /// Hooks get no more time.
  void give_up();
  /// For the summary's `hooks`.
  std::string hooks_summary() const;

  void on_start(const RunStatus& status, bool resumed) override;
  void on_progress(const RunStatus& status) override;
  void on_notice(std::string_view text) override;
  void on_pause(PauseCause cause, std::string_view reason) override;
  void on_go_on() override;

 private:
  class Sink;
  enum class Told { to_all, to_file };

  void make_hooks(const RunSpec& spec, boost::asio::io_context& io);
  void say_of_hooks(const std::string& text);

  void improved(const store::ProgramRecord& record, Told told);
  void tell(const std::vector<events::Event>& events, Told told = Told::to_all);
  void see(const RunStatus& status);
  std::chrono::milliseconds elapsed() const;

  std::string task_;
  std::uint64_t seed_;
  ResultsConfig results_;
  std::string run_id_;
  const Clock& clock_;
  std::optional<events::EventLog> log_;
  std::int64_t seq_ = 0;
  std::optional<events::EventSource> source_;
  std::vector<store::ProgramRecord> untold_;  ///< Of earlier sessions.
  std::unique_ptr<Sink> sink_;
  std::vector<StatusObserver*> observers_;
  std::unique_ptr<hooks::HookRunner> hooks_;  ///< Null when there are none.
  boost::asio::io_context& io_;
  bool ended_ = false;
  std::chrono::milliseconds seen_elapsed_{0};
  std::chrono::steady_clock::time_point seen_at_;
};

}  // namespace genesis::run
