#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "genesis/base/error.h"
#include "launch/job.h"

namespace boost::asio {
class io_context;
}

namespace genesis::launch {

/// The backend has taken the job; `ref` finds it again after a crash. May come several times, each
/// with a longer ref.
struct Accepted {
  std::string token;
  JobRef ref;
};
/// The command runs now.
struct Started {
  std::string token;
};
/// The end of the job: exactly once per submitted or re-attached token, the last event of it.
struct Finished {
  std::string token;
  JobOutcome outcome;
  JobResults results;
};
/// How many jobs the backend will run at a time from now on. 0 pauses submissions; `reason` is for
/// people.
struct Capacity {
  int slots = 0;
  std::string reason;
};
/// What one thing that is paid for by time (a sandbox, a node) has come to so far: each event of a
/// lease takes the place of the one before. Jobs of several tokens may have used it.
struct Usage {
  std::string lease;     ///< Whose, unique over all runs: a sandbox's id.
  std::string resource;  ///< "sandbox"
  std::string kind;      ///< Of which sort: its template.
  std::string unit = "s";
  double amount = 0;
  double cpus = 0;  ///< Its size; 0: nobody knows.
  double memory_gib = 0;
  std::optional<double> cost;  ///< Absent: no price is known.
  std::string currency;        ///< With `cost`.
  bool over = false;           ///< The last one of this lease: told once, whatever runner tells it.
};
using Event = std::variant<Accepted, Started, Finished, Capacity, Usage>;
using EventSink = std::function<void(Event)>;

/// What a backend can do, for the planner and for clear refusals at start.
struct Capabilities {
  bool shares_file_system = false;  ///< Local paths are valid in the job (evaluator used in place).
  bool runs_commands = true;        ///< False: in-process callables only.
  bool survives_runner = false;     ///< Jobs go on when the runner dies and can be re-attached.
  bool effects_outside_machine = false;  ///< Intents need full durability before submit.
  bool prepares_ahead = false;  ///< A job submitted beyond the capacity starts sooner for it.
  bool enforces_memory = false;
  bool enforces_process_count = false;
};

/// A job that was in flight when an earlier runner ended.
struct Reattach {
  JobSpec spec;
  std::optional<JobRef> ref;  ///< The last journaled one; absent when it was never accepted.
};

/// A backend that runs jobs.
///
/// Contract (tests/contract/launcher_contract.h runs it over every implementation):
/// - All calls on the I/O thread. Events arrive on the I/O thread, never from inside a call.
/// - Per token: Accepted* Started? Finished, in this order; Finished exactly once, whatever
/// happens.
/// - Nothing throws for a job's sake: what cannot be submitted finishes as backend_error.
/// - Submitting beyond the announced capacity is allowed: the backend queues.
/// - A token is submitted once: a second submit of it is logged and ignored. After drain() what is
///   submitted finishes as cancelled.
/// - Events of one token come in order; those of different tokens may come in any.
/// - At a deadline or cancel the whole process tree of the job has ended before Finished comes.
/// - Usage may come at any time until close() completes, also after the end of the jobs it was for.
/// - After close() completes, nothing of this launcher is left on the machine and no event follows.
class Launcher {
 public:
  virtual ~Launcher() = default;
  virtual std::string_view name() const = 0;
  virtual Capabilities capabilities() const = 0;

  /// Begins work and delivers to `sink`; announces Capacity. Sweeps what an earlier runner of the
  /// same run left behind. Errors: missing kernel feature, tool or permission, with the remedy.
  virtual Status open(EventSink sink) = 0;
  virtual void submit(JobSpec spec) = 0;
  /// Finds a job of an earlier runner again: follows it to its end, collects its results, or
  /// reports it lost. Ends with Finished like a submitted one. The caller then tries again by
  /// policy.
  virtual void reattach(Reattach job) = 0;
  /// Ends one job (Finished: cancelled). Unknown or finished tokens are ignored.
  virtual void cancel(std::string_view token) = 0;
  /// The same for a job that waits for a slot; one that has begun goes on, whether its events have
  /// been delivered yet or not.
  virtual void take_back(std::string_view token) = 0;
  /// No new starts: queued jobs finish as cancelled, running ones go on.
  virtual void drain() = 0;
  /// Ends everything within the deadline, TERM before KILL, then calls `done` once.
  virtual void close(std::chrono::milliseconds deadline, std::function<void()> done) = 0;
};

}  // namespace genesis::launch
