#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/thread_pool.hpp>
#include <memory>
#include <optional>
#include <string>

#include "genesis/net/http_server.h"
#include "launch/sandbox_server/envd/accounts.h"
#include "launch/sandbox_server/envd/agent_state.h"
#include "launch/sandbox_server/envd/file_operations.h"
#include "launch/sandbox_server/envd/process_table.h"
#include "launch/sandbox_server/envd/rpc_error.h"

namespace genesis::envd {

/// What the agent's services share. I/O thread only.
struct AgentContext {
  boost::asio::io_context& io;
  boost::asio::thread_pool& workers;  ///< For what waits for disks.
  AccountFiles accounts;
  AgentState state;
  ProcessTable processes;
  /// This process cannot become another user: commands and files are its own, whoever asks.
  bool one_identity = false;
  /// Whom this process runs as, where /etc/passwd does not know them.
  std::optional<Account> unlisted;

  AgentContext(boost::asio::io_context& loop, boost::asio::thread_pool& pool)
      : io(loop), workers(pool), processes(loop) {}
};

/// For whom a request acts.
struct Actor {
  Account account;
  Owner owner;
  Identity identity;
  std::shared_ptr<const Accounts> accounts;
};

/// The user called `name`; absent: the default one. Error `unauthenticated`: there is none.
RpcResult<Actor> actor_named(AgentContext& context, const std::optional<std::string>& name);
/// The one of the request's Basic header.
RpcResult<Actor> actor_of(AgentContext& context, const net::HttpRequestHead& head);
/// resolve_path for this actor; errors as `invalid_argument`.
RpcResult<std::string> path_for(const AgentContext& context, const Actor& actor,
                                std::string_view path);

}  // namespace genesis::envd
