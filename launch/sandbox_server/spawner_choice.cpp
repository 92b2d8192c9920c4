#include "launch/sandbox_server/spawner_choice.h"

#include <utility>

#include "launch/sandbox_server/spawner/namespace_spawner.h"

namespace genesis::sandbox_server {

Result<std::unique_ptr<SandboxSpawner>> make_spawner(boost::asio::io_context& io,
                                                     const ServerConfig& config) {
  std::filesystem::path agent = config.agent;
  if (agent.empty()) {
    GENESIS_TRY_ASSIGN(agent, NamespaceSpawner::find_agent());
  }
  GENESIS_TRY_ASSIGN(std::unique_ptr<SandboxSpawner> spawner, NamespaceSpawner::open(io, agent));
  return spawner;
}

}  // namespace genesis::sandbox_server
