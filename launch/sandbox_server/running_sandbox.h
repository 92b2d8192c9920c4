#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <functional>
#include <memory>
#include <utility>

#include "genesis/base/readiness.h"
#include "launch/sandbox_server/sandbox_fleet.h"

namespace genesis::sandbox_server {

/// What the fleet holds of a sandbox that has processes. On the loop's thread.
struct SandboxFleet::Running {
  Running(boost::asio::io_context& io, LiveSandbox live) : sandbox(std::move(live)), pidfd(io) {}
  ~Running() { stop_watching(); }

  /// Calls `ended` once when the first process has ended.
  void watch(std::function<void()> ended) {
    if (!sandbox.pidfd) return;
    pidfd.assign(sandbox.pidfd.get());
    told = std::move(ended);
    wait();
  }
  void wait() {
    pidfd.async_wait(
        boost::asio::posix::stream_descriptor::wait_read,
        [this, watched = std::weak_ptr<bool>(watched)](const boost::system::error_code& stopped) {
          if (stopped || watched.expired()) return;
          if (!is_readable(sandbox.pidfd.get())) return wait();
          told();
        });
  }
  /// The descriptor stays the sandbox's.
  void stop_watching() {
    watched.reset();
    if (pidfd.is_open()) pidfd.release();
  }

  LiveSandbox sandbox;
  boost::asio::posix::stream_descriptor pidfd;
  std::function<void()> told;
  std::shared_ptr<bool> watched = std::make_shared<bool>(true);  ///< Gone with this.
};

}  // namespace genesis::sandbox_server
