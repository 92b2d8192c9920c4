#include "launch/e2b/pool_state.h"

#include <fmt/format.h>

#include <algorithm>

#include "genesis/base/text.h"
#include "launch/e2b/e2b_outcome.h"

namespace genesis::launch::e2b {

namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

/// A 429 may have been for asking too often: where the limit is not met again, it rises faster.
constexpr milliseconds kProbeAfter{30'000};
constexpr milliseconds kLeastProbeAfter{2'000};
constexpr seconds kLongestWait{60};
/// What a try at a provider that does not answer gets before there is another beside it.
constexpr seconds kProbePatience{5};
constexpr int kMostProbes = 4;

}  // namespace

PoolState::PoolState(PoolPolicy policy, Time now)
    : policy_(policy),
      bucket_(std::max(1.0, policy.creates_per_second)),
      filled_(now),
      ceiling_since_(now),
      ceiling_wait_(kProbeAfter),
      not_before_(now) {}

void PoolState::want(const std::string& token) {
  waiting_.push_back(token);
}

bool PoolState::forget(const std::string& token) {
  return std::erase(waiting_, token) > 0;
}

void PoolState::made(int slot, std::string id, Time) {
  Sandbox& sandbox = sandboxes_.at(slot);
  sandbox.stage = Stage::idle;
  sandbox.id = std::move(id);
  failures_ = 0;
  // What exists is allowed: a 429 may have been for asking too often.
  const int there = static_cast<int>(sandboxes_.size()) - count(Stage::making);
  if (ceiling_) ceiling_ = std::max(*ceiling_, there);
  if (std::exchange(down_, false)) {
    announced_ = slots();
    news_.push_back(AnnounceCapacity{slots(), "the sandbox provider answers again"});
  }
}

void PoolState::not_made(int slot, const Failure& failure, Time now) {
  sandboxes_.erase(slot);
  if (is_hopeless(failure.kind)) {
    for (const std::string& token : waiting_) news_.push_back(RefuseLease{token, failure});
    waiting_.clear();
    return;
  }
  slow_down(failure, now);
  if (failure.kind == FailureKind::rate_limited) {
    const int before = slots();
    ceiling_ = std::max(1, static_cast<int>(sandboxes_.size()) - count(Stage::making));
    ceiling_since_ = now;
    ceiling_wait_ = kProbeAfter;
    if (slots() < before) {
      announced_ = slots();
      news_.push_back(AnnounceCapacity{
          slots(),
          fmt::format("the sandbox provider allows {} at a time: {}", *ceiling_, failure.message)});
    }
  } else if (!std::exchange(down_, true)) {
    announced_ = slots();
    news_.push_back(AnnounceCapacity{
        slots(), fmt::format("no new sandboxes for now, trying again: {}", failure.message)});
  }
}

void PoolState::slow_down(const Failure& failure, Time now) {
  const auto doubled = milliseconds{1000} * (1 << std::min(failures_++, 6));
  const milliseconds wait =
      failure.retry_after ? milliseconds{*failure.retry_after} : milliseconds{doubled};
  not_before_ = std::max(not_before_, now + std::clamp<milliseconds>(wait, milliseconds{100},
                                                                     milliseconds{kLongestWait}));
}

int PoolState::adopt(std::string id) {
  const int slot = next_slot_++;
  Sandbox& sandbox = sandboxes_[slot];
  sandbox.stage = Stage::leased;
  sandbox.id = std::move(id);
  sandbox.adopted = true;
  return slot;
}

void PoolState::give_back(int slot, bool keep) {
  Sandbox& sandbox = sandboxes_.at(slot);
  ++sandbox.jobs;
  const bool good = keep && !closed_ && !sandbox.adopted && policy_.reuse == SandboxReuse::pooled &&
                    sandbox.jobs < policy_.recycle_after;
  sandbox.stage = good ? Stage::idle : Stage::ending;
  if (!good) news_.push_back(EndSandbox{slot, sandbox.id});
}

void PoolState::ended(int slot) {
  sandboxes_.erase(slot);
}

void PoolState::close() {
  closed_ = true;
}

bool PoolState::is_ending(int slot) const {
  const auto found = sandboxes_.find(slot);
  return found != sandboxes_.end() && found->second.stage == Stage::ending;
}

int PoolState::count(Stage stage) const {
  return static_cast<int>(
      std::count_if(sandboxes_.begin(), sandboxes_.end(),
                    [&](const auto& entry) { return entry.second.stage == stage; }));
}

int PoolState::slots() const {
  const int most = std::min(policy_.most, ceiling_.value_or(policy_.most));
  if (!down_) return most;
  // What is there takes one job after another, whether or not more can be had.
  const bool pooled = policy_.reuse == SandboxReuse::pooled;
  return pooled ? std::min(most, count(Stage::idle) + count(Stage::leased)) : 0;
}

bool PoolState::may_probe(Time now) const {
  int making = 0;
  for (const auto& [slot, sandbox] : sandboxes_) {
    if (sandbox.stage != Stage::making) continue;
    if (now - sandbox.asked < kProbePatience) return false;
    ++making;
  }
  return making < kMostProbes;
}

bool PoolState::wants_another(Time now) const {
  if (closed_) return false;
  const int making = count(Stage::making);
  const int idle = count(Stage::idle);
  const int waiting = static_cast<int>(waiting_.size());
  // Of a provider that does not answer, one try at a time; of that even when nobody waits: where
  // no job can run, none comes.
  if (down_ ? !may_probe(now) : making + idle >= waiting + policy_.warm) return false;
  const int there = idle + count(Stage::leased);
  if ((down_ ? there : there + making) >= policy_.most + policy_.warm) return false;
  return !ceiling_ || static_cast<int>(sandboxes_.size()) < *ceiling_;
}

void PoolState::refill(Time now) {
  const double passed = std::chrono::duration<double>(now - filled_).count();
  bucket_ = std::min(std::max(1.0, policy_.creates_per_second),
                     bucket_ + passed * policy_.creates_per_second);
  filled_ = now;
  if (ceiling_ && now - ceiling_since_ >= ceiling_wait_ &&
      *ceiling_ < policy_.most + policy_.warm) {
    ++*ceiling_;
    ceiling_since_ = now;
    ceiling_wait_ = std::max(kLeastProbeAfter, ceiling_wait_ / 2);
  }
}

void PoolState::end_idle_beyond(int kept, std::vector<PoolAction>& actions) {
  int idle = count(Stage::idle);
  for (auto& [slot, sandbox] : sandboxes_) {
    if (idle <= kept) return;
    if (sandbox.stage != Stage::idle) continue;
    sandbox.stage = Stage::ending;
    actions.push_back(EndSandbox{slot, sandbox.id});
    --idle;
  }
}

std::deque<std::string>::iterator PoolState::first_without_sandbox() {
  return std::find_if(waiting_.begin(), waiting_.end(), [&](const std::string& token) {
    return std::none_of(sandboxes_.begin(), sandboxes_.end(), [&](const auto& entry) {
      return entry.second.made_for == token &&
             (entry.second.stage == Stage::making || entry.second.stage == Stage::idle);
    });
  });
}

/// Whom it was made for; if that one has gone, somebody without one; never nobody.
std::deque<std::string>::iterator PoolState::next_for(const Sandbox& sandbox) {
  if (!sandbox.made_for.empty()) {
    const auto own = std::find(waiting_.begin(), waiting_.end(), sandbox.made_for);
    if (own != waiting_.end()) return own;
  }
  if (policy_.reuse == SandboxReuse::pooled) return waiting_.begin();
  const auto next = first_without_sandbox();
  return next == waiting_.end() ? waiting_.begin() : next;
}

std::vector<PoolAction> PoolState::decide(Time now) {
  std::vector<PoolAction> actions = std::exchange(news_, {});
  refill(now);
  for (auto& [slot, sandbox] : sandboxes_) {
    if (waiting_.empty() || closed_) break;
    if (sandbox.stage != Stage::idle || count(Stage::leased) >= policy_.most) continue;
    sandbox.stage = Stage::leased;
    const auto next = next_for(sandbox);
    actions.push_back(GiveLease{*next, slot});
    waiting_.erase(next);
  }
  if (closed_) end_idle_beyond(0, actions);
  // With all that there may be, it does not matter whether another one could be made.
  const int most = std::min(policy_.most + policy_.warm, ceiling_.value_or(1 << 30));
  if (count(Stage::idle) + count(Stage::leased) >= most) down_ = false;
  while (wants_another(now) && bucket_ >= 1 && now >= not_before_) {
    bucket_ -= 1;
    const int slot = next_slot_++;
    Sandbox made;
    made.asked = now;
    if (policy_.reuse == SandboxReuse::per_job) {
      if (const auto whose = first_without_sandbox(); whose != waiting_.end())
        made.made_for = *whose;
    }
    actions.push_back(MakeSandbox{slot, made.made_for});
    sandboxes_.emplace(slot, std::move(made));
  }
  if (announced_ != slots()) {
    actions.push_back(AnnounceCapacity{slots(), ""});
    announced_ = slots();
  }
  return actions;
}

std::optional<PoolState::Time> PoolState::next_look(Time now) const {
  if (closed_ || (waiting_.empty() && policy_.warm == 0 && !down_)) return std::nullopt;
  if (wants_another(now)) {
    const double missing = std::max(0.0, 1 - bucket_) / policy_.creates_per_second;
    const auto refilled = now +
                          std::chrono::duration_cast<std::chrono::steady_clock::duration>(
                              std::chrono::duration<double>(missing)) +
                          milliseconds{1};
    return std::max(refilled, not_before_);
  }
  std::optional<Time> next;
  for (const auto& [slot, sandbox] : sandboxes_) {
    if (!down_ || sandbox.stage != Stage::making) continue;
    const Time patient_until = sandbox.asked + kProbePatience;
    if (patient_until > now) next = std::min(next.value_or(patient_until), patient_until);
  }
  if (ceiling_ && *ceiling_ < policy_.most + policy_.warm) {
    const Time rises_at = ceiling_since_ + ceiling_wait_;
    next = std::min(next.value_or(rises_at), rises_at);
  }
  return next;
}

}  // namespace genesis::launch::e2b
