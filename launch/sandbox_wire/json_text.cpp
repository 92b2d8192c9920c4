#include "launch/sandbox_wire/json_text.h"

#include <nlohmann/json.hpp>

namespace genesis::sandbox_wire {

namespace {

constexpr int kMaxDepth = 64;

/// Found before parsing: a tree of a million levels would be built, and walked to be thrown away.
bool is_too_deep(std::string_view text) {
  int depth = 0;
  bool in_string = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (in_string) {
      if (c == '\\') ++i;
      if (c == '"') in_string = false;
      continue;
    }
    if (c == '"') in_string = true;
    if ((c == '{' || c == '[') && ++depth > kMaxDepth) return true;
    if (c == '}' || c == ']') --depth;
  }
  return false;
}

}  // namespace

Result<nlohmann::json> parse_json_object(std::string_view text) {
  if (text.find_first_not_of(" \t\r\n") == std::string_view::npos) return nlohmann::json::object();
  if (is_too_deep(text)) return make_error(ErrorKind::parse, "the JSON is nested too deeply");
  nlohmann::json value = nlohmann::json::parse(text, nullptr, false);
  if (value.is_discarded()) return make_error(ErrorKind::parse, "the body is not JSON");
  if (!value.is_object()) return make_error(ErrorKind::parse, "the body is not a JSON object");
  return value;
}

std::string to_json_text(const nlohmann::json& value) {
  return value.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

}  // namespace genesis::sandbox_wire
