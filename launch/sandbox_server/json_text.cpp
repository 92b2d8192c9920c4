#include "launch/sandbox_server/json_text.h"

#include <nlohmann/json.hpp>
#include <utility>

#include "launch/sandbox_server/envd/json_text.h"

namespace genesis::sandbox_server {

using nlohmann::json;

Answer<json> parse_body(std::string_view text) {
  auto body = envd::parse_json_object(text);
  if (!body) return refuse(400, body.error().message);
  return std::move(*body);
}

std::string dump(const json& value) {
  return envd::to_json_text(value);
}

std::string error_body(const Refusal& refusal) {
  json body{{"code", refusal.status}, {"message", refusal.message}};
  if (!refusal.error_code.empty()) body["error_code"] = refusal.error_code;
  return dump(body);
}

}  // namespace genesis::sandbox_server
