#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "genesis/net/http_server.h"
#include "launch/sandbox_server/request_body.h"
#include "launch/sandbox_server/routing.h"
#include "launch/sandbox_server/sandbox_fleet.h"
#include "launch/sandbox_server/upstream.h"

namespace genesis::sandbox_server {

/// Passes requests on to what listens in sandboxes. A sandbox never gets a client's connection: the
/// next request on it may carry an API key. Heads are written anew; bodies of a known length move
/// from socket to socket, others piece by piece, each sent on at once. On the loop's thread.
class Gateway {
 public:
  Gateway(boost::asio::io_context& io, SandboxFleet& fleet);
  Gateway(const Gateway&) = delete;
  Gateway& operator=(const Gateway&) = delete;

  boost::asio::awaitable<void> forward(net::HttpExchange& exchange, Destination destination);
  /// Ends the answers that have no length of their own: output that is followed, watches,
  /// terminals.
  void cut_streams();

 private:
  /// What the client is told when it cannot be passed on; none: go on.
  std::optional<Refusal> objection(const Destination& destination,
                                   const net::HttpRequestHead& request);
  boost::asio::awaitable<void> refuse_to(net::HttpExchange& exchange,
                                         const Destination& destination, int status,
                                         std::string message);
  boost::asio::awaitable<Result<std::unique_ptr<Upstream>>> reach(const Destination& destination);
  boost::asio::awaitable<void> relay(net::HttpExchange& exchange, const Destination& destination,
                                     Upstream& upstream, bool& reusable);
  boost::asio::awaitable<void> relay_answer(net::HttpExchange& exchange,
                                            const Destination& destination, Upstream& upstream,
                                            const RequestBody& body, bool& reusable);
  boost::asio::awaitable<Status> send_answer(net::HttpExchange& exchange, Upstream& upstream,
                                             net::HttpParser& answer);
  boost::asio::awaitable<void> both_ways(net::HttpExchange& exchange, Upstream& upstream,
                                         net::HttpParser& answer);
  std::string request_head(const net::HttpExchange& exchange, const Destination& destination) const;
  void keep(const std::string& id, std::unique_ptr<Upstream> upstream);
  void cut_all(const std::string& id);

  boost::asio::io_context& io_;
  SandboxFleet& fleet_;
  std::multimap<std::string, Upstream*> active_;
  std::map<std::string, std::vector<std::unique_ptr<Upstream>>> idle_;
};

}  // namespace genesis::sandbox_server
