#include "genesis_evaluator/metrics.h"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <stdexcept>

namespace genesis::evaluator {
namespace {

using Json = nlohmann::json;

std::string text_of(const Json& value) {
  return value.dump(-1, ' ', false, Json::error_handler_t::replace);
}

void require_finite(std::string_view name, double value) {
  if (!std::isfinite(value))
    throw std::invalid_argument("the metric '" + std::string(name) + "' is not a finite number");
}

}  // namespace

Metrics& Metrics::put(std::string_view name, std::string json) {
  const auto same = [&](const auto& field) { return field.first == name; };
  const auto found = std::find_if(fields_.begin(), fields_.end(), same);
  if (found != fields_.end()) {
    found->second = std::move(json);
  } else {
    fields_.emplace_back(name, std::move(json));
  }
  return *this;
}

Metrics& Metrics::set_boolean(std::string_view name, bool value) {
  return put(name, text_of(value));
}

Metrics& Metrics::set_integer(std::string_view name, std::int64_t value) {
  return put(name, text_of(value));
}

Metrics& Metrics::set_unsigned(std::string_view name, std::uint64_t value) {
  return put(name, text_of(value));
}

Metrics& Metrics::set_number(std::string_view name, double value) {
  require_finite(name, value);
  return put(name, text_of(value));
}

Metrics& Metrics::set_text(std::string_view name, std::string_view value) {
  return put(name, text_of(value));
}

Metrics& Metrics::set_numbers(std::string_view name, std::span<const double> values) {
  for (const double value : values) require_finite(name, value);
  return put(name, text_of(std::vector<double>(values.begin(), values.end())));
}

Metrics& Metrics::set_json(std::string_view name, std::string_view json) {
  const Json value = Json::parse(json, nullptr, false);
  if (value.is_discarded())
    throw std::invalid_argument("the metric '" + std::string(name) +
                                "' is no JSON: " + std::string(json.substr(0, 80)));
  return put(name, text_of(value));
}

std::string Metrics::to_json() const {
  std::string text = "{";
  for (const auto& [name, json] : fields_) {
    if (text.size() > 1) text += ", ";
    text += text_of(name) + ": " + json;
  }
  return text + "}";
}

}  // namespace genesis::evaluator
