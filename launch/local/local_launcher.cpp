#include "launch/local/local_launcher.h"

#include <fmt/format.h>
#include <signal.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <deque>
#include <limits>
#include <map>
#include <numeric>
#include <utility>

#include "genesis/base/failpoint.h"
#include "genesis/base/log.h"
#include "launch/event_outbox.h"
#include "launch/local/job_processes.h"
#include "launch/local/local_job.h"
#include "launch/local/local_outcome.h"
#include "launch/staging.h"

namespace genesis::launch {

namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;
using JobPtr = std::shared_ptr<LocalJob>;

JobOutcome infrastructure_failure(JobOutcomeKind kind, std::string detail) {
  JobOutcome outcome;
  outcome.kind = kind;
  outcome.detail = std::move(detail);
  return outcome;
}

std::vector<int> numbers_up_to(int count) {
  std::vector<int> numbers(static_cast<std::size_t>(std::max(count, 0)));
  std::iota(numbers.begin(), numbers.end(), 0);
  return numbers;
}

class LocalLauncher final : public Launcher {
 public:
  LocalLauncher(LocalOptions options, const LauncherContext& context)
      : io_(*context.io),
        slots_(numbers_up_to(context.max_parallel_jobs)),
        watcher_(io_),
        processes_(
            std::move(options), context, watcher_,
            [this](std::string text) {
              outbox_->push(Capacity{static_cast<int>(slots_.size()), std::move(text)});
            },
            [this] { schedule_pump(); }) {}

  /// Nothing may be left on the machine even when nobody called close().
  ~LocalLauncher() override {
    for (const auto& [token, job] : jobs_) {
      if (job->tree) job->tree->kill_all();
    }
    jobs_.clear();
    processes_.close();
  }
  LocalLauncher(const LocalLauncher&) = delete;
  LocalLauncher& operator=(const LocalLauncher&) = delete;

  std::string_view name() const override { return "local"; }
  Capabilities capabilities() const override { return processes_.capabilities(); }

  Status open(EventSink sink) override {
    outbox_.emplace(io_, std::move(sink));
    GENESIS_TRY(processes_.open());
    outbox_->push(Capacity{static_cast<int>(slots_.size()), ""});
    return {};
  }

  void submit(JobSpec spec) override {
    const std::string token = spec.token;
    auto job = std::make_shared<LocalJob>(std::move(spec));
    if (!jobs_.emplace(token, job).second) {
      log::warning("local: a second job with the token '{}' was refused", token);
      return;
    }
    if (draining_)
      return finish_unstarted(job, JobOutcomeKind::cancelled, "the launcher is closing");
    queue_.push_back(std::move(job));
    schedule_pump();
  }

  void reattach(Reattach job) override {
    const std::string token = job.spec.token;
    auto entry = std::make_shared<LocalJob>(std::move(job.spec));
    if (!jobs_.emplace(token, entry).second) return;
    Attached attached = processes_.find_again(entry->spec, job.ref);
    if (!attached.tree) return finish(entry, std::move(attached.outcome));
    // It still runs: its end is brought about, then it counts as lost.
    entry->tree = std::move(attached.tree);
    entry->end = std::make_unique<process::TreeEnd>(
        io_, *entry->tree, [this, weak = std::weak_ptr<LocalJob>(entry)] {
          if (const auto found = weak.lock()) {
            finish(found, infrastructure_failure(JobOutcomeKind::lost, "ended with its runner"));
          }
        });
    entry->end->begin(milliseconds{0});
    entry->end->leader_gone();
  }

  void cancel(std::string_view token) override {
    const auto found = jobs_.find(std::string(token));
    if (found != jobs_.end()) cancel_job(found->second, found->second->spec.limits.kill_grace);
  }

  void take_back(std::string_view token) override {
    const auto found = jobs_.find(std::string(token));
    if (found == jobs_.end()) return;
    const JobPtr job = found->second;
    if (std::erase(queue_, job) == 0) return;
    finish_unstarted(job, JobOutcomeKind::cancelled, "not started");
  }

  void drain() override {
    draining_ = true;
    const std::deque<JobPtr> queued = std::exchange(queue_, {});
    for (const JobPtr& job : queued) {
      finish_unstarted(job, JobOutcomeKind::cancelled, "not started: the launcher was drained");
    }
  }

