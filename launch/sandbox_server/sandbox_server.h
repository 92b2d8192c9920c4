#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "genesis/base/clock.h"
#include "genesis/net/http_server.h"
#include "genesis/net/tls_front.h"
#include "launch/sandbox_server/api_keys.h"
#include "launch/sandbox_server/control_plane.h"
#include "launch/sandbox_server/gateway.h"
#include "launch/sandbox_server/kruise_plane.h"
#include "launch/sandbox_server/sandbox_fleet.h"
#include "launch/sandbox_server/server_config.h"

namespace genesis::sandbox_server {

/// The whole server: one port for the control plane and for what goes to sandboxes. On the loop's
/// thread.
class SandboxServer {
 public:
  SandboxServer(boost::asio::io_context& io, const ServerConfig& config, const Clock& clock,
                SandboxSpawner& spawner);

  /// Takes over what an earlier server left, then listens. Returns the port.
  boost::asio::awaitable<Result<std::uint16_t>> open();
  /// Answers what is in progress, but streams, which have a second, then ends or keeps the
  /// sandboxes.
  boost::asio::awaitable<void> close();

  const SandboxFleet& fleet() const { return fleet_; }
  /// How long there has been no sandbox and no request in progress; zero while there is one.
  Millis empty_for() const;

 private:
  boost::asio::awaitable<void> handle(net::HttpExchange& exchange);
  boost::asio::awaitable<void> answer(net::HttpExchange& exchange);
  boost::asio::awaitable<void> answer_api(net::HttpExchange& exchange, Destination destination);
  boost::asio::awaitable<void> refuse_plainly(net::HttpExchange& exchange, Refusal refusal);
  void end_streams();

  boost::asio::io_context& io_;
  boost::asio::steady_timer stream_grace_;
  const ServerConfig& config_;
  ApiKeys keys_;
  SandboxFleet fleet_;
  Gateway gateway_;
  ControlPlane control_;
  KruisePlane kruise_;
  std::size_t requests_ = 0;  ///< In progress.
  std::chrono::steady_clock::time_point last_used_ = std::chrono::steady_clock::now();
  net::HttpServer http_;
  std::optional<net::TlsFront> tls_;
};

}  // namespace genesis::sandbox_server
