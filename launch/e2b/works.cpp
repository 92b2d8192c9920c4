#include "launch/e2b/works.h"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <utility>

#include "genesis/base/files.h"
#include "genesis/base/log.h"
#include "launch/e2b/e2b_outcome.h"

namespace genesis::launch::e2b {

namespace asio = boost::asio;

namespace {

using std::chrono::milliseconds;
using Stage = SandboxJob::Stage;

constexpr std::string_view kRunKey = "genesis_run";

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

Works::Works(E2BOptions options, const LauncherContext& context, std::shared_ptr<Provider> provider,
             std::string notice)
    : io_(*context.io),
      options_(std::move(options)),
      run_id_(context.run_id),
      state_dir_(context.run_dir / ".genesis"),
      provider_(std::move(provider)),
      notice_(std::move(notice)),
      policy_(policy_of(options_, context)),
      kind_(kind_of(options_, context)),
      snapshot_(options_),
      meter_(options_.price_list, options_.usage_every),
      usage_timer_(io_),
      claim_timer_(io_),
      hurry_timer_(io_) {}

Status Works::open(EventSink sink) {
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
  host.on_made = [this](const std::string& id) { sandbox_made(id); };
  host.on_gone = [this](const std::string& id, bool ended, SandboxPool::Time ends_at) {
    sandbox_gone(id, ended, ends_at);
  };
  host.on_start_lost = [this] { snapshot_lost(); };
  host.on_idle = [weak = weak_from_this()] {
    if (const auto self = weak.lock()) {
      self->pool_.reset();
      self->close_when_idle();
    }
  };
  pool_ = std::make_shared<SandboxPool>(io_, provider_, policy_, kind_, std::move(host));
  take_up_snapshot();
  pool_->open();
  arm_usage_timer();
  asio::co_spawn(
      io_, [self = shared_from_this()] { return self->look_for_strays(); }, asio::detached);
  return {};
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
  usage_timer_.cancel();
  if (pool_) pool_->close();
  hurry_after(deadline / 3);
  // Should the provider not answer: what is left ends by its lifetime.
  const auto timer = std::make_shared<asio::steady_timer>(io_, deadline);
  timer->async_wait([weak = weak_from_this(), timer](const boost::system::error_code&) {
    const auto self = weak.lock();
    if (!self || !self->on_closed_) return;
    const auto left = self->jobs_;
    for (const auto& [token, job] : left) {
      if (!job->has_results) job->outcome = plain_outcome(JobOutcomeKind::cancelled, "closing");
      self->finish(job);
      // Its coroutine may still wait for an answer: it ends without a word, and its sandbox too.
      job->stop.emit(asio::cancellation_type::terminal);
      if (job->slot && self->pool_) {
        self->pool_->give_back(*std::exchange(job->slot, std::nullopt), false, [](bool) {});
      }
    }
    if (self->pool_) self->pool_->abandon();
    self->pool_.reset();
    // Nor does it wait for the provider to forget a snapshot.
    self->options_.keep_snapshots = true;
    self->deleting_ = false;
    self->close_when_idle();
  });
  deadline_timer_ = timer;
  close_when_idle();
}

/// A call that hangs must not take all the time that others need to end what it was about.
void Works::hurry_after(milliseconds time) {
  hurry_timer_.expires_after(time);
  hurry_timer_.async_wait(
      [weak = weak_from_this(), time](const boost::system::error_code& stopped) {
        const auto self = weak.lock();
        if (!self || stopped || !self->pool_) return;
        self->pool_->hurry();
        self->hurry_after(time);
      });
}

/// Nobody called close(): no event follows, and what waits ends.
void Works::abandon() {
  outbox_.reset();
  on_closed_ = nullptr;
  draining_ = closing_ = true;
  claim_timer_.cancel();
  usage_timer_.cancel();
  hurry_timer_.cancel();
  for (const auto& [token, job] : jobs_) job->patience.reset();
  if (pool_) pool_->abandon();
  const auto jobs = std::exchange(jobs_, {});
  for (const auto& [token, job] : jobs) job->stop.emit(asio::cancellation_type::terminal);
}

Works::JobPtr Works::find_job(const std::string& token) const {
  const auto found = jobs_.find(token);
  return found == jobs_.end() ? nullptr : found->second;
}

void Works::lease_given(const std::string& token, int slot) {
  const JobPtr job = find_job(token);
  if (!job) return pool_->give_back(slot, true, [](bool) {});
  job->slot = slot;
  job->sandbox = pool_->at(slot);
  job->stage = Stage::preparing;
  spawn(job, run(job));
}

void Works::lease_refused(const std::string& token, const Failure& failure) {
  const JobPtr job = find_job(token);
  if (job) finish_unstarted(job, JobOutcomeKind::backend_error, failure.message);
}

void Works::finish_unstarted(const JobPtr& job, JobOutcomeKind kind, std::string detail) {
  job->outcome = plain_outcome(kind, std::move(detail));
  finish(job);
}

void Works::finish(const JobPtr& job) {
  if (jobs_.erase(job->spec.token) == 0) return;
  job->outcome.held = job->held;
  JobResults results;
  if (!job->spec.work_dir.empty()) results.folder = job->spec.work_dir / "results";
  if (outbox_) {
    outbox_->push(Finished{job->spec.token, std::move(job->outcome), std::move(results)});
  }
  close_when_idle();
}

void Works::close_when_idle() {
  if (!on_closed_ || !jobs_.empty() || pool_ || delete_snapshot()) return;
  if (deadline_timer_) deadline_timer_->cancel();
  hurry_timer_.cancel();
  std::error_code ignored;
  for (const auto& [shared, bundle] : bundles_) fs::remove(bundle.path, ignored);
  tell(meter_.last_word(std::chrono::steady_clock::now()));
  outbox_->close(std::exchange(on_closed_, nullptr));
}

/// What an earlier runner of this run left: its jobs are asked for soon, or never.
Awaitable<void> Works::look_for_strays() {
  std::map<std::string, std::string> mine;
  mine.emplace(kRunKey, run_id_);
  const Outcome<std::vector<SandboxInfo>> found = co_await provider_->list(mine);
  if (!found || found->empty() || closing_) co_return;
  std::vector<std::string> ids;
  for (const SandboxInfo& info : *found) {
    ids.push_back(info.id);
    sandbox_found(info);
  }
  claim_timer_.expires_after(options_.claim_time);
  boost::system::error_code stopped;
  co_await claim_timer_.async_wait(asio::redirect_error(asio::use_awaitable, stopped));
  if (!pool_) co_return;
  for (const std::string& id : ids) {
    if (!claimed_.count(id) && !pool_->owns(id)) pool_->end_stray(id);
  }
}

}  // namespace genesis::launch::e2b
