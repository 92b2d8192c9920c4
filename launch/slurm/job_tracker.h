#pragma once

#include <chrono>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "launch/slurm/slurm_outcome.h"
#include "launch/slurm/slurm_output.h"

namespace genesis::launch::slurm {

struct TrackerPolicy {
  int most = 1;             ///< Jobs at a time, waiting ones in SLURM included.
  std::string name_prefix;  ///< Of this run's jobs.
  /// How many jobs may become one array; 1: none does.
  int array_most = 1;
  bool arrays_wait = false;  ///< Until arrays_known().
  std::chrono::milliseconds batch_window{
      1000};  ///< How long the first of an array waits for others.
  std::chrono::milliseconds unknown_grace{60'000};
  std::chrono::milliseconds file_wait{30'000};
  std::chrono::milliseconds poll_interval{30'000};
  std::chrono::milliseconds claim_time{30'000};
};

/// What the tracker wants done. Jobs are named by their mark, the token's part of their name.
struct SubmitJob {
  std::string mark;
};
/// One array: task i is marks[i]. Its name carries `group`.
struct SubmitArray {
  std::string group;
  std::vector<std::string> marks;
};
struct ForgetArray {  ///< Nothing of it is left.
  std::string group;
};
struct AskQueue {};  ///< One squeue for all jobs of the user.
struct AskJob {      ///< scontrol, and sacct where that knows nothing.
  std::string mark;
  std::string id;
};
struct LookAtFiles {  ///< SLURM says that it is over: is there a record?
  std::string mark;
};
struct CancelJobs {
  std::vector<std::string> ids;
};
struct TellAccepted {
  std::string mark;
  std::string id;
  std::string group;  ///< What its name carries: an array's mark, or its own.
};
struct TellStarted {
  std::string mark;
};
struct TellEnd {
  std::string mark;
  EndFacts facts;
  std::string failure;  ///< Why it never ran, where that is the end: backend_error.
  std::string lost;     ///< Why nobody knows how it ended.
};
struct TellCapacity {
  int slots = 0;
  std::string reason;
};
using TrackerAction =
    std::variant<SubmitJob, SubmitArray, ForgetArray, AskQueue, AskJob, LookAtFiles, CancelJobs,
                 TellAccepted, TellStarted, TellEnd, TellCapacity>;

/// What is known of each job of the run, and what to do next. Pure: what happened goes in with its
/// time, decide() says what to do.
///
/// The result's file tells an end fast; SLURM's state confirms what the file cannot know. A job
/// that squeue does not list is unknown, which is neither running nor finished: scontrol and sacct
/// are asked, and only after `unknown_grace` of silence of them all it is lost. A controller that
/// does not answer stops submissions with growing waits between tries, says so as capacity, and
/// ends no job. Submit limits are capacity too: they teach a ceiling, which rises by one after half
/// a minute without another refusal.
class JobTracker {
 public:
  using Time = std::chrono::steady_clock::time_point;
  JobTracker(TrackerPolicy policy, Time now);

  /// `kind`: only jobs of one kind go as one array.
  void add(const std::string& mark, const std::string& kind, Time now);
  /// An array of an earlier runner.
  void know_array(const std::string& group, std::vector<std::string> marks);
  /// The cluster's MaxArraySize, or nothing where nobody says; below two there are no arrays.
  void arrays_known(std::optional<int> most);
  /// One of an earlier runner; `id` if that got to know it.
  void add_earlier(const std::string& mark, std::optional<std::string> id, Time now);
  bool is_waiting(const std::string& mark) const;  ///< sbatch has not been called for it.
  void forget(const std::string& mark);            ///< One that is_waiting().
  void cancel(const std::string& mark, JobOutcomeKind why, Time now);

  /// Nothing can run, and this is why: every job ends as backend_error.
  void give_up(const std::string& why, Time now);

  void submitted(const std::string& mark, const std::string& id, Time now);
  void not_submitted(const std::string& mark, const CommandFailure& failure, Time now);
  void array_submitted(const std::string& group, const std::string& id, Time now);
  void array_not_submitted(const std::string& group, const CommandFailure& failure, Time now);
  void queue_seen(const std::vector<QueueRow>& rows, Time asked, Time now);
  /// Of whichever command: the controller does not answer. `at`: the time of day, for people.
  void unreachable(const std::string& text, const std::string& at, Time now);
  /// What scontrol or sacct said of it; nothing: neither knows it.
  void job_seen(const std::string& mark, const std::optional<JobReport>& report, Time now);
  void job_not_asked(const std::string& mark, Time now);  ///< The question failed.
  void began(const std::string& mark, Time now);
  void ended(const std::string& mark, EndFacts facts, Time now);
  void cancel_failed(const std::vector<std::string>& ids);

  std::vector<TrackerAction> decide(Time now);
  /// When decide() may have more to say without anything happening.
  std::optional<Time> next_look(Time now) const;
  std::size_t count() const { return jobs_.size(); }
  bool is_down() const { return down_; }

 private:
  using Millis = std::chrono::milliseconds;
  static constexpr std::chrono::seconds kLongestWait{30};
  /// How long a reason to wait for ever is given to go away.
  static constexpr std::chrono::seconds kHopelessTime{10};
  static Millis doubled(Millis wait, Millis most) { return wait * 2 < most ? wait * 2 : most; }
  enum class Phase {
    queued,      ///< Here.
    submitting,  ///< sbatch runs.
    searching,   ///< Perhaps SLURM has it: its name is looked for.
    submitted,   ///< SLURM has it.
  };
  struct Job {
    Phase phase = Phase::queued;
    std::string kind;
    std::string id;
    Time since;  ///< When the phase began.
    bool earlier = false;
    bool has_begun = false;
    bool accepted_told = false;
    bool started_told = false;
    std::optional<JobOutcomeKind> ended_as;
    std::string failure;  ///< With ended_as backend_error.
    std::optional<Time> cancel_sent;
    int absences = 0;  ///< Lists in a row without it.
    std::optional<Time> first_absence;
    std::optional<Time> silent_since;  ///< Neither scontrol nor sacct knows it.
    bool must_ask = false;
    bool asking = false;
    Time ask_at;
    Millis ask_wait{300};
    std::optional<JobReport> report;
    std::optional<Time> over_since;  ///< SLURM says so.
    Time look_at;
    Millis look_wait{100};
    std::optional<EndFacts> files;
    std::optional<Time> files_since;
    std::optional<Time> hopeless_since;
    std::string hopeless;
  };

  Job* find(const std::string& mark);
  int live() const;
  int slots() const;
  void judge(const std::string& mark, Job& job, Time now, std::vector<TrackerAction>& actions);
  bool is_over(const std::string& mark, Job& job, Time now, TellEnd& end,
               std::vector<TrackerAction>& actions);
  bool is_settled(const Job& job, Time now) const;
  bool is_nowhere(Job& job, Time now, TellEnd& end);
  void see_row(const std::string& mark, Job& job, const QueueRow& row, Time now);
  void miss_row(Job& job, Time asked, Time now);
  void accept(const std::string& mark, const std::string& group, Job& job, const std::string& id,
              Time now);
  void look_soon(Time now, Millis wait);
  void ask_jobs(Time now, std::vector<TrackerAction>& actions);
  void send_cancels(Time now, std::vector<TrackerAction>& actions);
  void submit_more(Time now, std::vector<TrackerAction>& actions);
  void submit_array(int room, Time now, std::vector<TrackerAction>& actions);
  void forget_arrays(Time now, std::vector<TrackerAction>& actions);
  void take_back(const std::string& mark, Job& job, const CommandFailure& failure, Time now);
  std::string mark_of_row(const QueueRow& row) const;
  bool is_name_of(const std::string& name, const std::string& mark) const;
  void ask_queue(Time now, std::vector<TrackerAction>& actions);
  void announce(std::vector<TrackerAction>& actions);
  void answered();

  TrackerPolicy policy_;
  Time opened_;
  std::map<std::string, Job> jobs_;
  std::deque<std::string> waiting_;
  std::map<std::string, Time> done_;           ///< Marks that ended here lately.
  std::map<std::string, std::string> strays_;  ///< Ids of an earlier runner's jobs, by mark.
  std::map<std::string, std::vector<std::string>> arrays_;  ///< Marks of the tasks, by group.
  std::vector<TrackerAction> news_;
  bool asking_queue_ = false;
  Time next_query_;
  Millis query_wait_{1000};
  int submitting_ = 0;
  Time submit_after_;
  int refusals_ = 0;
  std::optional<Time> batch_since_;  ///< Something waits, and there is room for it.
  std::optional<int> ceiling_;
  Time ceiling_since_;
  std::string ceiling_reason_;
  bool down_ = false;
  std::string down_reason_;
  Millis down_wait_{1000};
  std::optional<std::pair<int, std::string>> announced_;
};

}  // namespace genesis::launch::slurm
