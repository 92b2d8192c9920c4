#include "launch/e2b/e2b_launcher.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <map>
#include <set>
#include <utility>

#include "genesis/base/failpoint.h"
#include "genesis/base/files.h"
#include "genesis/base/log.h"
#include "genesis/base/text.h"
#include "launch/e2b/bundle.h"
#include "launch/e2b/e2b_outcome.h"
#include "launch/e2b/sandbox_job.h"
#include "launch/e2b/sandbox_pool.h"
#include "launch/e2b/stoppable.h"
#include "launch/event_outbox.h"

namespace genesis::launch {

namespace asio = boost::asio;

namespace e2b {

namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using Clock = std::chrono::steady_clock;
using JobPtr = std::shared_ptr<SandboxJob>;
using Stage = SandboxJob::Stage;

constexpr std::string_view kRunKey = "genesis_run";
/// Beyond a job's own limit and grace: what the wrapper's end and the network may take.
constexpr seconds kPatience{60};
constexpr int kMostSandboxesLost = 3;

JobOutcome plain_outcome(JobOutcomeKind kind, std::string detail) {
  JobOutcome outcome;
  outcome.kind = kind;
  outcome.detail = std::move(detail);
  return outcome;
}

/// When we had to end the sandbox itself.
std::string detail_of(const SandboxJob& job) {
  if (job.ended_as != JobOutcomeKind::timeout || !job.spec.limits.wall_time) return {};
  return fmt::format("Sandbox timeout: the limit is {}, and its sandbox did not end it",
                     format_duration(*job.spec.limits.wall_time));
}

NewSandbox kind_of(const E2BOptions& options, const LauncherContext& context) {
  NewSandbox kind;
  kind.sandbox_template = options.sandbox_template;
  Limits limits;
  limits.wall_time = options.job_time;
  kind.lifetime = SandboxSession::lifetime_for(options, limits, true);
  kind.metadata = options.metadata;
  kind.metadata[std::string(kRunKey)] = context.run_id;
  kind.secure = options.secure;
  kind.allow_internet_access = options.allow_internet_access;
  return kind;
}

PoolPolicy policy_of(const E2BOptions& options, const LauncherContext& context) {
  PoolPolicy policy;
  policy.reuse = options.reuse;
  policy.most = context.max_parallel_jobs;
  policy.warm = options.warm_sandboxes;
  policy.recycle_after = options.recycle_after;
  policy.creates_per_second = options.creates_per_second;
  return policy;
}

}  // namespace

/// What the launcher is; it lives on while a coroutine of it does.
class Works : public std::enable_shared_from_this<Works> {
 public:
  Works(E2BOptions options, const LauncherContext& context, std::shared_ptr<Provider> provider,
        std::string notice)
      : io_(*context.io),
        options_(std::move(options)),
        run_id_(context.run_id),
        state_dir_(context.run_dir / ".genesis"),
        provider_(std::move(provider)),
        notice_(std::move(notice)),
        policy_(policy_of(options_, context)),
        kind_(kind_of(options_, context)),
        claim_timer_(io_) {}

  void open(EventSink sink);
  void submit(JobSpec spec);
  void reattach(Reattach job);
  void cancel(const std::string& token);
  void take_back(const std::string& token);
  void drain();
  void close(milliseconds deadline, std::function<void()> done);
  void abandon();

 private:
  void lease_given(const std::string& token, int slot);
  void lease_refused(const std::string& token, const Failure& failure);
  Awaitable<void> run(JobPtr job);
  Awaitable<void> find(JobPtr job);
  Awaitable<void> conclude(JobPtr job, Outcome<WrapperAnswer> end);
  Awaitable<void> send_term(JobPtr job);
  Awaitable<void> look_for_strays();
  Outcome<Bundle> bundle_for(const JobSpec& spec);
  void spawn(const JobPtr& job, Awaitable<void> steps);
  void begun(const JobPtr& job, std::int64_t pid);
  void arm_patience(const JobPtr& job);
  void keep_alive(const JobPtr& job);
  void end_job(const JobPtr& job, JobOutcomeKind why);
  void steps_over(const JobPtr& job, std::exception_ptr thrown);
  void finish(const JobPtr& job);
  void finish_unstarted(const JobPtr& job, JobOutcomeKind kind, std::string detail);
  void close_when_idle();
  JobPtr find_job(const std::string& token) const;

