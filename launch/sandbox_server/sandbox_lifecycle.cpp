#include "launch/sandbox_server/sandbox_lifecycle.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace genesis::sandbox_server {

using std::chrono::seconds;

Admission SandboxLifecycle::admit(const std::string& team, std::size_t team_limit) const {
  if (count(team) >= team_limit) return Admission::team_full;
  if (live_.size() >= capacity_.sandboxes) return Admission::server_full;
  return Admission::admitted;
}

std::size_t SandboxLifecycle::count(const std::string& team) const {
  return static_cast<std::size_t>(std::count_if(
      live_.begin(), live_.end(), [&](const auto& entry) { return entry.second.team == team; }));
}

void SandboxLifecycle::set_deadline(SandboxRecord& record, int timeout_s, Moment now) {
  clear_deadline(record);
  record.end_ms = now.unix_ms + std::int64_t{timeout_s} * 1000;
  if (record.never_timeout) return;
  record.deadline = now.steady + seconds{timeout_s};
  deadlines_.emplace(record.deadline, record.id);
}

void SandboxLifecycle::clear_deadline(const SandboxRecord& record) {
  deadlines_.erase({record.deadline, record.id});
}

SandboxRecord& SandboxLifecycle::begin(SandboxRecord record, Moment now) {
  record.state = SandboxState::starting;
  record.started_ms = now.unix_ms;
  record.end_ms = now.unix_ms + std::int64_t{record.timeout_s} * 1000;
  const std::string id = record.id;
  return live_.insert_or_assign(id, std::move(record)).first->second;
}

void SandboxLifecycle::started(const std::string& id, pid_t pid, std::uint64_t start_ticks,
                               Moment now) {
  SandboxRecord& record = live_.at(id);
  record.state = SandboxState::running;
  record.pid = pid;
  record.start_ticks = start_ticks;
  record.started_ms = now.unix_ms;
  set_deadline(record, record.timeout_s, now);
  record.note(now.unix_ms, "info", "sandbox started");
}

void SandboxLifecycle::adopted(SandboxRecord record, Moment now) {
  record.note(now.unix_ms, "info", "taken over by a new server");
  record.deadline = now.steady + Millis{record.end_ms - now.unix_ms};
  restore(std::move(record));
}

void SandboxLifecycle::restore(SandboxRecord record) {
  const std::string id = record.id;
  const SandboxRecord& kept = live_.insert_or_assign(id, std::move(record)).first->second;
  if (kept.state == SandboxState::running && !kept.never_timeout) {
    deadlines_.emplace(kept.deadline, id);
  }
}

Status SandboxLifecycle::paused(const std::string& id, Moment now) {
  SandboxRecord& record = live_.at(id);
  if (record.state == SandboxState::paused) {
    return make_error(ErrorKind::conflict, fmt::format("Sandbox {} is already paused", id));
  }
  clear_deadline(record);
  record.state = SandboxState::paused;
  record.end_ms = now.unix_ms;
  record.note(now.unix_ms, "info", "sandbox paused");
  return {};
}

void SandboxLifecycle::resumed(const std::string& id, int timeout_s, Moment now) {
  SandboxRecord& record = live_.at(id);
  record.state = SandboxState::running;
  record.timeout_s = timeout_s;
  record.started_ms = now.unix_ms;
  set_deadline(record, timeout_s, now);
  record.note(now.unix_ms, "info", "sandbox resumed");
}

Status SandboxLifecycle::set_timeout(const std::string& id, int timeout_s, Moment now) {
  SandboxRecord& record = live_.at(id);
  if (record.state != SandboxState::running) {
    return make_error(ErrorKind::conflict,
                      fmt::format("Sandbox {} is {}: only a running one has a timeout", id,
                                  to_string(record.state)));
  }
  record.timeout_s = timeout_s;
  set_deadline(record, timeout_s, now);
  return {};
}

void SandboxLifecycle::extend(const std::string& id, int timeout_s, Moment now) {
  SandboxRecord& record = live_.at(id);
  if (record.state != SandboxState::running || record.never_timeout) return;
  if (now.steady + seconds{timeout_s} <= record.deadline) return;
  record.timeout_s = timeout_s;
  set_deadline(record, timeout_s, now);
}

bool SandboxLifecycle::ending(const std::string& id, EndCause cause, std::string detail,
                              Moment now) {
  SandboxRecord& record = live_.at(id);
  if (record.state == SandboxState::ending) return false;
  clear_deadline(record);
  record.state = SandboxState::ending;
  record.cause = cause;
  record.cause_detail = std::move(detail);
  record.note(now.unix_ms, cause == EndCause::killed ? "info" : "warn",
              "sandbox ends: " + record.cause_detail);
  return true;
}

const Tombstone& SandboxLifecycle::gone(const std::string& id, EndCause cause, std::string detail,
                                        Moment now) {
  auto node = live_.extract(id);
  SandboxRecord& record = node.mapped();
  clear_deadline(record);
  Tombstone tombstone;
  tombstone.id = id;
  tombstone.team = record.team;
  tombstone.cause = cause;
  tombstone.detail = detail.empty() ? record.cause_detail : std::move(detail);
  tombstone.started_ms = record.started_ms;
  tombstone.ended_ms = now.unix_ms;
  tombstone.log = std::move(record.log);
  ++ends_[cause];
  remember(std::move(tombstone));
  return tombstones_.at(id);
}

void SandboxLifecycle::remember(Tombstone tombstone) {
  const std::string id = tombstone.id;
  if (tombstones_.insert_or_assign(id, std::move(tombstone)).second) order_.push_back(id);
  while (order_.size() > capacity_.tombstones) {
    tombstones_.erase(order_.front());
    order_.pop_front();
  }
}

std::vector<Due> SandboxLifecycle::due(std::chrono::steady_clock::time_point now) const {
  std::vector<Due> list;
  for (const auto& [when, id] : deadlines_) {
    if (when > now) break;
    list.push_back({id, live_.at(id).auto_pause});
  }
  return list;
}

std::optional<std::chrono::steady_clock::time_point> SandboxLifecycle::next_deadline() const {
  if (deadlines_.empty()) return std::nullopt;
  return deadlines_.begin()->first;
}

SandboxRecord* SandboxLifecycle::find(const std::string& id) {
  const auto found = live_.find(id);
  return found == live_.end() ? nullptr : &found->second;
}

SandboxRecord* SandboxLifecycle::visible(const std::string& team, const std::string& id) {
  SandboxRecord* const record = find(id);
  if (!record || record->team != team) return nullptr;
  const bool there =
      record->state == SandboxState::running || record->state == SandboxState::paused;
  return there ? record : nullptr;
}

const Tombstone* SandboxLifecycle::tombstone(const std::string& id) const {
  const auto found = tombstones_.find(id);
  return found == tombstones_.end() ? nullptr : &found->second;
}

}  // namespace genesis::sandbox_server
