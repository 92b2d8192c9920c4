#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "launch/e2b/doubtful_sandboxes.h"
#include "launch/e2b/pool_state.h"
#include "launch/e2b/provider.h"

namespace genesis::launch::e2b {

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
  struct Host {
    std::function<void(const std::string& token, int slot)> on_lease;
    std::function<void(const std::string& token, const Failure& failure)> on_refusal;
    std::function<void(int slots, const std::string& reason)> on_capacity;
    std::function<void()> on_idle;  ///< After close(): no sandbox is left.
  };
  SandboxPool(boost::asio::io_context& io, std::shared_ptr<Provider> provider, PoolPolicy policy,
              NewSandbox kind, Host host);

  /// Announces the capacity.
  void open() { pump(); }
  void want(const std::string& token);
  bool forget(const std::string& token);
  PooledSandbox& at(int slot) { return *sandboxes_.at(slot); }
  int adopt(SandboxHandle handle);
  /// `ended` is called once the sandbox is kept or gone; false: nobody could end it.
  void give_back(int slot, bool keep, std::function<void(bool gone)> ended);
  /// Ends all that nobody has; on_idle is called when none is left.
  void close();
  /// Nobody is told anything any more.
  void abandon();
  bool owns(const std::string& id) const;
  /// Ends a sandbox that is none of ours any more.
  void end_stray(std::string id);

 private:
  void pump();
  void schedule_pump();
  void carry_out(const PoolAction& action);
  void make(int slot);
  void no_sandbox(int slot, const std::string& mark, const Failure& failure);
  void settle_doubts();
  void end(int slot, const std::string& id);
  Awaitable<bool> kill(std::string id);
  void look_again();

  boost::asio::io_context& io_;
  std::shared_ptr<Provider> provider_;
  NewSandbox kind_;
  Host host_;
  PoolState state_;
  boost::asio::steady_timer timer_;
  std::shared_ptr<DoubtfulSandboxes> doubts_;
  bool settling_ = false;
  std::map<int, std::unique_ptr<PooledSandbox>> sandboxes_;
  std::map<int, std::function<void(bool)>> on_ended_;
  bool pump_scheduled_ = false;
  bool closed_ = false;
};

}  // namespace genesis::launch::e2b