  asio::io_context& io_;
  E2BOptions options_;
  std::string run_id_;
  fs::path state_dir_;
  std::shared_ptr<Provider> provider_;
  std::string notice_;
  PoolPolicy policy_;
  NewSandbox kind_;
  std::shared_ptr<SandboxPool> pool_;
  std::optional<EventOutbox> outbox_;
  std::map<std::string, JobPtr, std::less<>> jobs_;
  std::map<std::shared_ptr<const SharedFiles>, Bundle> bundles_;  ///< Of each planner one.
  asio::steady_timer claim_timer_;
  std::set<std::string> claimed_;  ///< Sandboxes of an earlier runner that jobs were looked for in.
  std::shared_ptr<asio::steady_timer> deadline_timer_;
  std::function<void()> on_closed_;
  bool draining_ = false;
  bool closing_ = false;
};

void Works::open(EventSink sink) {
  outbox_.emplace(io_, std::move(sink));
  SandboxPool::Host host;
  // The pool may outlive us by what it has begun: abandon() and close() take these away.
  host.on_lease = [this](const std::string& token, int slot) { lease_given(token, slot); };
  host.on_refusal = [this](const std::string& token, const Failure& failure) {
    lease_refused(token, failure);
  };
  host.on_capacity = [this](int slots, const std::string& reason) {
    const std::string said = reason.empty() ? std::exchange(notice_, "") : reason;
    if (outbox_) outbox_->push(Capacity{slots, said});
  };
  host.on_idle = [weak = weak_from_this()] {
    if (const auto self = weak.lock()) {
      self->pool_.reset();
      self->close_when_idle();
    }
  };
  pool_ = std::make_shared<SandboxPool>(io_, provider_, policy_, kind_, std::move(host));
  pool_->open();
  asio::co_spawn(
      io_, [self = shared_from_this()] { return self->look_for_strays(); }, asio::detached);
}

void Works::submit(JobSpec spec) {
  const std::string token = spec.token;
  const auto job = std::make_shared<SandboxJob>(std::move(spec));
  if (!jobs_.emplace(token, job).second) {
    log::warning("e2b: a second job with the token '{}' was refused", token);
    return;
  }
  if (draining_ || !pool_) {
    return finish_unstarted(job, JobOutcomeKind::cancelled, "the launcher is closing");
  }
  if (job->spec.isolation != Isolation::none) {
    return finish_unstarted(job, JobOutcomeKind::backend_error,
                            "isolation beyond the sandbox's own is not part of this version");
  }
  pool_->want(token);
}

void Works::reattach(Reattach job) {
  const std::string token = job.spec.token;
  const auto entry = std::make_shared<SandboxJob>(std::move(job.spec));
  if (!jobs_.emplace(token, entry).second) return;
  if (!job.ref) return finish_unstarted(entry, JobOutcomeKind::lost, "it was never accepted");
  if (job.ref->backend == "e2b") entry->ref = parse_ref(job.ref->text);
  if (!entry->ref || !pool_) {
    return finish_unstarted(entry, JobOutcomeKind::lost, "its reference cannot be read");
  }
  entry->stage = Stage::preparing;
  claimed_.insert(entry->ref->sandbox);
  spawn(entry, find(entry));
}

void Works::cancel(const std::string& token) {
  if (const JobPtr job = find_job(token)) end_job(job, JobOutcomeKind::cancelled);
}

void Works::take_back(const std::string& token) {
  const JobPtr job = find_job(token);
  if (!job || job->stage != Stage::waiting || !pool_ || !pool_->forget(token)) return;
  finish_unstarted(job, JobOutcomeKind::cancelled, "not started");
}

void Works::drain() {
  draining_ = true;
  const auto jobs = jobs_;
  for (const auto& [token, job] : jobs) take_back(token);
}

void Works::close(milliseconds deadline, std::function<void()> done) {
  on_closed_ = std::move(done);
  closing_ = true;
  drain();
  const auto jobs = jobs_;
  for (const auto& [token, job] : jobs) end_job(job, JobOutcomeKind::cancelled);
  claim_timer_.cancel();
  if (pool_) pool_->close();
  // Should the provider not answer: what is left ends by its lifetime.
  const auto timer = std::make_shared<asio::steady_timer>(io_, deadline);
  timer->async_wait([weak = weak_from_this(), timer](const boost::system::error_code&) {
    const auto self = weak.lock();
    if (!self || !self->on_closed_) return;
    const auto left = self->jobs_;
    for (const auto& [token, job] : left) {
      if (!job->has_results) job->outcome = plain_outcome(JobOutcomeKind::cancelled, "closing");
      self->finish(job);
    }
    if (self->pool_) self->pool_->abandon();
    self->pool_.reset();
    self->close_when_idle();
  });
  deadline_timer_ = timer;
  close_when_idle();
}

/// Nobody called close(): no event follows, and what waits ends.
void Works::abandon() {
  outbox_.reset();
  on_closed_ = nullptr;
  draining_ = closing_ = true;
  claim_timer_.cancel();
  for (const auto& [token, job] : jobs_) job->patience.reset();
  if (pool_) pool_->abandon();
  const auto jobs = std::exchange(jobs_, {});
  for (const auto& [token, job] : jobs) job->stop.emit(asio::cancellation_type::terminal);
}

JobPtr Works::find_job(const std::string& token) const {
  const auto found = jobs_.find(token);
  return found == jobs_.end() ? nullptr : found->second;
}

void Works::lease_given(const std::string& token, int slot) {
  const JobPtr job = find_job(token);
  if (!job) return pool_->give_back(slot, true, [](bool) {});
  job->slot = slot;
  job->stage = Stage::preparing;
  spawn(job, run(job));
}

void Works::lease_refused(const std::string& token, const Failure& failure) {
  const JobPtr job = find_job(token);
  if (job) finish_unstarted(job, JobOutcomeKind::backend_error, failure.message);
}

/// Packed once: jobs of one planner share the same files.
Outcome<Bundle> Works::bundle_for(const JobSpec& spec) {
  if (const auto known = bundles_.find(spec.shared); known != bundles_.end()) return known->second;
  auto made = make_bundle(spec.shared.get(), options_.additional_files, state_dir_);
  if (!made) return fail(FailureKind::local_io, made.error().message);
  return bundles_.emplace(spec.shared, std::move(*made)).first->second;
}

/// One job: its sandbox is prepared, the command runs, its end is waited for, the results are
/// fetched.
Awaitable<void> Works::run(JobPtr job) {
  if (!outbox_) co_return;  // abandoned before this began
  PooledSandbox& sandbox = pool_->at(*job->slot);
  SandboxJobRef ref;
  ref.sandbox = sandbox.handle.id;
  outbox_->push(Accepted{job->spec.token, JobRef{"e2b", to_text(ref)}});
  Outcome<Bundle> bundle = bundle_for(job->spec);
  if (!bundle) {
    job->outcome = outcome_of(bundle.error(), false);
    job->sandbox_is_good = true;
    co_return;
  }
  job->session = std::make_unique<SandboxSession>(io_, *provider_, options_, job->spec,
                                                  sandbox.handle, bundle->hash);
  const Outcome<void> prepared = co_await job->session->prepare(&sandbox, std::move(*bundle));
  if (!prepared) {
    job->outcome = outcome_of(prepared.error(), false);
    co_return;
  }
  const Outcome<std::int64_t> pid = co_await job->session->start();
  if (!pid) {
    job->outcome = outcome_of(pid.error(), false);
    co_return;
  }
  begun(job, *pid);
  Outcome<WrapperAnswer> end = co_await job->session->follow();
  co_await conclude(job, std::move(end));
}

/// A job of an earlier runner.
Awaitable<void> Works::find(JobPtr job) {
  const seconds lifetime = SandboxSession::lifetime_for(options_, job->spec.limits, false);
  const Outcome<SandboxHandle> sandbox = co_await provider_->connect(job->ref->sandbox, lifetime);
  if (!sandbox) {
    job->outcome = outcome_of(sandbox.error(), true);
    co_return;
  }
  if (!pool_) co_return;
  job->slot = pool_->adopt(*sandbox);
  job->session =
      std::make_unique<SandboxSession>(io_, *provider_, options_, job->spec, *sandbox, "");
  job->stage = Stage::running;
  job->started = Clock::now();
  arm_patience(job);
  Outcome<WrapperAnswer> end = co_await job->session->find_again(job->ref->pid);
  co_await conclude(job, std::move(end));
}

Awaitable<void> Works::conclude(JobPtr job, Outcome<WrapperAnswer> end) {
  job->patience.reset();
  if (!end) {
    job->outcome = outcome_of(end.error(), true);
    co_return;
  }
  job->stage = Stage::collecting;
  failpoint("e2b.before_collect");
  job->outcome = outcome_of(end->record, job->spec.limits, job->ended_as);
  const bool clean = end->record.left == 0 && end->record.strangers == 0;
  const bool failed = end->record.code != 0;
  const auto errors = end->files.find("job_log.err");
  const std::string hint =
      failed && errors != end->files.end() ? missing_module_hint(errors->second) : "";
  const Outcome<std::string> note =
      co_await job->session->collect(std::move(*end), job->spec.work_dir / "results");
  if (!note) {
    // How it went is known, what it found is not: the attempt is lost, not the candidate's fault.
    job->outcome = outcome_of(note.error(), true);
    co_return;
  }
  if (!hint.empty() && job->outcome.detail.empty()) job->outcome.detail = hint;
  if (!note->empty() && job->outcome.detail.empty()) job->outcome.detail = *note;
  job->has_results = true;
  job->sandbox_is_good = clean;
  failpoint("e2b.before_finished");
}

void Works::spawn(const JobPtr& job, Awaitable<void> steps) {
  const auto over = [self = shared_from_this(), job](const std::exception_ptr& thrown) {
    self->steps_over(job, thrown);
  };
  asio::co_spawn(io_, std::move(steps), stoppable_by(job->stop, over));
}

void Works::begun(const JobPtr& job, std::int64_t pid) {
  job->stage = Stage::running;
  job->started = Clock::now();
  SandboxJobRef ref;
  ref.sandbox = pool_ ? pool_->at(*job->slot).handle.id : "";
  ref.pid = pid;
  if (outbox_) {
    outbox_->push(Accepted{job->spec.token, JobRef{"e2b", to_text(ref)}});
    outbox_->push(Started{job->spec.token});
  }
  arm_patience(job);
}

/// While a job without a limit runs, its sandbox lives on.
void Works::keep_alive(const JobPtr& job) {
  job->patience.emplace(io_, options_.life_ahead / 4);
  job->patience->async_wait([weak = weak_from_this(), weak_job = std::weak_ptr<SandboxJob>(job)](
                                const boost::system::error_code& failure) {
    const auto self = weak.lock();
    const JobPtr running = weak_job.lock();
    if (failure || !self || !self->pool_ || !running || running->stage != Stage::running) return;
    const seconds lifetime =
        SandboxSession::lifetime_for(self->options_, running->spec.limits, false);
    asio::co_spawn(
        self->io_,
        self->provider_->set_lifetime(self->pool_->at(*running->slot).handle.id, lifetime),
        [self](std::exception_ptr, const Outcome<void>& extended) {
          if (!extended) log::warning("e2b: {}", extended.error().message);
        });
    self->keep_alive(running);
  });
}

/// The sandbox ends the command at its limit. Should it not, we end the sandbox.
void Works::arm_patience(const JobPtr& job) {
  if (!job->spec.limits.wall_time) return keep_alive(job);
  job->patience.emplace(io_, *job->spec.limits.wall_time + job->spec.limits.kill_grace + kPatience);
  job->patience->async_wait(
      [weak = std::weak_ptr<SandboxJob>(job)](const boost::system::error_code& failure) {
        const JobPtr late = weak.lock();
        if (failure || !late || late->stage != Stage::running) return;
        if (!late->ended_as) late->ended_as = JobOutcomeKind::timeout;
        late->stop.emit(asio::cancellation_type::terminal);
      });
}

void Works::end_job(const JobPtr& job, JobOutcomeKind why) {
  switch (job->stage) {
    case Stage::waiting:
      if (pool_) pool_->forget(job->spec.token);
      return finish_unstarted(job, why, "not started");
    case Stage::preparing:
      if (!job->ended_as) job->ended_as = why;
      return job->stop.emit(asio::cancellation_type::terminal);
    case Stage::running:
      if (std::exchange(job->ended_as, why)) return;
      // A sandbox that is used again ends its job in order; any other goes with it.
      if (options_.reuse == SandboxReuse::per_job || closing_) {
        return job->stop.emit(asio::cancellation_type::terminal);
      }
      asio::co_spawn(
          io_, [self = shared_from_this(), job] { return self->send_term(job); }, asio::detached);
      return;
    case Stage::ending:
      // Perhaps it is about to begin again elsewhere.
      if (!job->ended_as && !job->has_results) job->ended_as = why;
      return;
    case Stage::collecting:
      return;  // It has ended already.
  }
}

Awaitable<void> Works::send_term(JobPtr job) {
  job->patience.emplace(io_, job->spec.limits.kill_grace + seconds{10});
  job->patience->async_wait(
      [weak = std::weak_ptr<SandboxJob>(job)](const boost::system::error_code& failure) {
        const JobPtr late = weak.lock();
        if (!failure && late && late->stage == Stage::running) {
          late->stop.emit(asio::cancellation_type::terminal);
        }
      });
  const SandboxHandle sandbox = pool_->at(*job->slot).handle;
  const std::int64_t pid = job->session->pid();
  const Outcome<bool> sent = co_await provider_->signal(sandbox, pid, false);
  if (!sent && job->stage == Stage::running) job->stop.emit(asio::cancellation_type::terminal);
}

/// The coroutine of a job is over, whichever way.
void Works::steps_over(const JobPtr& job, std::exception_ptr thrown) {
  if (!find_job(job->spec.token)) return;  // abandoned
  const bool was_running = job->stage == Stage::running || job->stage == Stage::collecting;
  if (thrown) {
    try {
      std::rethrow_exception(thrown);
    } catch (const std::exception& error) {
      job->outcome = plain_outcome(JobOutcomeKind::lost, error.what());
    }
  }
  if (job->ended_as && !job->has_results) {
    job->outcome = plain_outcome(*job->ended_as, detail_of(*job));
    if (was_running) {
      job->outcome.wall = std::chrono::duration_cast<milliseconds>(Clock::now() - job->started);
    }
  }
  job->patience.reset();
  // A sandbox that went away before the command began cost the job nothing: another one.
  const bool never_began =
      !was_running && !job->ref && !job->ended_as && job->outcome.kind == JobOutcomeKind::lost;
  const bool again = never_began && !draining_ && ++job->sandboxes_lost < kMostSandboxesLost;
  job->stage = Stage::ending;
  if (!job->slot || !pool_) return finish(job);
  const int slot = *std::exchange(job->slot, std::nullopt);
  pool_->give_back(
      slot, job->sandbox_is_good, [self = shared_from_this(), job, again, was_running](bool gone) {
        if (again && job->ended_as) {
          job->outcome = plain_outcome(*job->ended_as, "not started");
        } else if (again && !self->draining_ && self->pool_) {
          job->stage = Stage::waiting;
          job->outcome = JobOutcome();
          return self->pool_->want(job->spec.token);
        }
        if (!gone && was_running && !job->has_results) {
          job->outcome.detail += " (its sandbox could not be ended; its lifetime will)";
        }
        self->finish(job);
      });
  // Results are there: nobody waits for the end of a sandbox.
  if (job->has_results) finish(job);
}

void Works::finish_unstarted(const JobPtr& job, JobOutcomeKind kind, std::string detail) {
  job->outcome = plain_outcome(kind, std::move(detail));
  finish(job);
}

void Works::finish(const JobPtr& job) {
  if (jobs_.erase(job->spec.token) == 0) return;
  job->session.reset();
  JobResults results;
  if (!job->spec.work_dir.empty()) results.folder = job->spec.work_dir / "results";
  if (outbox_) {
    outbox_->push(Finished{job->spec.token, std::move(job->outcome), std::move(results)});
  }
  close_when_idle();
}

void Works::close_when_idle() {
  if (!on_closed_ || !jobs_.empty() || pool_) return;
  if (deadline_timer_) deadline_timer_->cancel();
  std::error_code ignored;
  for (const auto& [shared, bundle] : bundles_) fs::remove(bundle.path, ignored);
  outbox_->close(std::exchange(on_closed_, nullptr));
}

/// What an earlier runner of this run left: its jobs are asked for soon, or never.
Awaitable<void> Works::look_for_strays() {
  std::map<std::string, std::string> mine;
  mine.emplace(kRunKey, run_id_);
  const Outcome<std::vector<SandboxInfo>> found = co_await provider_->list(mine);
  if (!found || found->empty() || closing_) co_return;
  std::vector<std::string> ids;
  for (const SandboxInfo& info : *found) ids.push_back(info.id);
  claim_timer_.expires_after(options_.claim_time);
  boost::system::error_code stopped;
  co_await claim_timer_.async_wait(asio::redirect_error(asio::use_awaitable, stopped));
  if (!pool_) co_return;
  for (const std::string& id : ids) {
    if (!claimed_.count(id) && !pool_->owns(id)) pool_->end_stray(id);
  }
}

}  // namespace e2b

