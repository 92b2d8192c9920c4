#include "launch/inprocess/inprocess_launcher.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <map>
#include <nlohmann/json.hpp>
#include <unordered_map>
#include <utility>

#include "genesis/base/log.h"
#include "launch/common_options.h"
#include "launch/event_outbox.h"

namespace genesis::launch {

namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

class InProcessLauncher final : public Launcher {
 public:
  InProcessLauncher(boost::asio::io_context& io, InProcessCallable callable, int slots)
      : io_(io), callable_(std::move(callable)), slots_(std::max(1, slots)), timer_(io) {}

  std::string_view name() const override { return "inprocess"; }
  Capabilities capabilities() const override {
    Capabilities capabilities;
    capabilities.shares_file_system = true;
    capabilities.runs_commands = false;
    return capabilities;
  }

  Status open(EventSink sink) override;
  void submit(JobSpec spec) override;
  void reattach(Reattach job) override;
  void cancel(std::string_view token) override;
  void take_back(std::string_view token) override;
  void drain() override;
  void close(milliseconds deadline, std::function<void()> done) override;

 private:
  enum class Phase { waiting, running, stopping };
  struct Job;
  using Deadlines = std::multimap<steady_clock::time_point, Job*>;
  struct Job {
    std::shared_ptr<Call> call;
    Phase phase = Phase::waiting;
    JobOutcomeKind stopped_as = JobOutcomeKind::cancelled;  // With `stopping`.
    std::optional<Deadlines::iterator> deadline;
  };
  using Jobs = std::unordered_map<std::string, Job>;

  void on_notices(std::vector<CallablePool::Notice>& batch);
  void on_started(const std::shared_ptr<Call>& call);
  void on_ended(const std::shared_ptr<Call>& call);
  void on_deadline(Job& job);
  void stop(Job& job, JobOutcomeKind as);
  void give_up(Job& job);
  void refuse(std::string token, JobOutcomeKind kind, std::string detail);
  void finish(Jobs::iterator job, JobOutcome outcome);
  void set_deadline(Job& job, steady_clock::time_point when);
  void clear_deadline(Job& job);
  void arm_timer();
  void on_timer();
  void announce_capacity();
  void finish_closing_if_idle();

