#include "launch/e2b/json_reading.h"

#include <charconv>
#include <nlohmann/json.hpp>

namespace genesis::launch::e2b {

using nlohmann::json;

namespace {

const json* member(const json& object, const char* name) {
  if (!object.is_object()) return nullptr;
  const auto found = object.find(name);
  return found == object.end() ? nullptr : &*found;
}

}  // namespace

Result<json> parse_object(std::string_view text) {
  json value = json::parse(text, nullptr, false);
  if (value.is_object()) return value;
  return make_error(ErrorKind::parse, "the answer is not a JSON object");
}

Result<json> parse_array(std::string_view text) {
  json value = json::parse(text, nullptr, false);
  if (value.is_array()) return value;
  return make_error(ErrorKind::parse, "the answer is not a JSON list");
}

std::string json_text(const json& value) {
  return value.dump(-1, ' ', false, json::error_handler_t::replace);
}

std::string text_member(const json& object, const char* name) {
  const json* const found = member(object, name);
  return found != nullptr && found->is_string() ? found->get<std::string>() : std::string();
}

std::int64_t integer_member(const json& object, const char* name) {
  const json* const found = member(object, name);
  if (found == nullptr) return 0;
  if (found->is_number_integer()) return found->get<std::int64_t>();
  if (!found->is_string()) return 0;
  const auto& text = found->get_ref<const std::string&>();
  std::int64_t value = 0;
  const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), value);
  return failed == std::errc() && end == text.data() + text.size() ? value : 0;
}

double number_member(const json& object, const char* name) {
  const json* const found = member(object, name);
  return found != nullptr && found->is_number() ? found->get<double>() : 0.0;
}

bool flag_member(const json& object, const char* name, bool otherwise) {
  const json* const found = member(object, name);
  return found != nullptr && found->is_boolean() ? found->get<bool>() : otherwise;
}

const json* object_member(const json& object, const char* name) {
  const json* const found = member(object, name);
  return found != nullptr && found->is_object() ? found : nullptr;
}

}  // namespace genesis::launch::e2b
