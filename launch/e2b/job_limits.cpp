#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <utility>

#include "genesis/base/log.h"
#include "launch/e2b/works.h"

// How a job ends that does not end by itself, and how its sandbox lives on while it runs.

namespace genesis::launch::e2b {

namespace asio = boost::asio;

namespace {

using std::chrono::seconds;
using Stage = SandboxJob::Stage;

/// Beyond a job's own limit and grace: what the wrapper's end and the network may take.
constexpr seconds kPatience{60};

}  // namespace

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
    asio::co_spawn(self->io_, self->provider_->set_lifetime(running->sandbox->handle.id, lifetime),
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
  const SandboxHandle sandbox = job->sandbox->handle;
  const std::int64_t pid = job->session->pid();
  const Outcome<bool> sent = co_await provider_->signal(sandbox, pid, false);
  if (!sent && job->stage == Stage::running) job->stop.emit(asio::cancellation_type::terminal);
}

}  // namespace genesis::launch::e2b