namespace {

class E2BLauncher final : public Launcher {
 public:
  explicit E2BLauncher(std::shared_ptr<e2b::Works> works) : works_(std::move(works)) {}
  ~E2BLauncher() override { works_->abandon(); }
  E2BLauncher(const E2BLauncher&) = delete;
  E2BLauncher& operator=(const E2BLauncher&) = delete;

  std::string_view name() const override { return "e2b"; }
  Capabilities capabilities() const override {
    Capabilities capabilities;
    capabilities.survives_runner = true;
    capabilities.effects_outside_machine = true;
    return capabilities;
  }
  Status open(EventSink sink) override {
    works_->open(std::move(sink));
    return {};
  }
  void submit(JobSpec spec) override { works_->submit(std::move(spec)); }
  void reattach(Reattach job) override { works_->reattach(std::move(job)); }
  void cancel(std::string_view token) override { works_->cancel(std::string(token)); }
  void take_back(std::string_view token) override { works_->take_back(std::string(token)); }
  void drain() override { works_->drain(); }
  void close(std::chrono::milliseconds deadline, std::function<void()> done) override {
    works_->close(deadline, std::move(done));
  }

 private:
  std::shared_ptr<e2b::Works> works_;
};

}  // namespace

std::unique_ptr<Launcher> make_e2b_launcher(e2b::E2BOptions options, const LauncherContext& context,
                                            std::shared_ptr<e2b::Provider> provider,
                                            std::string notice) {
  return std::make_unique<E2BLauncher>(std::make_shared<e2b::Works>(
      std::move(options), context, std::move(provider), std::move(notice)));
}

}  // namespace genesis::launch
