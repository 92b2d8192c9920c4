#include "launch/sandbox_server/json_text.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

namespace genesis::sandbox_server {
namespace {

using nlohmann::json;

constexpr int kDeepest = 64;

/// The parser recurses nowhere, but whoever reads the value may.
bool is_too_deep(std::string_view text) {
  int depth = 0;
  bool in_text = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char letter = text[i];
    if (in_text) {
      if (letter == '\\') ++i;
      if (letter == '"') in_text = false;
    } else if (letter == '"') {
      in_text = true;
    } else if (letter == '{' || letter == '[') {
      if (++depth > kDeepest) return true;
    } else if (letter == '}' || letter == ']') {
      --depth;
    }
  }
  return false;
}

}  // namespace

Answer<json> parse_body(std::string_view text) {
  if (text.find_first_not_of(" \t\r\n") == std::string_view::npos) return json::object();
  if (is_too_deep(text)) return refuse(400, "the request's body is nested too deeply");
  json value = json::parse(text, nullptr, false);
  if (value.is_discarded()) return refuse(400, "the request's body is not JSON");
  if (!value.is_object()) return refuse(400, "the request's body is not a JSON object");
  return value;
}

std::string dump(const json& value) {
  return value.dump(-1, ' ', false, json::error_handler_t::replace);
}

std::string error_body(const Refusal& refusal) {
  json body{{"code", refusal.status}, {"message", refusal.message}};
  if (!refusal.error_code.empty()) body["error_code"] = refusal.error_code;
  return dump(body);
}

}  // namespace genesis::sandbox_server
