#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "genesis/ui/usage.h"

namespace genesis {

/// Why a run ended (or will end). A value, never decoded from text.
enum class StopReason {
  none,
  generations,        ///< num_generations reached.
  evaluations,        ///< max_evaluations reached.
  wall_time,          ///< max_wall_time reached.
  target_score,       ///< target_score reached.
  patience,           ///< No better best for `patience` generations.
  exhausted,          ///< The mutators find nothing new.
  interrupted,        ///< A signal or `genesis stop`: drained, resumable.
  aborted,            ///< A second signal: in-flight work will be found again by the next start.
  evaluator_changed,  ///< Scores would not be comparable: resumable when it is as before.
  seed_failed,        ///< The seed program failed its evaluation.
  error,              ///< A failure of the run itself; the message says which.
};
std::string_view to_string(StopReason reason);
/// True for ends that the same command continues from: interrupted, aborted, evaluator_changed,
/// error.
bool is_resumable(StopReason reason);
/// True for ends that the search came to by itself: a limit, a target, nothing new.
bool is_search_end(StopReason reason);

/// Why nothing is started for now. The run goes on by itself when the cause has gone.
enum class PauseCause {
  disk,    ///< Too few bytes free (results.min_free_bytes).
  inodes,  ///< Too few inodes free (results.min_free_inodes).
  store,   ///< The store cannot be written.
};
std::string_view to_string(PauseCause cause);

/// Free space that is too short to go on.
struct SpaceTrouble {
  PauseCause cause = PauseCause::disk;
  std::string text;  ///< For people: what is short, where, and what to do.
};

/// A snapshot for progress lines, `genesis status` and the summary. Copyable.
struct RunStatus {
  std::string run_id;
  std::string task;
  std::string output_dir;
  std::string state = "starting";  ///< starting, running, paused, draining, finished
  std::string notice;              ///< Why it is paused, or the last thing worth saying.
  std::int64_t generation = 0;     ///< Last recorded.
  std::int64_t target_generations = 0;
  std::int64_t programs = 0;
  std::int64_t proposals = 0;
  std::int64_t evaluations = 0;  ///< Recorded in all sessions.
  std::int64_t duplicates = 0;
  std::int64_t retries = 0;  ///< Attempts beyond the first, this session.
  int slots_busy = 0;
  int slots = 0;
  int queued = 0;  ///< Proposals ready and waiting for a slot.
  bool has_best = false;
  double best_score = 0;
  std::int64_t best_generation = 0;
  double initial_score = 0;
  double evaluations_per_second = 0;     ///< Over the last seconds.
  std::chrono::milliseconds elapsed{0};  ///< All sessions.
  std::optional<std::chrono::milliseconds> eta;
  std::map<std::string, std::int64_t> outcomes;  ///< "ok": 812, "timeout": 3, …
  std::vector<UsageRow> usage;                   ///< As far as it is recorded; all sessions.
};

/// What happens, as it happens. All calls on the run's I/O thread; implementations must be quick
/// and must not throw. The default does nothing.
class StatusObserver {
 public:
  virtual ~StatusObserver() = default;
  virtual void on_start(const RunStatus& status, bool resumed) { (void)status, (void)resumed; }
  /// At most every 100 ms, and after every program when the run is slower than that.
  virtual void on_progress(const RunStatus& status) { (void)status; }
  /// A new best; `summary` says what the mutation did.
  virtual void on_improvement(const RunStatus& status, std::string_view summary) {
    (void)status, (void)summary;
  }
  /// Something a person should know: paused for disk space, retrying after lost jobs …
  virtual void on_notice(std::string_view text) { (void)text; }
  /// Nothing is started for now; told by a notice as well. Again when a second cause comes up.
  virtual void on_pause(PauseCause cause, std::string_view reason) { (void)cause, (void)reason; }
  /// The last cause of a pause has gone.
  virtual void on_go_on() {}
  virtual void on_finish(const RunStatus& status, StopReason reason) { (void)status, (void)reason; }
};

}  // namespace genesis