  boost::asio::io_context& io_;
  InProcessCallable callable_;
  int slots_;
  int left_behind_ = 0;  // Threads inside a call whose Finished has been sent.
  bool draining_ = false;
  bool closing_ = false;
  std::unique_ptr<EventOutbox> outbox_;
  std::unique_ptr<CallablePool> pool_;
  Jobs jobs_;
  Deadlines deadlines_;
  boost::asio::steady_timer timer_;
  std::optional<steady_clock::time_point> armed_for_;
  steady_clock::time_point close_by_{};
  std::vector<std::function<void()>> closers_;
  std::shared_ptr<int> alive_ = std::make_shared<int>();  // Timer handlers may outlive us.
};

Status InProcessLauncher::open(EventSink sink) {
  if (outbox_) return make_error(ErrorKind::invalid_argument, "inprocess: open was called twice");
  if (!callable_) {
    return make_error(ErrorKind::invalid_argument, "inprocess: the callable is empty; pass one");
  }
  outbox_ = std::make_unique<EventOutbox>(io_, std::move(sink));
  pool_ = std::make_unique<CallablePool>(
      io_, callable_, slots_,
      [this](std::vector<CallablePool::Notice>& batch) { on_notices(batch); });
  announce_capacity();
  return {};
}

void InProcessLauncher::submit(JobSpec spec) {
  if (!outbox_ || closing_) {
    log::warning("inprocess: job '{}' ignored: the launcher is not open", spec.token);
    return;
  }
  if (jobs_.contains(spec.token)) {
    log::error("inprocess: job '{}' ignored: this token is in flight already", spec.token);
    return;
  }
  if (spec.token.empty()) {
    return refuse({}, JobOutcomeKind::backend_error, "the job has no token");
  }
  if (draining_) return refuse(spec.token, JobOutcomeKind::cancelled, "the launcher is draining");
  if (spec.isolation != Isolation::none) {
    return refuse(spec.token, JobOutcomeKind::backend_error,
                  "a callable in this process cannot be isolated; use isolation=none");
  }
  auto call = std::make_shared<Call>();
  call->spec = std::move(spec);
  const std::string& token = call->spec.token;
  Job job;
  job.call = call;
  jobs_.emplace(token, std::move(job));
  outbox_->push(Accepted{token, JobRef{"inprocess", "1"}});
  pool_->submit(std::move(call));
}

void InProcessLauncher::reattach(Reattach job) {
  if (!outbox_ || closing_ || jobs_.contains(job.spec.token)) return;
  refuse(std::move(job.spec.token), JobOutcomeKind::lost,
         "calls in the process of an earlier runner ended with it");
}

void InProcessLauncher::refuse(std::string token, JobOutcomeKind kind, std::string detail) {
  JobOutcome outcome;
  outcome.kind = kind;
  outcome.detail = std::move(detail);
  outbox_->push(Finished{std::move(token), std::move(outcome), {}});
}

void InProcessLauncher::cancel(std::string_view token) {
  const auto found = jobs_.find(std::string(token));
  if (found != jobs_.end()) stop(found->second, JobOutcomeKind::cancelled);
}

void InProcessLauncher::stop(Job& job, JobOutcomeKind as) {
  if (job.phase == Phase::stopping) return;
  if (job.phase == Phase::waiting && pool_->withdraw(job.call)) {
    JobOutcome outcome;
    outcome.kind = as;
    finish(jobs_.find(job.call->spec.token), std::move(outcome));
    return;
  }
  job.call->stop.request();
  job.phase = Phase::stopping;
  job.stopped_as = as;
  set_deadline(job, steady_clock::now() + job.call->spec.limits.kill_grace);
}

void InProcessLauncher::take_back(std::string_view token) {
  const auto found = jobs_.find(std::string(token));
  if (found == jobs_.end() || found->second.phase != Phase::waiting) return;
  // One that a thread has just taken goes on; its `started` notice is on its way.
  if (!pool_->withdraw(found->second.call)) return;
  JobOutcome outcome;
  outcome.kind = JobOutcomeKind::cancelled;
  outcome.detail = "not started";
  finish(found, std::move(outcome));
}

void InProcessLauncher::drain() {
  draining_ = true;
  std::vector<std::string> waiting;
  for (const auto& [token, job] : jobs_) {
    if (job.phase == Phase::waiting) waiting.push_back(token);
  }
  for (const std::string& token : waiting) take_back(token);
}

void InProcessLauncher::close(milliseconds deadline, std::function<void()> done) {
  if (!outbox_) {
    boost::asio::post(io_, std::move(done));
    return;
  }
  closers_.push_back(std::move(done));
  if (std::exchange(closing_, true)) return;
  drain();
  close_by_ = steady_clock::now() + deadline;
  for (auto& [token, job] : jobs_) {
    stop(job, JobOutcomeKind::cancelled);
    if ((*job.deadline)->first > close_by_) set_deadline(job, close_by_);
  }
  finish_closing_if_idle();
}

void InProcessLauncher::finish_closing_if_idle() {
  if (!closing_ || !jobs_.empty() || closers_.empty()) return;
  timer_.cancel();
  outbox_->close([closers = std::exchange(closers_, {})] {
    for (const auto& done : closers) done();
  });
}

void InProcessLauncher::on_notices(std::vector<CallablePool::Notice>& batch) {
  for (const auto& notice : batch) {
    if (notice.ended) {
      on_ended(notice.call);
    } else {
      on_started(notice.call);
    }
  }
  if (deadlines_.empty() && armed_for_) {
    // An idle launcher must not keep its host's loop running.
    armed_for_.reset();
    timer_.cancel();
  }
  finish_closing_if_idle();
}

void InProcessLauncher::on_started(const std::shared_ptr<Call>& call) {
  const auto found = jobs_.find(call->spec.token);
  if (found == jobs_.end() || found->second.call != call) return;
  outbox_->push(Started{call->spec.token});
  Job& job = found->second;
  if (job.phase != Phase::waiting) return;
  job.phase = Phase::running;
  if (const auto& limit = call->spec.limits.wall_time) set_deadline(job, call->started + *limit);
}

void InProcessLauncher::on_ended(const std::shared_ptr<Call>& call) {
  const auto found = jobs_.find(call->spec.token);
  if (found == jobs_.end() || found->second.call != call) {
    --left_behind_;
    announce_capacity();
    return;
  }
  JobOutcome outcome;
  outcome.kind = JobOutcomeKind::exited;
  outcome.exit_code = call->threw ? 1 : 0;
  outcome.detail = std::move(call->error);
  if (found->second.phase == Phase::stopping) outcome.kind = found->second.stopped_as;
  outcome.wall = call->wall;
  outcome.cpu = call->cpu;
  finish(found, std::move(outcome));
}

void InProcessLauncher::give_up(Job& job) {
  ++left_behind_;
  announce_capacity();
  JobOutcome outcome;
  outcome.kind = job.stopped_as;
  outcome.detail = "the callable did not return; its thread goes on";
  outcome.wall = std::chrono::duration_cast<milliseconds>(steady_clock::now() - job.call->started);
  // The thread still writes to the call: nothing of it but the token may be touched.
  clear_deadline(job);
  const auto found = jobs_.find(job.call->spec.token);
  outbox_->push(Finished{found->first, std::move(outcome), {}});
  jobs_.erase(found);
}

void InProcessLauncher::finish(Jobs::iterator job, JobOutcome outcome) {
  clear_deadline(job->second);
  JobResults results = std::move(job->second.call->results);
  outbox_->push(Finished{job->first, std::move(outcome), std::move(results)});
  jobs_.erase(job);
}

void InProcessLauncher::set_deadline(Job& job, steady_clock::time_point when) {
  clear_deadline(job);
  job.deadline = deadlines_.emplace(when, &job);
  if (!armed_for_ || when < *armed_for_) arm_timer();
}

void InProcessLauncher::clear_deadline(Job& job) {
  // The timer stays armed: it finds nothing due and arms itself again, which is cheaper than
  // setting it anew for each of many short jobs.
  if (job.deadline) deadlines_.erase(*job.deadline);
  job.deadline.reset();
}

void InProcessLauncher::arm_timer() {
  if (deadlines_.empty()) return;
  armed_for_ = deadlines_.begin()->first;
  timer_.expires_at(*armed_for_);
  timer_.async_wait([this, alive = std::weak_ptr<int>(alive_)](const auto& error) {
    if (!error && !alive.expired()) on_timer();
  });
}

void InProcessLauncher::on_timer() {
  armed_for_.reset();
  const auto now = steady_clock::now();
  while (!deadlines_.empty() && deadlines_.begin()->first <= now) {
    on_deadline(*deadlines_.begin()->second);
  }
  arm_timer();
  finish_closing_if_idle();
}

void InProcessLauncher::on_deadline(Job& job) {
  if (job.phase == Phase::stopping) return give_up(job);
  stop(job, JobOutcomeKind::timeout);
}

void InProcessLauncher::announce_capacity() {
  const int free = std::max(0, slots_ - left_behind_);
  std::string reason;
  if (left_behind_ > 0) {
    reason = fmt::format("{} calls are past their end and still running", left_behind_);
  }
  outbox_->push(Capacity{free, std::move(reason)});
}

}  // namespace

