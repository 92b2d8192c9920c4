#pragma once

#include <boost/asio/io_context.hpp>
#include <memory>

#include "launch/sandbox_server/sandbox_spawner.h"
#include "launch/sandbox_server/server_config.h"

namespace genesis::sandbox_server {

/// What starts sandboxes on this machine. Errors: `not_found` (the agent is not there),
/// `unsupported` (no kind of sandbox works here, with the remedy).
Result<std::unique_ptr<SandboxSpawner>> make_spawner(boost::asio::io_context& io,
                                                     const ServerConfig& config);

}  // namespace genesis::sandbox_server
