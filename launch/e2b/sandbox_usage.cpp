#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>

#include "launch/e2b/works.h"

// What sandboxes have used, told as it grows.

namespace genesis::launch::e2b {

namespace asio = boost::asio;

namespace {

using Clock = std::chrono::steady_clock;

UsageMeter::Size size_of(const SandboxInfo& info) {
  UsageMeter::Size size;
  size.cpus = info.cpus;
  size.memory_gib = static_cast<double>(info.memory_mb) / 1024;
  return size;
}

}  // namespace

void Works::sandbox_made(const std::string& id) {
  const std::string& kind = options_.sandbox_template;
  if (!meter_.born(id, kind, Clock::now())) return;
  asio::co_spawn(
      io_, [self = shared_from_this(), id, kind] { return self->ask_for_size(id, kind); },
      asio::detached);
}

/// The answer to a creation does not say it, and all of a template have the same.
Awaitable<void> Works::ask_for_size(std::string id, std::string kind) {
  const Outcome<SandboxInfo> info = co_await provider_->info(id);
  if (info) {
    meter_.learnt(kind, size_of(*info));
  } else {
    meter_.not_learnt(kind);
  }
  tell(meter_.due(Clock::now()));
}

void Works::sandbox_gone(const std::string& id, bool ended, SandboxPool::Time ends_at) {
  if (ended) {
    meter_.ended(id, Clock::now());
  } else {
    meter_.left_alone(id, ends_at);
  }
  tell(meter_.due(Clock::now()));
}

/// One that an earlier runner of this run made: from its beginning.
void Works::sandbox_found(const SandboxInfo& info) {
  const std::string& usual = options_.sandbox_template;
  std::string kind = info.alias.empty() ? info.sandbox_template : info.alias;
  if (info.alias == usual || info.sandbox_template == usual) kind = usual;
  const auto named = info.metadata.find(std::string(kTemplateKey));
  if (named != info.metadata.end()) kind = named->second;
  UsageMeter::Seconds age{0};
  if (info.started_at != std::chrono::system_clock::time_point()) {
    age = std::chrono::system_clock::now() - info.started_at;
  }
  meter_.found(info.id, kind, age, size_of(info), Clock::now());
}

void Works::tell(std::vector<Usage> usages) {
  if (!outbox_) return;
  for (Usage& usage : usages) outbox_->push(std::move(usage));
}

void Works::arm_usage_timer() {
  usage_timer_.expires_after(options_.usage_every);
  usage_timer_.async_wait([weak = weak_from_this()](const boost::system::error_code& stopped) {
    const auto self = weak.lock();
    if (stopped || !self) return;
    self->tell(self->meter_.due(Clock::now()));
    self->arm_usage_timer();
  });
}

}  // namespace genesis::launch::e2b
