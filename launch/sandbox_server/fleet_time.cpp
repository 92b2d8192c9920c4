// The parts of SandboxFleet that time drives or that stop it: deadlines, pauses, samples.
#include <fmt/format.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <filesystem>
#include <utility>

#include "genesis/base/failpoint.h"
#include "genesis/base/log.h"
#include "launch/sandbox_server/running_sandbox.h"
#include "launch/sandbox_server/sandbox_fleet.h"

namespace genesis::sandbox_server {

namespace asio = boost::asio;
using Failure = boost::system::error_code;

void SandboxFleet::keep_time() {
  if (closed_) return;
  const auto next = lifecycle_.next_deadline();
  if (!next) {
    timer_.cancel();
    return;
  }
  timer_.expires_at(*next);
  timer_.async_wait([this, alive = alive_](const Failure& stopped) {
    if (!stopped && *alive) deadline_passed();
  });
}

void SandboxFleet::deadline_passed() {
  for (const Due& due : lifecycle_.due(clock_.steady())) {
    if (due.pause) {
      pause_at_timeout(due.id);
      continue;
    }
    const int timeout = lifecycle_.find(due.id)->timeout_s;
    asio::co_spawn(
        io_, end(due.id, EndCause::timeout, fmt::format("reached its timeout of {} s", timeout)),
        asio::detached);
    // end() has taken it off the list when it runs; until then it must not be found again.
  }
  asio::post(io_, [this, alive = alive_] {
    if (*alive) keep_time();
  });
}

void SandboxFleet::pause_at_timeout(const std::string& id) {
  const std::string team = lifecycle_.find(id)->team;
  const auto paused = pause(team, id);
  if (paused) return;
  log::warning("sandbox {}: not paused at its timeout, ended: {}", id, paused.error().message);
  asio::co_spawn(io_,
                 end(id, EndCause::timeout,
                     "reached its timeout and could not be paused: " + paused.error().message),
                 asio::detached);
}

Answer<void> SandboxFleet::pause(const std::string& team, const std::string& id) {
  const auto found = find(team, id);
  if (!found) return tl::unexpected<Refusal>(found.error());
  SandboxRecord& record = **found;
  const auto running = running_.find(id);
  if (running == running_.end()) return tl::unexpected<Refusal>(missing(team, id));
  const SandboxRecord before = record;
  if (const auto done = lifecycle_.paused(id, now()); !done) {
    return refuse(409, done.error().message);
  }
  if (const auto told = journal(record); !told) return refuse(500, told.error().message);
  failpoint("sandboxd.pause.journaled");
  const Status frozen = spawner_.freeze(running->second->sandbox);
  failpoint("sandboxd.pause.frozen");
  if (!frozen) {
    // Its old deadline is still the right one.
    const std::string why = frozen.error().message;
    lifecycle_.restore(before);
    if (const auto told = journal(*lifecycle_.find(id)); !told) {
      log::error("{}", told.error().message);
    }
    keep_time();
    return refuse(frozen.error().kind == ErrorKind::unsupported ? 501 : 500,
                  "the sandbox cannot be paused on this machine: " + why);
  }
  if (unreachable_) unreachable_(id);
  keep_time();
  return {};
}

Answer<bool> SandboxFleet::connect(const std::string& team, const std::string& id, int timeout_s) {
  const auto found = find(team, id);
  if (!found) return tl::unexpected<Refusal>(found.error());
  SandboxRecord& record = **found;
  if (record.state == SandboxState::running) {
    lifecycle_.extend(id, timeout_s, now());
    if (const auto told = journal(record); !told) return refuse(500, told.error().message);
    keep_time();
    return false;
  }
  const auto running = running_.find(id);
  if (running == running_.end()) return tl::unexpected<Refusal>(missing(team, id));
  lifecycle_.resumed(id, timeout_s, now());
  if (const auto told = journal(record); !told) return refuse(500, told.error().message);
  failpoint("sandboxd.resume.journaled");
  const Status thawed = spawner_.thaw(running->second->sandbox);
  failpoint("sandboxd.resume.thawed");
  if (!thawed) {
    const Status back = lifecycle_.paused(id, now());
    const Status told = back ? journal(record) : back;
    if (!told) log::error("{}", told.error().message);
    return refuse(500, "the sandbox could not be resumed: " + thawed.error().message);
  }
  keep_time();
  return true;
}

bool SandboxFleet::resume_by_traffic(const std::string& id) {
  const SandboxRecord* const record = lifecycle_.find(id);
  if (!record || record->state != SandboxState::paused || !record->auto_resume) return false;
  constexpr int kLeast = 300;
  const std::string team = record->team;
  return connect(team, id, std::max(record->timeout_s, kLeast)).has_value();
}

const LiveSandbox* SandboxFleet::running(const std::string& id) const {
  const auto found = lifecycle_.all().find(id);
  if (found == lifecycle_.all().end() || found->second.state != SandboxState::running) {
    return nullptr;
  }
  const auto live = running_.find(id);
  return live == running_.end() ? nullptr : &live->second->sandbox;
}

void SandboxFleet::sample(const SandboxRecord& record) {
  const auto live = running_.find(record.id);
  if (live == running_.end()) return;
  UsageSample taken;
  taken.unix_ms = clock_.unix_millis();
  taken.memory_total = static_cast<std::uint64_t>(record.memory_mb) << 20;
  Failure failure;
  const auto space = std::filesystem::space(config_.state_dir, failure);
  if (!failure) {
    taken.disk_total = space.capacity;
    taken.disk_used = space.capacity - space.free;
  }
  history_.add(record.id, spawner_.usage(live->second->sandbox), taken, record.started_ms);
}

void SandboxFleet::sample_usage() {
  if (closed_) return;
  for (const auto& [id, record] : lifecycle_.all()) {
    if (record.state == SandboxState::running) sample(record);
  }
  sampler_.expires_after(config_.metrics_every);
  sampler_.async_wait([this, alive = alive_](const Failure& stopped) {
    if (!stopped && *alive) sample_usage();
  });
}

std::vector<UsageSample> SandboxFleet::usage(const SandboxRecord& record, std::int64_t from_ms,
                                             std::int64_t to_ms) {
  if (history_.between(record.id, 0, 0).empty()) sample(record);
  return history_.between(record.id, from_ms, to_ms);
}

}  // namespace genesis::sandbox_server
