#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <string>

#include "genesis/base/clock.h"
#include "launch/sandbox_server/journal.h"
#include "launch/sandbox_server/refusal.h"
#include "launch/sandbox_server/sandbox_lifecycle.h"
#include "launch/sandbox_server/sandbox_spawner.h"
#include "launch/sandbox_server/server_config.h"
#include "launch/sandbox_server/usage_history.h"

namespace genesis::sandbox_server {

/// Carries out what the life cycle says: journal first, then the spawner, then the next state. Owns
/// every sandbox of the server. All on the loop's thread.
class SandboxFleet {
 public:
  SandboxFleet(boost::asio::io_context& io, const ServerConfig& config, const Clock& clock,
               SandboxSpawner& spawner);
  ~SandboxFleet();
  SandboxFleet(const SandboxFleet&) = delete;
  SandboxFleet& operator=(const SandboxFleet&) = delete;

  /// Reads the journal, takes over what runs, sweeps what was half made, and begins to keep time.
  boost::asio::awaitable<Status> open();
  /// Ends all sandboxes or leaves them to the next server; then nothing is done any more.
  boost::asio::awaitable<void> close(AtStop what);

  /// Refusals: 429 with Retry-After (no place, after the queue), 429 (the team's limit), 503, 500.
  /// `record` without id and state.
  boost::asio::awaitable<Answer<SandboxRecord>> create(SandboxRecord record,
                                                       std::size_t team_limit);
  /// Refusals of these: 404 (with what became of it), 409, 501.
  boost::asio::awaitable<Answer<void>> kill(std::string team, std::string id, std::string by);
  Answer<void> pause(const std::string& team, const std::string& id);
  /// True when it had to be resumed; a running one is only ever extended.
  Answer<bool> connect(const std::string& team, const std::string& id, int timeout_s);
  Answer<void> set_timeout(const std::string& team, const std::string& id, int timeout_s);
  Answer<void> extend(const std::string& team, const std::string& id, int timeout_s);
  Answer<SandboxRecord*> find(const std::string& team, const std::string& id);
  /// One sample of now, when there is none yet.
  std::vector<UsageSample> usage(const SandboxRecord& record, std::int64_t from_ms,
                                 std::int64_t to_ms);

  /// For the gateway: whoever asks has the sandbox's own tokens. Null: none that runs.
  const LiveSandbox* running(const std::string& id) const;
  /// Resumed by traffic; false where that is not wanted or does not work.
  bool resume_by_traffic(const std::string& id);
  bool owns_listener(const LiveSandbox& sandbox, std::uint16_t port) {
    return spawner_.owns_listener(sandbox, port);
  }
  /// Called when a sandbox cannot be reached any more: paused or ending.
  void on_unreachable(std::function<void(const std::string& id)> told) {
    unreachable_ = std::move(told);
  }

  const SandboxLifecycle& lifecycle() const { return lifecycle_; }
  SandboxLifecycle& lifecycle() { return lifecycle_; }
  std::size_t queued() const { return waiting_.size(); }
  const Clock& clock() const { return clock_; }
  std::size_t created() const { return created_; }
  /// When the last sandbox has gone; the start of this fleet when none has.
  std::chrono::steady_clock::time_point last_end() const { return last_end_; }

 private:
  struct Running;
  struct Waiter;

  SandboxSpec spec_of(const SandboxRecord& record) const;
  Moment now() const { return moment_of(clock_); }
  Status journal(const SandboxRecord& record);
  Status journal_gone(const Tombstone& tombstone);
  Status compact();

  boost::asio::awaitable<Answer<void>> wait_for_place(std::string team, std::size_t limit);
  boost::asio::awaitable<Answer<SandboxRecord>> start(SandboxRecord record);
  boost::asio::awaitable<Status> adopt(SandboxRecord record);
  void watch(LiveSandbox sandbox);
  void ended_by_itself(const std::string& id);
  /// Ends one that runs, is paused, or has ended by itself; returns when nothing is left of it.
  boost::asio::awaitable<void> end(std::string id, EndCause cause, std::string detail);
  boost::asio::awaitable<void> finish(std::string id);
  bool is_ending_any() const;
  boost::asio::awaitable<void> sweep_strangers();
  void place_is_free();

  void keep_time();
  void deadline_passed();
  void pause_at_timeout(const std::string& id);
  void sample_usage();
  void sample(const SandboxRecord& record);
  Refusal missing(const std::string& team, const std::string& id) const;

  boost::asio::io_context& io_;
  const ServerConfig& config_;
  const Clock& clock_;
  SandboxSpawner& spawner_;
  SandboxLifecycle lifecycle_;
  std::optional<Journal> journal_;
  std::map<std::string, std::unique_ptr<Running>> running_;
  UsageHistory history_;
  boost::asio::steady_timer timer_;
  boost::asio::steady_timer sampler_;
  boost::asio::steady_timer ended_;  ///< Cancelled when a sandbox has gone.
  std::list<Waiter*> waiting_;
  std::size_t created_ = 0;
  bool closed_ = false;
  std::chrono::steady_clock::time_point last_end_ = std::chrono::steady_clock::now();
  std::function<void(const std::string&)> unreachable_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace genesis::sandbox_server
