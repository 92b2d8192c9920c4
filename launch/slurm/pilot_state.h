#pragma once

#include <chrono>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "launch/job.h"
#include "launch/slurm/pilot_output.h"
#include "launch/slurm/slurm_output.h"

namespace genesis::launch::slurm {

/// A pilot is an allocation that stands; a worker is what runs jobs on one node of it.
struct WorkerKey {
  std::string pilot;  ///< Its mark, the part of its name that only it has.
  std::string node;
  auto operator<=>(const WorkerKey&) const = default;
};

struct PilotPolicy {
  int most_jobs = 1;    ///< At a time, all workers together.
  int nodes = 1;        ///< Of one pilot.
  int slots = 1;        ///< Jobs at a time on one node.
  int most_pilots = 1;  ///< At a time.
  std::string name_prefix;
  std::function<std::string()> new_mark;
  std::chrono::milliseconds walltime{4 * 3'600'000};  ///< What a pilot is asked for.
  std::chrono::milliseconds idle{300'000};            ///< Without jobs, before a pilot is ended.
  std::chrono::milliseconds lease{60'000};            ///< Silence of a worker that is borne.
  /// What the worker of an earlier runner gets to end what it runs.
  std::chrono::milliseconds grace{30'000};
  /// Before a pilot's end, beyond a job's own limit: to end a job, to start it, to tell it.
  std::chrono::milliseconds end_margin{15'000};
  std::chrono::milliseconds poll_interval{30'000};
  std::chrono::milliseconds claim_time{30'000};
};

/// What the state wants done.
struct RequestPilot {
  std::string mark;
  std::string token;  ///< A job that it is for: others need what this one needs.
};
struct AskPilots {};  ///< One squeue for all of them.
struct AskNodes {
  std::string mark;
  std::string nodes;  ///< As squeue writes them.
};
struct AskSteps {
  std::string mark;
  std::string id;
};
struct StartWorker {
  WorkerKey worker;
  std::string id;  ///< The pilot's.
  int slots = 1;
};
struct DropWorker {  ///< Its srun is killed; worker_ended() is not called for it any more.
  WorkerKey worker;
};
struct SayBye {
  WorkerKey worker;
};
struct CancelSteps {
  std::string id;
  std::vector<std::string> steps;
};
struct CancelPilots {
  std::vector<std::string> ids;
};
struct ForgetPilot {  ///< Nothing of it is left.
  std::string mark;
};
struct SendJob {
  WorkerKey worker;
  std::string token;
};
struct SendCancel {
  WorkerKey worker;
  std::string token;
};
struct SendTakeBack {
  WorkerKey worker;
  std::string token;
};
/// Whoever ran it has gone for certain: its record tells its end, or else it is lost.
struct CollectJob {
  std::string token;
  std::string why;
  bool cancelled = false;  ///< Without a record it is that.
};
/// It never ran.
struct EndJob {
  std::string token;
  JobOutcomeKind kind = JobOutcomeKind::cancelled;
  std::string detail;
};
struct PilotCapacity {
  int slots = 0;
  std::string reason;
};
using PilotAction =
    std::variant<RequestPilot, AskPilots, AskNodes, AskSteps, StartWorker, DropWorker, SayBye,
                 CancelSteps, CancelPilots, ForgetPilot, SendJob, SendCancel, SendTakeBack,
                 CollectJob, EndJob, PilotCapacity>;

/// The name of the steps that workers are.
inline constexpr std::string_view kWorkerStep = "genesis-worker";

/// What is known of pilots, workers and jobs, and what to do next. Pure: what happened goes in with
/// its time, decide() says what to do.
///
/// A job goes to a worker whose pilot stands for longer than the job may take; what fits nowhere
/// waits for another pilot. Pilots are asked for as far as waiting jobs need them, and ended when
/// they had nothing to do for `idle`. When one is refused or ends before a worker stood on it,
/// growth pauses, longer each time; after three in a row what waits is told why. A worker that went
/// away is not replaced, and its jobs are not judged, before SLURM says that its step is over:
/// until then somebody may still write their records. A controller that does not answer ends
/// nothing.
class PilotState {
 public:
  using Time = std::chrono::steady_clock::time_point;
  using Millis = std::chrono::milliseconds;
  PilotState(PilotPolicy policy, Time now);

  /// `limit`: its wall time and the grace of its end.
  void add(const std::string& token, std::optional<Millis> limit, Time now);
  /// One of an earlier runner.
  void add_earlier(const std::string& token);
  void cancel(const std::string& token);
  /// The same for one that has not started.
  void take_back(const std::string& token);
  /// No job is sent any more; pilots end when theirs have.
  void close();

  void know_pilot(const std::string& mark, Time now);  ///< Of an earlier runner.
  void submitted(const std::string& mark, const std::string& id, Time now);
  void not_submitted(const std::string& mark, const CommandFailure& failure, Time now);
  void queue_seen(const std::vector<PilotRow>& rows, Time asked, Time now);
  /// Of whichever command: the controller does not answer. `at`: the time of day, for people.
  void unreachable(const std::string& text, const std::string& at, Time now);
  /// Empty: the question failed.
  void nodes_seen(const std::string& mark, const std::vector<std::string>& nodes);
  /// Absent: the question failed.
  void steps_seen(const std::string& mark, const std::optional<std::vector<StepRow>>& steps,
                  Time now);
  void cancel_failed(const std::vector<std::string>& ids);

  void worker_ready(const WorkerKey& worker, Time now);
  void worker_heard(const WorkerKey& worker, Time now);
  void worker_ended(const WorkerKey& worker, const std::string& why, Time now);
  /// Whether that worker has this job: others' words about it do not count.
  bool has_job(const WorkerKey& worker, const std::string& token) const;
  void started(const std::string& token);
  void ended(const std::string& token, Millis wall, Time now);

  std::vector<PilotAction> decide(Time now);
  /// When decide() may have more to say without anything happening.
  std::optional<Time> next_look(Time now) const;
  std::size_t pilots() const { return pilots_.size(); }
  std::size_t jobs() const { return jobs_.size(); }
  /// Whether the placeholders of pilots must be told that a runner lives.
  bool holds_pilots() const { return !pilots_.empty(); }

 private:
  enum class NodePhase {
    unchecked,  ///< Of an earlier runner's pilot: is there a step of its?
    clearing,   ///< Its worker has gone for us: is its step over?
    clear,      ///< Nobody is on it.
    starting,   ///< srun runs.
    standing,   ///< Its worker has said hello.
    leaving,    ///< It was told to go.
    broken,     ///< Workers cannot be had here.
  };
  struct Node {
    NodePhase phase = NodePhase::clear;
    int slots = 0;  ///< Of the worker on it.
    std::set<std::string> jobs;
    Time heard;
    Time since;  ///< When the phase began.
    int failures = 0;
    Time retry_at;
    std::string why;  ///< Its last worker went away.
    std::optional<Time> cancelled_at;
    bool has_worker() const {
      return phase == NodePhase::starting || phase == NodePhase::standing ||
             phase == NodePhase::leaving;
    }
  };
  enum class Phase {
    asking,     ///< sbatch runs.
    searching,  ///< Perhaps SLURM has it: its name is looked for.
    pending,    ///< SLURM has it.
    standing,
    ending,  ///< It was cancelled.
    over,    ///< SLURM says so.
  };
  struct Pilot {
    Phase phase = Phase::asking;
    std::string id;
    Time since;  ///< When the phase began.
    bool earlier = false;
    bool worked = false;  ///< A worker stood on it.
    std::string reason;   ///< Why it waits, why it ended.
    std::string hopeless;
    std::optional<Time> hopeless_since;
    int absences = 0;
    std::optional<Time> end_at;
    bool asking_nodes = false;
    bool asking_steps = false;
    std::string node_list;
    Time ask_steps_at;
    std::optional<Time> cancelled_at;
    Time busy_at;  ///< Something was to do for it.
    std::map<std::string, Node> nodes;
  };
  enum class JobPhase { waiting, sent, running, earlier };
  struct Job {
    JobPhase phase = JobPhase::waiting;
    std::optional<Millis> limit;
    WorkerKey worker;
    bool cancelled = false;
  };

  Node* find(const WorkerKey& worker);
  int slots_given() const;
  bool fits(const Pilot& pilot, const std::optional<Millis>& limit, int times, Time now) const;
  bool is_usable(const Pilot& pilot, Time now) const;
  std::size_t jobs_on(const Pilot& pilot) const;
  std::optional<Millis> longest_waiting() const;
  void no_longer_waits(const Job& job);
  std::size_t places(int times) const;
  void see_row(Pilot& pilot, const PilotRow& row, Time asked, Time now);
  void cancel_strays(const std::vector<PilotRow>& rows, Time now);
  void over(Pilot& pilot, std::string reason, Time now);
  void growth_failed(const std::string& reason, Time now);
  void node_cleared(Node& node);
  void answered();
  void look_soon(Time now);

  void ask_pilots(Time now);
  std::optional<Time> next_question() const;
  void watch_pilot(const std::string& mark, Pilot& pilot, Time now);
  void watch_node(const std::string& mark, Pilot& pilot, const std::string& name, Node& node,
                  Time now);
  void start_workers(Time now);
  void send_jobs(Time now);
  bool send_to(const std::string& token, Job& job, int times, Time now);
  void collect_earlier();
  void grow(Time now);
  void refuse_waiting();
  void shrink(Time now);
  bool should_end(const Pilot& pilot, Time now) const;
  void end(Pilot& pilot, const std::string& mark, Time now);
  void forget_pilots();
  void announce(Time now);
  PilotCapacity capacity(Time now) const;

  PilotPolicy policy_;
  Time opened_;
  std::map<std::string, Pilot> pilots_;  ///< By mark.
  std::map<std::string, Job> jobs_;
  std::deque<std::string> waiting_;
  std::multiset<Millis> waiting_limits_;
  std::vector<PilotAction> actions_;
  bool asking_ = false;
  Time next_query_;
  Millis query_wait_{300};
  bool strays_done_ = false;
  bool closing_ = false;
  int failures_ = 0;  ///< Pilots in a row that came to nothing.
  std::string failure_reason_;
  bool refused_ = false;  ///< By sbatch, for ever: what waits is told at once.
  Time grow_after_;
  bool down_ = false;
  std::string down_reason_;
  Millis down_wait_{1000};
  double mean_wall_ms_ = 1e9;  ///< Of the last jobs.
  std::optional<std::pair<int, std::string>> announced_;
};

}  // namespace genesis::launch::slurm
