#pragma once

#include <cstdint>
#include <string>

#include "genesis/net/http_wire.h"
#include "launch/sandbox_server/refusal.h"

namespace genesis::sandbox_server {

inline constexpr std::uint16_t kAgentPort = 49983;

/// Where a request goes.
struct Destination {
  enum class Kind {
    control,      ///< The control plane.
    kruise_api,   ///< The same under OpenKruise's prefix; `target` without it.
    sandbox,      ///< A port of a sandbox.
    signed_file,  ///< A signed URL of a file without a name of its sandbox: its signature says
                  ///< which.
  };
  Kind kind = Kind::control;
  std::string id;
  std::uint16_t port = 0;
  std::string target;  ///< What the sandbox is asked for.
};

/// Decides by headers (E2b-Sandbox-Id, E2b-Sandbox-Port), then path (/kruise/<id>/<port>/…), then
/// host name (<port>-<id>.…). Pure. Refusals: 400, with E2B's words.
Answer<Destination> route(const net::HttpRequestHead& request);

/// Routes of the agent that only this server may use: nobody else gets through.
bool is_internal_agent_route(const std::string& target);

}  // namespace genesis::sandbox_server
