#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "launch/sandbox_server/refusal.h"
#include "launch/sandbox_server/sandbox_record.h"
#include "launch/sandbox_server/server_config.h"

namespace genesis::sandbox_server {

/// The two generations of the API differ in what an absent value means.
enum class ApiVersion { v1, v2 };

/// A record from the body of POST /sandboxes or /v2/sandboxes: everything but id, team and times.
/// Rules that this version cannot enforce are refused, never ignored. Refusals: 400, 404
/// (template).
Answer<SandboxRecord> read_create_request(const nlohmann::json& body, ApiVersion version,
                                          const ServerConfig& config);

/// The template of a name, an alias or an id, with a tag or without; null: none.
const TemplateConfig* find_template(const ServerConfig& config, std::string name);

/// `timeout` of a body: absent gives `absent`. Refusal 400: no whole number, less than `least`, or
/// longer than allowed.
Answer<int> read_timeout(const nlohmann::json& body, int absent, int least, int most);

}  // namespace genesis::sandbox_server
