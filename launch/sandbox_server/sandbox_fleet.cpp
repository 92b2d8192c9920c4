#include "launch/sandbox_server/sandbox_fleet.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <utility>

#include "genesis/base/failpoint.h"
#include "genesis/base/hash.h"
#include "genesis/base/log.h"
#include "launch/sandbox_server/running_sandbox.h"
#include "launch/sandbox_server/spread_subfolders.h"

namespace genesis::sandbox_server {

namespace asio = boost::asio;
using Failure = boost::system::error_code;
using asio::use_awaitable;
using nlohmann::json;

namespace {

constexpr std::size_t kCompactAfter = 64u << 20;
constexpr int kRetryAfter = 2;

Refusal try_later(std::string message) {
  Refusal refusal(429, std::move(message));
  refusal.error_code = "sandbox_capacity_unavailable";
  refusal.retry_after_s = kRetryAfter;
  return refusal;
}

Refusal start_refusal(const Error& error) {
  const bool later = error.kind == ErrorKind::unavailable || error.kind == ErrorKind::timeout;
  Refusal refusal(later ? 503 : 500, "the sandbox could not be started: " + error.message);
  refusal.error_code = "sandbox_create_failed";
  return refusal;
}

}  // namespace

/// A create in the queue, for as long as its coroutine waits: also when that is cancelled.
struct SandboxFleet::Waiter {
  Waiter(asio::io_context& io, std::list<Waiter*>& all) : timer(io), queue(all) {}
  ~Waiter() { leave(); }
  Waiter(const Waiter&) = delete;
  Waiter& operator=(const Waiter&) = delete;

  void enter(bool in_front) {
    place = queue.insert(in_front ? queue.begin() : queue.end(), this);
    waits = true;
    called = false;
  }
  void leave() {
    if (std::exchange(waits, false)) queue.erase(place);
  }
  void call() {
    leave();
    called = true;
    timer.cancel();
  }

