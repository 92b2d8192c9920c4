#include "launch/slurm/works.h"

#include <fmt/format.h>

#include <boost/asio/post.hpp>
#include <utility>

#include "genesis/base/failpoint.h"
#include "genesis/base/files.h"
#include "genesis/base/log.h"
#include "genesis/base/text.h"
#include "launch/slurm/job_files.h"
#include "launch/slurm/job_ref.h"
#include "launch/slurm/slurm_doctor.h"
#include "launch/slurm/slurm_usage.h"
#include "launch/staging.h"

namespace genesis::launch::slurm {

namespace fs = std::filesystem;
namespace asio = boost::asio;

namespace {

using std::chrono::milliseconds;
using Clock = std::chrono::steady_clock;

/// Of one array; the cluster may allow fewer.
constexpr int kMostTasks = 500;

TrackerPolicy policy_of(const SlurmOptions& options, const LauncherContext& context) {
  TrackerPolicy policy;
  policy.most = context.max_parallel_jobs;
  policy.name_prefix = job_name_prefix(context.run_id);
  policy.array_most = options.mode == Mode::array ? kMostTasks : 1;
  policy.arrays_wait = options.mode == Mode::array;
  policy.batch_window = options.batch_window;
  policy.unknown_grace = options.unknown_grace;
  policy.file_wait = options.file_wait;
  policy.poll_interval = options.poll_interval;
  policy.claim_time = options.claim_time;
  return policy;
}

}  // namespace

Works::Works(SlurmOptions options, const LauncherContext& context)
    : io_(*context.io),
      options_(std::move(options)),
      places_{fs::absolute(context.run_dir).lexically_normal() / ".genesis" / "slurm"},
      prefix_(job_name_prefix(context.run_id)),
      tracker_(policy_of(options_, context), Clock::now()),
      client_(io_, command_environment(own_environment(), options_.env_passthrough),
              options_.command_timeout),
      timer_(io_),
      files_timer_(io_),
      site_timer_(io_),
      opened_(Clock::now()) {}

Status Works::open(EventSink sink) {
  GENESIS_TRY(check_site());
  if (!options_.batch_template.empty()) {
    GENESIS_TRY_ASSIGN(shape_, read_file(options_.batch_template, 1u << 20));
  }
  GENESIS_TRY(batch_script(JobSpec(), options_, places_, shape_));
  GENESIS_TRY(make_directories(places_.events()));
  GENESIS_TRY(make_directories(places_.arrays()));
  GENESIS_TRY(write_file_atomic(places_.job_script(), kRunJobScript));
  outbox_.emplace(io_, std::move(sink));
  find_arrays();
  if (options_.mode == Mode::array) ask_site();
  if (options_.probe) {
    probe_ = std::make_shared<ProbeRun>(io_, client_, options_, places_.folder, prefix_ + "probe");
    probe_->begin([weak = weak_from_this()](const ProbeVerdict& verdict) {
      if (const auto self = weak.lock()) self->probe_ended(verdict);
    });
  }
  pump();
  return {};
}

void Works::submit(JobSpec spec) {
  const std::string mark = attempt_mark(spec.token);
  if (jobs_.count(mark) != 0) {
    log::warning("slurm: a second job with the token '{}' was refused", spec.token);
    return;
  }
  if (draining_) {
    return finish_unstarted(std::move(spec), JobOutcomeKind::cancelled, "the launcher is closing");
  }
  if (!given_up_.empty()) {
    return finish_unstarted(std::move(spec), JobOutcomeKind::backend_error, given_up_);
  }
  if (spec.isolation != Isolation::none) {
    return finish_unstarted(std::move(spec), JobOutcomeKind::backend_error,
                            "isolation is not for jobs of SLURM");
  }
  if (spec.work_dir.empty()) {
    return finish_unstarted(std::move(spec), JobOutcomeKind::backend_error,
                            "a job of SLURM needs a folder that the nodes share");
  }
  spec.work_dir = fs::absolute(spec.work_dir).lexically_normal();
  const std::string kind = resources_of(spec);
  jobs_.emplace(mark, Job{std::move(spec)});
  tracker_.add(mark, kind, Clock::now());
  pump();
}

void Works::reattach(Reattach job) {
  const std::string mark = attempt_mark(job.spec.token);
  if (jobs_.count(mark) != 0) return;
  std::optional<std::string> id;
  if (job.ref) {
    const auto ref = job.ref->backend == "slurm" ? parse_ref(job.ref->text) : std::nullopt;
    if (!ref || mark_of(ref->name, prefix_).empty()) {
      return finish_unstarted(std::move(job.spec), JobOutcomeKind::lost,
                              "its reference cannot be read");
    }
    id = ref->job;
    a_node_wrote_ = true;  // An earlier runner's business, then.
  }
  job.spec.work_dir = fs::absolute(job.spec.work_dir).lexically_normal();
  jobs_.emplace(mark, Job{std::move(job.spec)});
  tracker_.add_earlier(mark, std::move(id), Clock::now());
  look_at_files(mark);
  pump();
}

void Works::cancel(const std::string& token) {
  tracker_.cancel(attempt_mark(token), JobOutcomeKind::cancelled, Clock::now());
  pump();
}

void Works::take_back(const std::string& token) {
  const std::string mark = attempt_mark(token);
  if (!tracker_.is_waiting(mark)) return;
  tracker_.forget(mark);
  JobOutcome outcome;
  outcome.kind = JobOutcomeKind::cancelled;
  outcome.detail = "not started";
  finish(mark, std::move(outcome));
}

void Works::drain() {
  draining_ = true;
  std::vector<std::string> tokens;
  for (const auto& [mark, job] : jobs_) tokens.push_back(job.spec.token);
  for (const std::string& token : tokens) take_back(token);
}

void Works::close(milliseconds deadline, std::function<void()> done) {
  if (!outbox_) return asio::post(io_, std::move(done)), void();  // It was never open.
  on_closed_ = std::move(done);
  drain();
  for (const auto& [mark, job] : jobs_) {
    tracker_.cancel(mark, JobOutcomeKind::cancelled, Clock::now());
  }
  if (probe_) {
    probe_ends_ = true;
    std::exchange(probe_, nullptr)->end([weak = weak_from_this()] {
      const auto self = weak.lock();
      if (!self || !self->outbox_) return;
      self->probe_ends_ = false;
      self->close_when_idle();
    });
  }
  // Should the controller not answer: a later runner of this run finds what is left.
  close_timer_.emplace(io_, deadline);
  close_timer_->async_wait([weak = weak_from_this()](const boost::system::error_code& stopped) {
    const auto self = weak.lock();
    if (stopped || !self) return;
    self->probe_ends_ = false;
    std::vector<std::string> left;
    for (const auto& [mark, job] : self->jobs_) left.push_back(mark);
    for (const std::string& mark : left) {
      JobOutcome outcome;
      outcome.kind = JobOutcomeKind::cancelled;
      outcome.detail = "SLURM has not confirmed its end";
      self->finish(mark, std::move(outcome));
    }
    self->close_when_idle();
  });
  pump();
  close_when_idle();
}

/// Nobody called close(): no event follows. Jobs go on; a later runner finds them.
void Works::abandon() {
  probe_.reset();
  outbox_.reset();
  on_closed_ = nullptr;
  client_.close();
  timer_.cancel();
  files_timer_.cancel();
  site_timer_.cancel();
  close_timer_.reset();
  jobs_.clear();
}

/// Posted, so that calls never lead to actions inside them.
void Works::pump() {
  if (std::exchange(pump_scheduled_, true)) return;
  asio::post(io_, [weak = weak_from_this()] {
    const auto self = weak.lock();
    if (!self) return;
    self->pump_scheduled_ = false;
    if (!self->outbox_ || self->closed_) return;
    auto actions = self->tracker_.decide(Clock::now());
    for (TrackerAction& action : actions) self->perform(action);
    if (!actions.empty()) return self->pump();
    const auto next = self->tracker_.next_look(Clock::now());
    if (!next) return self->timer_.cancel(), void();
    self->timer_.expires_at(*next);
    self->timer_.async_wait([weak](const boost::system::error_code& stopped) {
      if (const auto woken = weak.lock(); woken && !stopped) woken->pump();
    });
  });
}

void Works::perform(TrackerAction& action) {
  if (const auto* submit = std::get_if<SubmitJob>(&action)) {
    begin(submit->mark);
  } else if (const auto* array = std::get_if<SubmitArray>(&action)) {
    begin_array(*array);
  } else if (const auto* forgotten = std::get_if<ForgetArray>(&action)) {
    std::error_code ignored;
    fs::remove(places_.arrays() / (forgotten->group + ".marks"), ignored);
  } else if (std::holds_alternative<AskQueue>(action)) {
    ask_queue();
  } else if (const auto* ask = std::get_if<AskJob>(&action)) {
    ask_scontrol(ask->mark, ask->id);
  } else if (const auto* look = std::get_if<LookAtFiles>(&action)) {
    look_at_files(look->mark);
  } else if (auto* cancels = std::get_if<CancelJobs>(&action)) {
    cancel_jobs(std::move(cancels->ids));
  } else if (const auto* accepted = std::get_if<TellAccepted>(&action)) {
    SlurmJobRef ref;
    ref.name = prefix_ + accepted->group;
    ref.job = accepted->id;
    outbox_->push(Accepted{jobs_.at(accepted->mark).spec.token, JobRef{"slurm", to_text(ref)}});
    look_soon();
  } else if (const auto* started = std::get_if<TellStarted>(&action)) {
    outbox_->push(Started{jobs_.at(started->mark).spec.token});
  } else if (const auto* end = std::get_if<TellEnd>(&action)) {
    tell_end(*end);
  } else if (const auto* capacity = std::get_if<TellCapacity>(&action)) {
    outbox_->push(Capacity{capacity->slots, capacity->reason});
  }
}

void Works::tell_end(const TellEnd& end) {
  const JobSpec& spec = jobs_.at(end.mark).spec;
  JobOutcome outcome = outcome_of(end.facts, spec.limits);
  if (!end.failure.empty()) outcome.detail = end.failure;
  if (!end.lost.empty()) outcome.detail = end.lost;
  if (auto used = usage_of(prefix_ + end.mark, spec, end.facts, options_)) {
    outbox_->push(std::move(*used));
  }
  failpoint("slurm.before_finished");
  finish(end.mark, std::move(outcome));
}

void Works::finish(const std::string& mark, JobOutcome outcome) {
  const auto found = jobs_.find(mark);
  if (found == jobs_.end() || !outbox_) return;
  const JobSpec spec = std::move(found->second.spec);
  jobs_.erase(found);
  std::error_code ignored;
  for (const char* what : {".began", ".ended"})
    fs::remove(places_.events() / (mark + what), ignored);
  JobResults results;
  results.folder = spec.work_dir / kResultsFolder;
  outbox_->push(Finished{spec.token, std::move(outcome), std::move(results)});
  close_when_idle();
}

void Works::finish_unstarted(JobSpec spec, JobOutcomeKind kind, std::string detail) {
  JobOutcome outcome;
  outcome.kind = kind;
  outcome.detail = std::move(detail);
  JobResults results;
  if (!spec.work_dir.empty()) results.folder = spec.work_dir / kResultsFolder;
  outbox_->push(Finished{spec.token, std::move(outcome), std::move(results)});
}

void Works::close_when_idle() {
  if (!on_closed_ || !jobs_.empty() || probe_ends_) return;
  closed_ = true;
  close_timer_.reset();
  timer_.cancel();
  files_timer_.cancel();
  site_timer_.cancel();
  client_.close();
  outbox_->close(std::exchange(on_closed_, nullptr));
}

}  // namespace genesis::launch::slurm