std::unique_ptr<Launcher> make_inprocess_launcher(boost::asio::io_context& io,
                                                  InProcessCallable callable, int slots) {
  return std::make_unique<InProcessLauncher>(io, std::move(callable), slots);
}

std::unique_ptr<Launcher> make_inprocess_launcher(
    boost::asio::io_context& io, std::function<JobResults(const JobSpec& spec)> callable,
    int slots) {
  InProcessCallable ignoring_stop;
  if (callable) {
    ignoring_stop = [inner = std::move(callable)](const JobSpec& spec, const StopFlag&) {
      return inner(spec);
    };
  }
  return make_inprocess_launcher(io, std::move(ignoring_stop), slots);
}

Backend inprocess_backend() {
  Backend backend;
  backend.name = "inprocess";
  backend.target_names = {"InProcessJobConfig"};
  backend.summary = "calls a C++ function of the embedding program";
  backend.parse = [](const nlohmann::json& options, const std::string& path) {
    OptionReader reader(options, path);
    EvaluationOptions common = read_common_options(reader);
    reader.finish();
    return common;
  };
  backend.make = [](const nlohmann::json&,
                    const LauncherContext&) -> Result<std::unique_ptr<Launcher>> {
    return make_error(ErrorKind::unsupported,
                      "the inprocess launcher needs a C++ function, which a configuration cannot "
                      "hold; use make_inprocess_launcher from C++, or cluster=local here");
  };
  backend.doctor = [] { return std::vector<DoctorLine>{}; };
  return backend;
}

}  // namespace genesis::launch
