#pragma once

#include <boost/asio/awaitable.hpp>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "launch/sandbox_server/envd/agent_context.h"

namespace genesis::envd {

class PolledWatch;

/// filesystem.Filesystem. I/O thread only; the context must outlive the awaitables.
class FilesystemService {
 public:
  explicit FilesystemService(AgentContext& context);
  ~FilesystemService();
  boost::asio::awaitable<void> handle(net::HttpExchange& exchange, std::string_view method);

 private:
  boost::asio::awaitable<RpcResult<std::string>> answer(std::string_view method, std::string body,
                                                        Actor actor);
  boost::asio::awaitable<RpcResult<std::string>> look(std::string body, Actor actor);
  boost::asio::awaitable<RpcResult<std::string>> make(std::string body, Actor actor);
  boost::asio::awaitable<RpcResult<std::string>> move(std::string body, Actor actor);
  boost::asio::awaitable<RpcResult<std::string>> list(std::string body, Actor actor);
  boost::asio::awaitable<RpcResult<std::string>> remove(std::string body, Actor actor);
  RpcResult<std::string> create_watcher(std::string_view body, const Actor& actor);
  RpcResult<std::string> watcher_events(std::string_view body);
  RpcResult<std::string> remove_watcher(std::string_view body);
  boost::asio::awaitable<void> watch(net::HttpExchange& exchange);
  boost::asio::awaitable<void> stream_changes(net::HttpExchange& exchange,
                                              std::shared_ptr<PolledWatch> changes,
                                              std::chrono::steady_clock::time_point deadline);

  AgentContext& context_;
  std::map<std::string, std::shared_ptr<PolledWatch>> watchers_;
};

}  // namespace genesis::envd
