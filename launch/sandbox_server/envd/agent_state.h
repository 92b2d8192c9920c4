#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "genesis/base/error.h"
#include "launch/sandbox_server/envd/accounts.h"

namespace genesis::envd {

/// What clients of envd find behind its version number; SDKs ask for 0.6.4 at most.
inline constexpr std::string_view kEnvdVersion = "0.6.13";

using Environment = std::map<std::string, std::string>;

/// POST /init.
struct InitRequest {
  std::optional<Environment> environment;
  std::string access_token;                  ///< Empty: none.
  std::optional<std::int64_t> timestamp_us;  ///< Microseconds since 1970.
  std::string default_user;
  std::string default_folder;
};
/// Errors: `parse`. An empty body asks for nothing.
Result<InitRequest> parse_init(std::string_view body);
/// RFC 3339 to microseconds since 1970; absent when it is none.
std::optional<std::int64_t> parse_timestamp(std::string_view text);

/// What the agent knows of its sandbox. Changed by /init only. Pure.
struct AgentState {
  std::string access_token;
  std::string default_user = "root";
  std::string default_folder;
  Environment environment;
  Environment reserved;  ///< Of the sandbox's making: /init cannot change them.
  std::optional<std::int64_t> last_init_us;

  /// False: another token is set (401). A request that is not newer than the last changes nothing.
  bool apply(const InitRequest& request);
};

/// "NAME=value" of a command: of its user, then the sandbox's, then its own; the last wins.
std::vector<std::string> command_environment(const AgentState& state, const Account& account,
                                             const Environment& own);
/// PATH of such an environment.
std::string search_path_of(const std::vector<std::string>& environment);

/// The user of `Authorization: Basic …`; absent: none is named.
std::optional<std::string> basic_user(std::string_view authorization);

}  // namespace genesis::envd