  void close(milliseconds deadline, std::function<void()> done) override {
    on_closed_ = std::move(done);
    drain();
    std::vector<JobPtr> running;
    for (const auto& [token, job] : jobs_) running.push_back(job);
    for (const JobPtr& job : running) {
      cancel_job(job, std::min(job->spec.limits.kill_grace, deadline / 2));
    }
    close_when_idle();
  }

 private:
  void schedule_pump() {
    if (std::exchange(pump_scheduled_, true)) return;
    boost::asio::post(io_, [this, alive = std::weak_ptr<int>(alive_)] {
      if (alive.expired()) return;
      pump_scheduled_ = false;
      pump();
    });
  }

  /// Starts queued jobs, first come first served, while there is room.
  void pump() {
    // A start that fails ends its job, which comes here again: the loop goes on, not deeper.
    if (std::exchange(pumping_, true)) return;
    while (!queue_.empty() && take_room_for(*queue_.front())) {
      const JobPtr job = queue_.front();
      const auto way = processes_.way_to_start(*job);
      if (way == JobProcesses::Start::wait) {
        processes_.give_back(*job);
        break;
      }
      queue_.pop_front();
      start(job, way);
    }
    pumping_ = false;
    schedule_staging();
  }

  bool take_room_for(LocalJob& job) {
    auto slot = slots_.take(1);
    if (!slot || !processes_.take_resources(job)) return false;
    job.slot = std::move(*slot);
    return true;
  }

  /// Not at once: should another slot have become free meanwhile, its start comes first.
  void schedule_staging() {
    if (queue_.empty() || std::exchange(staging_scheduled_, true)) return;
    boost::asio::post(io_, [this, alive = std::weak_ptr<int>(alive_)] {
      if (alive.expired()) return;
      staging_scheduled_ = false;
      stage_ahead();
    });
  }

  /// Prepares the next job's folder while all slots are busy, so that its start is only a spawn.
  void stage_ahead() {
    for (std::size_t i = 0; i < std::min(queue_.size(), slots_.size()); ++i) {
      LocalJob& job = *queue_[i];
      if (!job.staged && stage_job(job.spec)) job.staged = true;
    }
  }

  void start(const JobPtr& job, JobProcesses::Start way) {
    if (!job->staged) {
      if (const Status staged = stage_job(job->spec); !staged) {
        return finish_unstarted(job, JobOutcomeKind::backend_error, staged.error().message);
      }
    }
    failpoint("local.before_spawn");
    if (way == JobProcesses::Start::now) return started(job, processes_.start(*job));
    job->starting = true;
    // The server and its answers do not outlive the launcher.
    processes_.start_by_server(
        job, [this, job](Result<process::Child> child) { started(job, std::move(child)); });
  }

  void started(const JobPtr& job, Result<process::Child> child) {
    job->starting = false;
    if (!child) {
      const bool warm = std::exchange(job->server, nullptr) != nullptr;
      const bool nobody_knows = warm && child.error().kind == ErrorKind::unavailable;
      if (warm && !nobody_knows && !job->ended_as) return started(job, processes_.start(*job));
      return finish_unstarted(job,
                              nobody_knows ? JobOutcomeKind::lost : JobOutcomeKind::backend_error,
                              child.error().message);
    }
    failpoint("local.after_spawn");
    job->started = Clock::now();
    JobRef ref{"local", processes_.ref_text(*job)};
    outbox_->push(Accepted{job->spec.token, std::move(ref)});
    outbox_->push(Started{job->spec.token});
    watcher_.watch(std::move(*child),
                   [this, job](const process::ChildExit& exit) { exited(job, exit); });
    if (job->ended_as) return begin_end(job, job->grace);
    if (job->spec.limits.wall_time) arm_deadline(job, *job->spec.limits.wall_time);
  }

  void arm_deadline(const JobPtr& job, milliseconds limit) {
    job->deadline.emplace(io_, limit);
    // The timer is the job's, and jobs do not outlive the launcher, so `this` is good while the job
    // is.
    job->deadline->async_wait(
        [this, weak = std::weak_ptr<LocalJob>(job)](const boost::system::error_code& failure) {
          const auto expired = weak.lock();
          if (!expired || failure || expired->exit) return;
          expired->ended_as = JobOutcomeKind::timeout;
          begin_end(expired, expired->spec.limits.kill_grace);
        });
  }

