#include "launch/e2b/sandbox_pool.h"

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "genesis/base/failpoint.h"
#include "genesis/base/log.h"
#include "launch/e2b/job_ref.h"
#include "launch/e2b/stoppable.h"

namespace genesis::launch::e2b {

namespace asio = boost::asio;

namespace {

using Clock = std::chrono::steady_clock;

Failure failure_of(const std::exception_ptr& thrown) {
  try {
    std::rethrow_exception(thrown);
  } catch (const boost::system::system_error& error) {
    const bool given_up = error.code() == asio::error::operation_aborted;
    return Failure(given_up ? FailureKind::cancelled : FailureKind::broken, error.what());
  } catch (const std::exception& error) {
    return Failure(FailureKind::broken, error.what());
  }
}

}  // namespace

SandboxPool::SandboxPool(asio::io_context& io, std::shared_ptr<Provider> provider,
                         PoolPolicy policy, NewSandbox kind, Host host)
    : io_(io),
      provider_(std::move(provider)),
      kind_(std::move(kind)),
      host_(std::move(host)),
      state_(policy, Clock::now()),
      timer_(io),
      doubts_(std::make_shared<DoubtfulSandboxes>(io, provider_, kind_.metadata)) {}

void SandboxPool::want(const std::string& token) {
  state_.want(token);
  schedule_pump();
}

bool SandboxPool::forget(const std::string& token) {
  return state_.forget(token);
}

int SandboxPool::adopt(SandboxHandle handle, Time ends_at) {
  const int slot = state_.adopt(handle.id);
  auto sandbox = std::make_shared<PooledSandbox>();
  sandbox->handle = std::move(handle);
  sandbox->ends_at = ends_at;
  sandboxes_[slot] = std::move(sandbox);
  return slot;
}

void SandboxPool::give_back(int slot, bool keep, std::function<void(bool)> ended) {
  state_.give_back(slot, keep);
  on_ended_[slot] = std::move(ended);
  pump();
  // Not among the actions: it was kept.
  const auto kept = on_ended_.find(slot);
  if (kept == on_ended_.end() || state_.is_ending(slot)) return;
  const auto told = std::move(kept->second);
  on_ended_.erase(kept);
  told(true);
}

void SandboxPool::close() {
  closed_ = true;
  state_.close();
  schedule_pump();
}

void SandboxPool::hurry() {
  const auto calls = calls_;
  for (const auto& stop : calls) stop->emit(asio::cancellation_type::terminal);
}

template <typename Result, typename Over>
void SandboxPool::call(Awaitable<Result> steps, Over over) {
  const auto stop = std::make_shared<asio::cancellation_signal>();
  calls_.insert(stop);
  asio::co_spawn(io_, std::move(steps),
                 stoppable_by(*stop, [self = shared_from_this(), stop, over = std::move(over)](
                                         const std::exception_ptr& thrown, Result result) {
                   self->calls_.erase(stop);
                   over(thrown, std::move(result));
                   self->schedule_pump();
                 }));
}

void SandboxPool::abandon() {
  host_ = Host();
  on_ended_.clear();
  timer_.cancel();
  doubts_->stop();
  state_.close();
  pump();
}

bool SandboxPool::owns(const std::string& id) const {
  return std::any_of(sandboxes_.begin(), sandboxes_.end(),
                     [&](const auto& entry) { return entry.second->handle.id == id; });
}

void SandboxPool::end_stray(std::string id) {
  call(kill(id), [this, id](const std::exception_ptr& failure, bool gone) {
    const bool ended = !failure && gone;
    log::info("e2b: the sandbox {} of an earlier runner {}", id,
              ended ? "was ended" : "could not be ended; its lifetime does");
    tell_gone(id, ended, Clock::now());
  });
}

void SandboxPool::schedule_pump() {
  if (std::exchange(pump_scheduled_, true)) return;
  asio::post(io_, [self = shared_from_this()] {
    self->pump_scheduled_ = false;
    self->pump();
  });
}

void SandboxPool::pump() {
  for (const PoolAction& action : state_.decide(Clock::now())) carry_out(action);
  look_again();
  if (!closed_ || state_.count() > 0 || !host_.on_idle) return;
  if (!doubts_->empty()) return settle_doubts();
  asio::post(io_, std::exchange(host_.on_idle, nullptr));
}

void SandboxPool::settle_doubts() {
  if (std::exchange(settling_, true)) return;
  asio::co_spawn(io_, doubts_->settle(), [self = shared_from_this()](std::exception_ptr) {
    self->settling_ = false;
    self->schedule_pump();
  });
}

void SandboxPool::carry_out(const PoolAction& action) {
  if (const auto* what = std::get_if<MakeSandbox>(&action)) {
    make(what->slot, what->token);
  } else if (const auto* old = std::get_if<EndSandbox>(&action)) {
    end(old->slot, old->id);
  } else if (const auto* lease = std::get_if<GiveLease>(&action)) {
    if (host_.on_lease) host_.on_lease(lease->token, lease->slot);
  } else if (const auto* refused = std::get_if<RefuseLease>(&action)) {
    if (host_.on_refusal) host_.on_refusal(refused->token, refused->failure);
  } else if (const auto* capacity = std::get_if<AnnounceCapacity>(&action)) {
    if (host_.on_capacity) host_.on_capacity(capacity->slots, capacity->reason);
  }
}

void SandboxPool::start_from(std::string snapshot) {
  snapshot_ = std::move(snapshot);
}

void SandboxPool::make(int slot, const std::string& token) {
  failpoint("e2b.before_create");
  const auto asked = Clock::now();
  const std::string mark = doubts_->new_mark();
  NewSandbox kind = kind_;
  kind.metadata[DoubtfulSandboxes::kMarkKey] = mark;
  if (!token.empty()) kind.metadata[std::string(kAttemptKey)] = attempt_mark(token);
  if (!snapshot_.empty()) {
    // A later runner must know whose kind it is.
    kind.metadata[std::string(kTemplateKey)] = kind_.sandbox_template;
    kind.sandbox_template = snapshot_;
  }
  call(provider_->create(std::move(kind)),
       [this, slot, asked, mark, snapshot = snapshot_](const std::exception_ptr& thrown,
                                                       Outcome<SandboxHandle> made) {
         failpoint("e2b.after_create");
         if (thrown) made = tl::unexpected<Failure>(failure_of(thrown));
         if (!made) return not_made(slot, mark, snapshot, std::move(made.error()));
         auto sandbox = std::make_shared<PooledSandbox>();
         sandbox->handle = std::move(*made);
         sandbox->installed = !snapshot.empty();
         sandbox->ends_at = asked + kind_.lifetime;
         state_.made(slot, sandbox->handle.id, Clock::now());
         if (host_.on_made) host_.on_made(sandbox->handle.id);
         sandboxes_[slot] = std::move(sandbox);
       });
}

void SandboxPool::not_made(int slot, const std::string& mark, const std::string& snapshot,
                           Failure failure) {
  if (failure.kind != FailureKind::cancelled) log::warning("e2b: {}", failure.message);
  // Only an answer that refuses says that there is none.
  if (failure.kind == FailureKind::unavailable || failure.kind == FailureKind::broken ||
      failure.kind == FailureKind::deadline || failure.kind == FailureKind::cancelled) {
    doubts_->made_perhaps(mark);
  }
  const bool gone = failure.kind == FailureKind::unknown_template ||
                    failure.kind == FailureKind::not_found || failure.kind == FailureKind::refused;
  if (!snapshot.empty() && gone) {
    // The template may be as good as ever: nobody is refused for a snapshot's sake.
    if (snapshot_ == snapshot) {
      snapshot_.clear();
      if (host_.on_start_lost) host_.on_start_lost();
    }
    failure.kind = FailureKind::unavailable;
  }
  state_.not_made(slot, failure, Clock::now());
}

void SandboxPool::end(int slot, const std::string& id) {
  call(kill(id), [this, slot, id](const std::exception_ptr& thrown, bool gone) {
    if (thrown || !gone) doubts_->there_perhaps(id);
    state_.ended(slot);
    tell_gone(id, !thrown && gone, sandboxes_.at(slot)->ends_at);
    sandboxes_.erase(slot);
    if (const auto found = on_ended_.find(slot); found != on_ended_.end()) {
      const auto told = std::move(found->second);
      on_ended_.erase(found);
      told(!thrown && gone);
    }
  });
}

void SandboxPool::tell_gone(const std::string& id, bool ended, Time ends_at) {
  if (host_.on_gone) host_.on_gone(id, ended, ends_at);
}

/// What cannot be ended now is tried again later, or ends by its lifetime.
Awaitable<bool> SandboxPool::kill(std::string id) {
  constexpr int kTries = 4;
  for (int i = 0; i < kTries; ++i) {
    const Outcome<bool> killed = co_await provider_->kill(id);
    if (killed || killed.error().kind == FailureKind::not_found ||
        killed.error().kind == FailureKind::sandbox_gone) {
      co_return true;
    }
    log::warning("e2b: {}", killed.error().message);
    if (i + 1 == kTries) break;
    asio::steady_timer pause(io_, std::chrono::milliseconds{250} * (1 << (2 * i)));
    boost::system::error_code ignored;
    co_await pause.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
  }
  co_return false;
}

void SandboxPool::look_again() {
  const auto when = state_.next_look(Clock::now());
  if (!when) return;
  timer_.expires_at(*when);
  timer_.async_wait([weak = weak_from_this()](const boost::system::error_code& failure) {
    const auto self = weak.lock();
    if (self && !failure) self->pump();
  });
}

}  // namespace genesis::launch::e2b
