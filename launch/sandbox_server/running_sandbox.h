#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <functional>
#include <utility>

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
    pidfd.async_wait(boost::asio::posix::stream_descriptor::wait_read,
                     [ended = std::move(ended)](const boost::system::error_code& stopped) {
                       if (!stopped) ended();
                     });
  }
  /// The descriptor stays the sandbox's.
  void stop_watching() {
    if (pidfd.is_open()) pidfd.release();
  }

  LiveSandbox sandbox;
  boost::asio::posix::stream_descriptor pidfd;
};

}  // namespace genesis::sandbox_server
