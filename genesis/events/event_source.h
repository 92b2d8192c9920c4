#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "genesis/events/event.h"

namespace genesis::events {

/// When an event is worth telling: the YAML section `events`.
struct EventSettings {
  /// A stall begins after so many generations without an improvement; 0: never for their sake.
  /// Absent: a fifth of the run's generations, 20 at least.
  std::optional<std::int64_t> stall_generations;
  /// Or after so long; 0: never. Absent: half an hour, when it was 10 generations at least.
  std::optional<std::chrono::milliseconds> stall_time;
  double limit_share = 0.8;  ///< Of a limit that is used when it is told; 1 and more: never.
  /// Free space below which `disk_low` is told; absent: twice results.min_free_bytes.
  std::optional<std::uint64_t> disk_low_bytes;
};

/// What ends the run beside its target of generations, which may grow while it runs.
struct Limits {
  std::optional<std::int64_t> evaluations;
  std::optional<std::chrono::milliseconds> wall_time;
};

/// What earlier sessions have told, so that nothing is told twice and nothing is left out.
struct Memory {
  std::int64_t last_seq = 0;
  std::int64_t last_improvement = -1;  ///< Generation; -1: none.
  double best_score = 0;
  std::chrono::milliseconds improved_at{0};  ///< Run time.
  bool stalled = false;
  std::map<std::string, double> limits;  ///< Told, by name: how much was allowed then.

  /// Takes one line of events.jsonl into account. `seq` counts whatever the run; the rest only for
  /// lines of `run_id`. False: the line is no event.
  bool take(std::string_view line, std::string_view run_id);
};

/// Decides which events follow from what is seen. No clock and no I/O: run time comes with what is
/// seen. One thread.
class EventSource {
 public:
  EventSource(EventSettings settings, Limits limits, std::uint64_t min_free_bytes, Memory memory);

  /// A committed improvement, in order of generations. Nothing for one that has been told before.
  std::vector<Event> improvement(Improvement improvement, std::chrono::milliseconds elapsed);
  /// Counts and run time have moved on: stalls and limits.
  std::vector<Event> progress(const RunStatus& status);
  /// Free space of one of the folders that the run writes to.
  std::vector<Event> space(std::string_view folder, std::uint64_t free_bytes,
                           std::chrono::milliseconds elapsed);
  std::vector<Event> pause(PauseCause cause, std::string_view reason,
                           std::chrono::milliseconds elapsed);
  std::vector<Event> go_on(std::chrono::milliseconds elapsed);
  /// The session's end, after what its last status says.
  std::vector<Event> end(const RunStatus& status, StopReason reason, std::string message);

 private:
  void look_for_stall(const RunStatus& status, std::vector<Event>& events);
  void look_at_limit(const char* name, double used, double allowed, const RunStatus& status,
                     std::vector<Event>& events);
  bool stalls(std::int64_t generations, std::chrono::milliseconds time, std::int64_t target) const;

  EventSettings settings_;
  Limits limits_;
  std::uint64_t disk_low_bytes_;
  Memory memory_;
  std::set<std::string, std::less<>> low_folders_;
  std::set<PauseCause> paused_for_;
  std::chrono::milliseconds paused_at_{0};
};

}  // namespace genesis::events