  void begin_end(const JobPtr& job, milliseconds grace) {
    if (!job->end) {
      job->end = std::make_unique<process::TreeEnd>(io_, *job->tree,
                                                    [this, weak = std::weak_ptr<LocalJob>(job)] {
                                                      if (const auto ended = weak.lock())
                                                        complete(ended);
                                                    });
    }
    job->end->begin(grace);
  }

  void cancel_job(const JobPtr& job, milliseconds grace) {
    if (job->starting) {
      job->ended_as = JobOutcomeKind::cancelled;
      job->grace = grace;
      return;
    }
    if (!job->is_running()) {
      std::erase(queue_, job);
      return finish_unstarted(job, JobOutcomeKind::cancelled, "not started");
    }
    if (!job->exit && !job->ended_as) job->ended_as = JobOutcomeKind::cancelled;
    begin_end(job, grace);
  }

  /// The leader has been reaped; its job is over when nothing that it started is left.
  void exited(const JobPtr& job, const process::ChildExit& exit) {
    job->exit = exit;
    job->deadline.reset();
    if (!job->end) {
      if (job->tree->empty()) return complete(job);
      begin_end(job, milliseconds{200});
    }
    job->end->leader_gone();
  }

  void complete(const JobPtr& job) {
    JobEndFacts facts;
    facts.exit = *job->exit;
    facts.wall = std::chrono::duration_cast<milliseconds>(Clock::now() - job->started);
    facts.ended_as = job->ended_as;
    processes_.read_usage(*job, facts);
    JobOutcome outcome = classify(facts, job->spec.limits);
    if (const auto failure = processes_.failed_start(*job)) {
      outcome = infrastructure_failure(JobOutcomeKind::backend_error, *failure);
    }
    if (job->end && job->end->gave_up()) {
      log::error("local: a process of {} could not be ended", job->spec.work_dir.string());
      outcome.detail += " (a process of it is stuck in the kernel and could not be ended)";
    }
    failpoint("local.before_finished");
    finish(job, std::move(outcome));
  }

  void finish_unstarted(const JobPtr& job, JobOutcomeKind kind, std::string detail) {
    finish(job, infrastructure_failure(kind, std::move(detail)));
  }

  void finish(const JobPtr& job, JobOutcome outcome) {
    const std::string token = job->spec.token;
    JobResults results;
    if (!job->spec.work_dir.empty()) results.folder = job->spec.work_dir / kResultsFolder;
    processes_.give_back(*job);
    jobs_.erase(token);
    outbox_->push(Finished{token, std::move(outcome), std::move(results)});
    // The slot's next job starts before the event is delivered: no processor waits for us.
    if (!queue_.empty()) pump();
    close_when_idle();
  }

  void close_when_idle() {
    if (!on_closed_ || !jobs_.empty()) return;
    processes_.close();
    outbox_->close(std::exchange(on_closed_, nullptr));
  }

  boost::asio::io_context& io_;
  LeasePool slots_;
  process::ChildWatcher watcher_;
  JobProcesses processes_;
  std::optional<EventOutbox> outbox_;
  std::map<std::string, JobPtr, std::less<>> jobs_;
  std::deque<JobPtr> queue_;
  std::function<void()> on_closed_;
  bool pump_scheduled_ = false;
  bool staging_scheduled_ = false;
  bool pumping_ = false;
  bool draining_ = false;
  std::shared_ptr<int> alive_ = std::make_shared<int>(0);  ///< For what is posted.
};

}  // namespace

Result<std::unique_ptr<Launcher>> make_local_launcher(LocalOptions options,
                                                      const LauncherContext& context) {
  if (context.io == nullptr || context.max_parallel_jobs < 1) {
    return make_error(
        ErrorKind::invalid_argument,
        fmt::format("make the local launcher: max_parallel_jobs is {}, it must be 1 or more",
                    context.max_parallel_jobs));
  }
  return std::make_unique<LocalLauncher>(std::move(options), context);
}

}  // namespace genesis::launch
