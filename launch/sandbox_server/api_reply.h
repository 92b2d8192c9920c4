#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "genesis/net/http_request.h"
#include "launch/sandbox_server/refusal.h"
#include "launch/sandbox_server/sandbox_record.h"
#include "launch/sandbox_server/server_config.h"
#include "launch/sandbox_server/usage_history.h"

namespace genesis::sandbox_server {

/// The version of envd whose behaviour genesis-envd has: the SDKs' features depend on it.
inline constexpr const char* kEnvdVersion = "0.6.13";

/// An answer of the control plane: JSON, or nothing.
struct Reply {
  int status = 200;
  net::Headers headers;
  std::string body;

  Reply() = default;  // Crosses awaits: not an aggregate (g++ 12).
  explicit Reply(int code) : status(code) {}
  Reply(int code, const nlohmann::json& value);
  explicit Reply(const Refusal& refusal);
};

/// What create and connect answer.
nlohmann::json sandbox_json(const SandboxRecord& record, const ServerConfig& config);
/// One of a list.
nlohmann::json listed_json(const SandboxRecord& record);
/// What GET /sandboxes/{id} answers.
nlohmann::json detail_json(const SandboxRecord& record, const ServerConfig& config);
nlohmann::json metric_json(const UsageSample& sample, const SandboxRecord& record);
nlohmann::json template_json(const TemplateConfig& made, std::int64_t since_ms);
/// Entries of the newer form: {timestamp, level, message, fields}.
nlohmann::json log_json(const std::vector<LogEntry>& log, const std::string& id);

}  // namespace genesis::sandbox_server
