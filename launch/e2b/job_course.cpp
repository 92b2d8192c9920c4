#include <fmt/format.h>

#include <boost/asio/co_spawn.hpp>
#include <utility>

#include "genesis/base/failpoint.h"
#include "genesis/base/text.h"
#include "launch/e2b/e2b_outcome.h"
#include "launch/e2b/stoppable.h"
#include "launch/e2b/works.h"

// The course of one job: lease -> upload -> start -> follow -> collect -> give back.

namespace genesis::launch::e2b {

namespace asio = boost::asio;

namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using Clock = std::chrono::steady_clock;
using Stage = SandboxJob::Stage;

constexpr int kMostSandboxesLost = 3;

/// When we had to end the sandbox itself.
std::string detail_of(const SandboxJob& job) {
  if (job.ended_as != JobOutcomeKind::timeout || !job.spec.limits.wall_time) return {};
  return fmt::format("Sandbox timeout: the limit is {}, and its sandbox did not end it",
                     format_duration(*job.spec.limits.wall_time));
}

}  // namespace

/// One job, from the lease of its sandbox on; give_back() follows.
Awaitable<void> Works::run(JobPtr job) {
  if (!outbox_) co_return;  // abandoned before this began
  SandboxJobRef lease;
  lease.sandbox = job->sandbox->handle.id;
  outbox_->push(Accepted{job->spec.token, JobRef{"e2b", to_text(lease)}});
  const bool uploaded = co_await upload(job);
  if (!uploaded) co_return;
  const bool started = co_await start(job);
  if (!started) co_return;
  Outcome<WrapperAnswer> end = co_await job->session->follow();
  co_await collect(job, std::move(end));
}

/// A job of an earlier runner.
Awaitable<void> Works::find(JobPtr job) {
  const seconds lifetime = SandboxSession::lifetime_for(options_, job->spec.limits, false);
  const Outcome<SandboxHandle> sandbox = co_await provider_->connect(job->ref->sandbox, lifetime);
  if (!sandbox) {
    job->outcome = outcome_of(sandbox.error(), true);
    co_return;
  }
  const auto ends_at = Clock::now() + lifetime;
  if (!meter_.knows(sandbox->id)) {
    const Outcome<SandboxInfo> info = co_await provider_->info(sandbox->id);
    if (info) sandbox_found(*info);
  }
  if (!pool_) co_return;
  job->slot = pool_->adopt(*sandbox, ends_at);
  job->sandbox = pool_->at(*job->slot);
  job->session =
      std::make_unique<SandboxSession>(io_, *provider_, options_, job->spec, *sandbox, "");
  job->stage = Stage::running;
  job->started = Clock::now();
  arm_patience(job);
  Outcome<WrapperAnswer> end = co_await job->session->find_again(job->ref->pid);
  co_await collect(job, std::move(end));
}

/// What all jobs share, the dependencies, the job's own files: outside of its time.
Awaitable<bool> Works::upload(JobPtr job) {
  Outcome<Bundle> bundle = bundle_for(job->spec);
  if (!bundle) {
    job->outcome = outcome_of(bundle.error(), false);
    job->sandbox_is_good = true;
    co_return false;
  }
  job->session = std::make_unique<SandboxSession>(io_, *provider_, options_, job->spec,
                                                  job->sandbox->handle, bundle->hash);
  const Outcome<bool> prepared = co_await job->session->prepare(job->sandbox, std::move(*bundle));
  if (!prepared) {
    job->outcome = outcome_of(prepared.error(), false);
    co_return false;
  }
  const bool installed = *prepared;
  if (installed) co_await keep_installed(job);
  const Outcome<void> uploaded = co_await job->session->upload(job->sandbox);
  if (!uploaded) job->outcome = outcome_of(uploaded.error(), false);
  co_return uploaded.has_value();
}

Awaitable<bool> Works::start(JobPtr job) {
  const Outcome<std::int64_t> pid = co_await job->session->start();
  if (!pid) {
    job->outcome = outcome_of(pid.error(), false);
    co_return false;
  }
  job->stage = Stage::running;
  job->started = Clock::now();
  SandboxJobRef ref;
  ref.sandbox = job->sandbox->handle.id;
  ref.pid = *pid;
  if (outbox_) {
    outbox_->push(Accepted{job->spec.token, JobRef{"e2b", to_text(ref)}});
    outbox_->push(Started{job->spec.token});
  }
  arm_patience(job);
  co_return true;
}

Awaitable<void> Works::collect(JobPtr job, Outcome<WrapperAnswer> end) {
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

/// The last step, whichever way the others ended.
void Works::give_back(const JobPtr& job, std::exception_ptr thrown) {
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
  if (options_.reuse == SandboxReuse::per_job) {
    const auto age = meter_.age(job->sandbox->handle.id, Clock::now());
    if (age) job->held += std::chrono::duration_cast<milliseconds>(*age);
  }
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

void Works::spawn(const JobPtr& job, Awaitable<void> steps) {
  const auto over = [self = shared_from_this(), job](const std::exception_ptr& thrown) {
    self->give_back(job, thrown);
  };
  asio::co_spawn(io_, std::move(steps), stoppable_by(job->stop, over));
}

/// Packed once: jobs of one planner share the same files.
Outcome<Bundle> Works::bundle_for(const JobSpec& spec) {
  if (const auto known = bundles_.find(spec.shared); known != bundles_.end()) return known->second;
  auto made = make_bundle(spec.shared.get(), options_.additional_files, state_dir_);
  if (!made) return fail(FailureKind::local_io, made.error().message);
  return bundles_.emplace(spec.shared, std::move(*made)).first->second;
}

}  // namespace genesis::launch::e2b
