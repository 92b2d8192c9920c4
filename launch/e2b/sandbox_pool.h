#pragma once

#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "launch/e2b/doubtful_sandboxes.h"
#include "launch/e2b/pool_state.h"
#include "launch/e2b/provider.h"

namespace genesis::launch::e2b {

/// In the metadata of a sandbox: the attempt that it was made for (attempt_mark() of its token).
inline constexpr std::string_view kAttemptKey = "genesis_attempt";
/// In the metadata of a sandbox that was made from a snapshot: the template that counts.
inline constexpr std::string_view kTemplateKey = "genesis_template";

/// A sandbox of the pool and what has been done in it.
struct PooledSandbox {
  SandboxHandle handle;
  std::string bundle;  ///< The hash of what has been unpacked there.
  bool installed = false;
  std::chrono::steady_clock::time_point ends_at;  ///< As far as we know, at the earliest.
};

/// Carries out what PoolState decides. On the I/O loop's thread; what it has begun keeps it alive.
class SandboxPool : public std::enable_shared_from_this<SandboxPool> {
 public:
  using Time = std::chrono::steady_clock::time_point;
  struct Host {
    std::function<void(const std::string& token, int slot)> on_lease;
    std::function<void(const std::string& token, const Failure& failure)> on_refusal;
    std::function<void(int slots, const std::string& reason)> on_capacity;
    std::function<void(const std::string& id)> on_made;
    /// Its time is over; false: nobody could end it, and it lives on until `ends_at`.
    std::function<void(const std::string& id, bool ended, Time ends_at)> on_gone;
    /// What start_from() named is not there any more; the usual template is taken again.
    std::function<void()> on_start_lost;
    std::function<void()> on_idle;  ///< After close(): no sandbox is left.
  };
  SandboxPool(boost::asio::io_context& io, std::shared_ptr<Provider> provider, PoolPolicy policy,
              NewSandbox kind, Host host);

  /// Announces the capacity.
  void open() { pump(); }
  void want(const std::string& token);
  bool forget(const std::string& token);
  /// Lives as long as somebody works with it, whatever becomes of the sandbox and the pool.
  std::shared_ptr<PooledSandbox> at(int slot) { return sandboxes_.at(slot); }
  /// Sandboxes are made from this snapshot, which has the dependencies, instead of the template.
  void start_from(std::string snapshot);
  /// `ends_at`: until when it lives if nobody ends it.
  int adopt(SandboxHandle handle, Time ends_at);
  /// `ended` is called once the sandbox is kept or gone; false: nobody could end it.
  void give_back(int slot, bool keep, std::function<void(bool gone)> ended);
  /// Ends all that nobody has; on_idle is called when none is left.
  void close();
  /// What has no answer yet is given up and treated as in doubt: there is little time left.
  void hurry();
  /// Nobody is told anything any more.
  void abandon();
  bool owns(const std::string& id) const;
  /// Ends a sandbox that is none of ours any more.
  void end_stray(std::string id);

 private:
  void pump();
  void schedule_pump();
  void carry_out(const PoolAction& action);
  void make(int slot, const std::string& token);
  void not_made(int slot, const std::string& mark, const std::string& snapshot, Failure failure);
  void settle_doubts();
  void end(int slot, const std::string& id);
  void tell_gone(const std::string& id, bool ended, Time ends_at);
  Awaitable<bool> kill(std::string id);
  void look_again();
  /// A call to the provider that hurry() gives up.
  template <typename Result, typename Over>
  void call(Awaitable<Result> steps, Over over);

  boost::asio::io_context& io_;
  std::shared_ptr<Provider> provider_;
  NewSandbox kind_;
  std::string snapshot_;  ///< Empty: from the template.
  Host host_;
  PoolState state_;
  boost::asio::steady_timer timer_;
  std::shared_ptr<DoubtfulSandboxes> doubts_;
  bool settling_ = false;
  std::map<int, std::shared_ptr<PooledSandbox>> sandboxes_;
  std::map<int, std::function<void(bool)>> on_ended_;
  std::set<std::shared_ptr<boost::asio::cancellation_signal>> calls_;  ///< Without an answer.
  bool pump_scheduled_ = false;
  bool closed_ = false;
};

}  // namespace genesis::launch::e2b
