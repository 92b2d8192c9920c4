#include "launch/sandbox_server/json_text.h"

#include <nlohmann/json.hpp>
#include <utility>

#include "launch/sandbox_wire/json_text.h"

namespace genesis::sandbox_server {

using nlohmann::json;

Answer<json> parse_body(std::string_view text) {
  auto body = sandbox_wire::parse_json_object(text);
  if (!body) return refuse(400, body.error().message);
  return std::move(*body);
}

std::string dump(const json& value) {
  return sandbox_wire::to_json_text(value);
}

std::string error_body(const Refusal& refusal) {
  json body{{"code", refusal.status}, {"message", refusal.message}};
  if (!refusal.error_code.empty()) body["error_code"] = refusal.error_code;
  return dump(body);
}

}  // namespace genesis::sandbox_server
