#pragma once

#include <boost/asio/awaitable.hpp>

#include "launch/sandbox_server/envd/agent_context.h"
#include "launch/sandbox_server/envd/files_service.h"
#include "launch/sandbox_server/envd/filesystem_service.h"
#include "launch/sandbox_server/envd/machine_metrics.h"
#include "launch/sandbox_server/envd/process_service.h"

namespace genesis::envd {

/// Answers what comes to a sandbox's port 49983. I/O thread only; must outlive the server.
class Agent {
 public:
  Agent(AgentContext& context, MachineMetrics& metrics)
      : context_(context),
        metrics_(metrics),
        processes_(context),
        filesystem_(context),
        files_(context) {}

  boost::asio::awaitable<void> handle(net::HttpExchange& exchange);

 private:
  boost::asio::awaitable<void> route(net::HttpExchange& exchange, Target target);
  boost::asio::awaitable<void> call(net::HttpExchange& exchange, std::string path);
  boost::asio::awaitable<void> init(net::HttpExchange& exchange);
  boost::asio::awaitable<void> environment(net::HttpExchange& exchange);
  bool may_pass(const net::HttpRequestHead& head, const std::string& path) const;

  AgentContext& context_;
  MachineMetrics& metrics_;
  ProcessService processes_;
  FilesystemService filesystem_;
  FilesService files_;
};

}  // namespace genesis::envd
