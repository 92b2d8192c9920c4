#pragma once

#include <boost/asio/awaitable.hpp>
#include <string_view>

#include "launch/sandbox_server/envd/agent_context.h"

namespace genesis::envd {

/// process.Process. I/O thread only; the context must outlive the awaitables.
class ProcessService {
 public:
  explicit ProcessService(AgentContext& context) : context_(context) {}
  /// Answers the call; 404 for a method that there is not.
  boost::asio::awaitable<void> handle(net::HttpExchange& exchange, std::string_view method);

 private:
  using Deadline = std::optional<std::chrono::steady_clock::time_point>;
  boost::asio::awaitable<void> start(net::HttpExchange& exchange);
  boost::asio::awaitable<void> connect(net::HttpExchange& exchange);
  boost::asio::awaitable<void> stream_input(net::HttpExchange& exchange);
  boost::asio::awaitable<void> send_input(net::HttpExchange& exchange, std::string body);
  boost::asio::awaitable<void> send_signal(net::HttpExchange& exchange, std::string body);
  boost::asio::awaitable<void> unary(net::HttpExchange& exchange, std::string_view method);
  boost::asio::awaitable<void> stream(net::HttpExchange& exchange, std::shared_ptr<Process> process,
                                      std::shared_ptr<Subscriber> subscriber, Deadline deadline);
  boost::asio::awaitable<RpcStatus> read_inputs(net::HttpExchange& exchange);

  RpcResult<std::shared_ptr<Process>> launch(const net::HttpRequestHead& head,
                                             std::string_view body);
  RpcResult<std::shared_ptr<Process>> find(const ProcessSelector& selector) const;
  RpcResult<std::shared_ptr<Process>> signalled(const SignalRequest& request);
  RpcResult<std::string> answer(std::string_view method, std::string_view body);

  AgentContext& context_;
};

}  // namespace genesis::envd