  asio::steady_timer timer;
  std::list<Waiter*>& queue;
  std::list<Waiter*>::iterator place;
  bool waits = false;
  bool called = false;  ///< A place has become free for it.
};

SandboxFleet::SandboxFleet(asio::io_context& io, const ServerConfig& config, const Clock& clock,
                           SandboxSpawner& spawner)
    : io_(io),
      config_(config),
      clock_(clock),
      spawner_(spawner),
      lifecycle_(Capacity{config.max_sandboxes, 10'000}),
      timer_(io),
      sampler_(io),
      ended_(io) {
  ended_.expires_at(asio::steady_timer::time_point::max());
}

SandboxFleet::~SandboxFleet() {
  *alive_ = false;
}

SandboxSpec SandboxFleet::spec_of(const SandboxRecord& record) const {
  SandboxSpec spec;
  spec.id = record.id;
  spec.folder = std::filesystem::absolute(config_.state_dir) / "sandboxes" / record.id;
  spec.template_name = record.template_name;
  spec.environment = record.environment;
  spec.environment["E2B_SANDBOX"] = "true";
  spec.environment["E2B_SANDBOX_ID"] = record.id;
  spec.environment["E2B_TEMPLATE_ID"] = record.template_name;
  spec.access_token = record.access_token;
  spec.limits.memory_bytes = static_cast<std::uint64_t>(record.memory_mb) << 20;
  spec.limits.cpus = record.cpu_count;
  return spec;
}

Status SandboxFleet::journal(const SandboxRecord& record) {
  json line;
  line["sandbox"] = to_json(record);
  return journal_->append(line);
}

Status SandboxFleet::journal_gone(const Tombstone& tombstone) {
  json line;
  line["gone"] = to_json(tombstone);
  GENESIS_TRY(journal_->append(line));
  if (journal_->grown() > kCompactAfter) return compact();
  return {};
}

Status SandboxFleet::compact() {
  std::vector<json> lines;
  for (const std::string& id : lifecycle_.tombstone_order()) {
    json line;
    line["gone"] = to_json(*lifecycle_.tombstone(id));
    lines.push_back(std::move(line));
  }
  for (const auto& [id, record] : lifecycle_.all()) {
    json line;
    line["sandbox"] = to_json(record);
    lines.push_back(std::move(line));
  }
  return journal_->compact(lines);
}

asio::awaitable<Status> SandboxFleet::open() {
  Failure failure;
  std::filesystem::create_directories(config_.state_dir / "sandboxes", failure);
  if (failure) {
    co_return make_error(ErrorKind::io, fmt::format("make the state folder '{}': {}",
                                                    config_.state_dir.string(), failure.message()));
  }
  spread_subfolders(config_.state_dir / "sandboxes");
  std::vector<json> lines;
  auto opened = Journal::open(config_.state_dir, lines);
  if (!opened) co_return tl::unexpected<Error>(opened.error());
  journal_.emplace(std::move(*opened));
  std::map<std::string, SandboxRecord> records;
  for (const json& line : lines) {
    if (line.contains("sandbox")) {
      auto record = record_from_json(line.at("sandbox"));
      if (!record) co_return tl::unexpected<Error>(record.error());
      const std::string id = record->id;
      records.insert_or_assign(id, std::move(*record));
    } else if (line.contains("gone")) {
      auto tombstone = tombstone_from_json(line.at("gone"));
      if (!tombstone) co_return tl::unexpected<Error>(tombstone.error());
      records.erase(tombstone->id);
      lifecycle_.remember(std::move(*tombstone));
    }
  }
  for (auto& [id, record] : records) {
    SandboxRecord taken = std::move(record);
    const Status adopted = co_await adopt(std::move(taken));
    if (!adopted) co_return adopted;
  }
  co_await sweep_strangers();
  const Status compacted = compact();
  if (!compacted) co_return compacted;
  keep_time();
  sample_usage();
  co_return Status();
}

asio::awaitable<Status> SandboxFleet::adopt(SandboxRecord record) {
  const std::string id = record.id;
  const SandboxSpec spec = spec_of(record);
  const bool lived = record.state == SandboxState::running || record.state == SandboxState::paused;
  const bool paused = record.state == SandboxState::paused;
  const EndCause cause = record.state == SandboxState::ending ? record.cause : EndCause::host;
  std::string detail = record.state == SandboxState::ending ? record.cause_detail
                       : lived                              ? "ended while no server was running"
                               : "was being started when the server was killed";
  const pid_t pid = record.pid;
  const std::uint64_t ticks = record.start_ticks;
  lifecycle_.adopted(std::move(record), now());
  if (lived) {
    auto taken = spawner_.adopt(spec, pid, ticks);
    if (taken) {
      // Told before it was done, perhaps: doing it twice changes nothing.
      Status same = paused ? spawner_.freeze(*taken) : spawner_.thaw(*taken);
      if (!same && paused) log::warning("sandbox {}: {}", id, same.error().message);
      watch(std::move(*taken));
      co_return Status();
    }
  }
  const SandboxEnd end = co_await spawner_.sweep(spec);
  if (!end.left_behind.empty()) log::warning("sandbox {}: {}", id, end.left_behind);
  lifecycle_.ending(id, cause, detail, now());
  lifecycle_.gone(id, cause, detail, now());
  co_return Status();
}

asio::awaitable<void> SandboxFleet::sweep_strangers() {
  std::vector<std::string> strangers;
  Failure failure;
  const auto folder = config_.state_dir / "sandboxes";
  for (const auto& entry : std::filesystem::directory_iterator(folder, failure)) {
    const std::string id = entry.path().filename();
    if (!lifecycle_.find(id)) strangers.push_back(id);
  }
  for (const std::string& id : strangers) {
    SandboxRecord nobody;
    nobody.id = id;
    const SandboxSpec spec = spec_of(nobody);
    const SandboxEnd end = co_await spawner_.sweep(spec);
    if (!end.left_behind.empty()) log::warning("left over '{}': {}", id, end.left_behind);
  }
}

asio::awaitable<void> SandboxFleet::close(AtStop what) {
  closed_ = true;
  timer_.cancel();
  sampler_.cancel();
  while (!waiting_.empty()) place_is_free();
  while (is_ending_any()) {  // What has begun to end ends here.
    Failure ignored;
    co_await ended_.async_wait(asio::redirect_error(use_awaitable, ignored));
  }
  if (what == AtStop::keep) {
    for (auto& [id, running] : running_) running->stop_watching();
    co_return;
  }
  std::vector<std::string> ids;
  for (const auto& [id, record] : lifecycle_.all()) ids.push_back(id);
  for (const std::string& id : ids) {
    if (!lifecycle_.find(id)) continue;
    co_await end(id, EndCause::server_stopped, "was ended with its server");
  }
}

asio::awaitable<Answer<void>> SandboxFleet::wait_for_place(std::string team, std::size_t limit) {
  Waiter waiter(io_, waiting_);
  const auto until = std::chrono::steady_clock::now() + config_.queue_wait;
  bool in_turn = waiting_.empty();
  while (!closed_) {
    const Admission admission = lifecycle_.admit(team, limit);
    if (admission == Admission::team_full) {
      Refusal refusal(429, fmt::format("you have reached the maximum number of concurrent "
                                       "sandboxes of team '{}' ({}); end one, or ask for a higher "
                                       "max_sandboxes",
                                       team, limit));
      refusal.error_code = "team_sandbox_limit";
      co_return tl::unexpected<Refusal>(refusal);
    }
    if (admission == Admission::admitted && in_turn) co_return Answer<void>();
    if (waiting_.size() >= config_.queue_length || std::chrono::steady_clock::now() >= until) {
      if (in_turn) place_is_free();
      co_return tl::unexpected<Refusal>(
          try_later(fmt::format("all {} sandboxes of this server are in use, and {} requests wait",
                                config_.max_sandboxes, waiting_.size())));
    }
    // One that was called and did not fit keeps its place in front.
    waiter.enter(in_turn);
    waiter.timer.expires_at(until);
    Failure ignored;
    co_await waiter.timer.async_wait(asio::redirect_error(use_awaitable, ignored));
    waiter.leave();
    in_turn = waiter.called;
  }
  co_return refuse(503, "this server is being stopped");
}

void SandboxFleet::place_is_free() {
  if (!waiting_.empty()) waiting_.front()->call();
}

bool SandboxFleet::is_ending_any() const {
  return std::any_of(lifecycle_.all().begin(), lifecycle_.all().end(),
                     [](const auto& entry) { return entry.second.state == SandboxState::ending; });
}

asio::awaitable<Answer<SandboxRecord>> SandboxFleet::create(SandboxRecord record,
                                                            std::size_t team_limit) {
  auto place = co_await wait_for_place(record.team, team_limit);
  if (!place) co_return tl::unexpected<Refusal>(place.error());
  // E2B's hosts split names at dashes: letters and digits only.
  record.id = "s" + random_hex(19);
  co_return co_await start(std::move(record));
}

asio::awaitable<Answer<SandboxRecord>> SandboxFleet::start(SandboxRecord given) {
  const std::string id = given.id;
  const SandboxSpec spec = spec_of(given);
  failpoint("sandboxd.create.before");
  const Status announced = journal(lifecycle_.begin(std::move(given), now()));
  if (!announced) {
    lifecycle_.ending(id, EndCause::start_failed, announced.error().message, now());
    lifecycle_.gone(id, EndCause::start_failed, "", now());
    place_is_free();
    co_return tl::unexpected<Refusal>(start_refusal(announced.error()));
  }
  failpoint("sandboxd.create.journaled");
  auto started = co_await spawner_.start(spec);
  failpoint("sandboxd.create.spawned");
  if (!started) {
    const std::string why = "could not be started: " + started.error().message;
    lifecycle_.ending(id, EndCause::start_failed, why, now());
    const Status told = journal_gone(lifecycle_.gone(id, EndCause::start_failed, why, now()));
    if (!told) log::error("{}", told.error().message);
    place_is_free();
    co_return tl::unexpected<Refusal>(start_refusal(started.error()));
  }
  lifecycle_.started(id, started->pid, started->start_ticks, now());
  watch(std::move(*started));
  SandboxRecord& record = *lifecycle_.find(id);
  const Status recorded = journal(record);
  failpoint("sandboxd.create.recorded");
  if (!recorded) {  // A server that forgot it would sweep it: better none than one that vanishes.
    co_await end(id, EndCause::start_failed, recorded.error().message);
    co_return tl::unexpected<Refusal>(start_refusal(recorded.error()));
  }
  ++created_;
  sample(record);
  keep_time();
  co_return record;
}

void SandboxFleet::watch(LiveSandbox sandbox) {
  const std::string id = sandbox.id;
  auto running = std::make_unique<Running>(io_, std::move(sandbox));
  running->watch([this, alive = alive_, id] {
    if (*alive) ended_by_itself(id);
  });
  running_[id] = std::move(running);
}

void SandboxFleet::ended_by_itself(const std::string& id) {
  SandboxRecord* const record = lifecycle_.find(id);
  if (closed_ || !record || record->state == SandboxState::ending) return;
  asio::co_spawn(io_, end(id, EndCause::crash, "its first process ended by itself"),
                 asio::detached);
}

asio::awaitable<void> SandboxFleet::end(std::string id, EndCause cause, std::string detail) {
  if (lifecycle_.ending(id, cause, std::move(detail), now())) {
    if (unreachable_) unreachable_(id);
    keep_time();
    const Status told = journal(*lifecycle_.find(id));
    if (!told) log::error("{}", told.error().message);
    failpoint("sandboxd.end.journaled");
    // Whoever asked may go away: it is ended all the same.
    asio::co_spawn(io_, finish(id), asio::detached);
  }
  while (lifecycle_.find(id)) {
    Failure ignored;
    co_await ended_.async_wait(asio::redirect_error(use_awaitable, ignored));
  }
}

asio::awaitable<void> SandboxFleet::finish(std::string id) {
  const auto node = running_.extract(id);
  SandboxEnd found;
  if (!node.empty()) {
    node.mapped()->stop_watching();
    found = co_await spawner_.end(node.mapped()->sandbox);
  }
  failpoint("sandboxd.end.done");
  if (!found.left_behind.empty()) log::error("sandbox {}: {}", id, found.left_behind);
  const SandboxRecord& record = *lifecycle_.find(id);
  EndCause cause = record.cause;
  std::string detail;
  if (cause == EndCause::crash && found.out_of_memory) {
    cause = EndCause::out_of_memory;
    detail = fmt::format("ran out of memory ({} MiB)", record.memory_mb);
  } else if (cause == EndCause::crash && found.exit_code) {
    detail = fmt::format("its first process ended by itself with exit code {}", *found.exit_code);
  } else if (cause == EndCause::crash && found.signal) {
    detail = fmt::format("its first process was ended by signal {}", *found.signal);
  }
  const Status told = journal_gone(lifecycle_.gone(id, cause, std::move(detail), now()));
  if (!told) log::error("{}", told.error().message);
  failpoint("sandboxd.end.recorded");
  history_.forget(id);
  last_end_ = std::chrono::steady_clock::now();
  ended_.cancel();
  place_is_free();
}

Refusal SandboxFleet::missing(const std::string& team, const std::string& id) const {
  const Tombstone* const tombstone = lifecycle_.tombstone(id);
  if (!tombstone || tombstone->team != team) {
    return {404, fmt::format("Sandbox \"{}\" not found", id)};
  }
  Refusal refusal(404, fmt::format("Sandbox \"{}\" not found: it {}", id, tombstone->text()));
  refusal.error_code = "sandbox_" + std::string(to_string(tombstone->cause));
  return refusal;
}

Answer<SandboxRecord*> SandboxFleet::find(const std::string& team, const std::string& id) {
  SandboxRecord* const record = lifecycle_.visible(team, id);
  if (!record) return tl::unexpected<Refusal>(missing(team, id));
  return record;
}

asio::awaitable<Answer<void>> SandboxFleet::kill(std::string team, std::string id, std::string by) {
  if (!lifecycle_.visible(team, id)) co_return tl::unexpected<Refusal>(missing(team, id));
  co_await end(id, EndCause::killed, "was killed by " + by);
  co_return Answer<void>();
}

Answer<void> SandboxFleet::set_timeout(const std::string& team, const std::string& id,
                                       int timeout_s) {
  const auto found = find(team, id);
  if (!found) return tl::unexpected<Refusal>(found.error());
  if (const auto set = lifecycle_.set_timeout(id, timeout_s, now()); !set) {
    return refuse(409, set.error().message);
  }
  if (const auto told = journal(**found); !told) return refuse(500, told.error().message);
  keep_time();
  return {};
}

Answer<void> SandboxFleet::extend(const std::string& team, const std::string& id, int timeout_s) {
  const auto found = find(team, id);
  if (!found) return tl::unexpected<Refusal>(found.error());
  if ((*found)->state != SandboxState::running) {
    return refuse(409, fmt::format("Sandbox {} is paused", id));
  }
  lifecycle_.extend(id, timeout_s, now());
  if (const auto told = journal(**found); !told) return refuse(500, told.error().message);
  keep_time();
  return {};
}

}  // namespace genesis::sandbox_server
