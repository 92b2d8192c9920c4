#include "genesis/base/option_reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>

#include "genesis/base/text.h"

namespace genesis {

using nlohmann::json;

namespace {

const json& empty_object() {
  static const json the_empty = json::object();
  return the_empty;
}

std::string describe(const json& value) {
  switch (value.type()) {
    case json::value_t::null:
      return "null";
    case json::value_t::object:
      return "a mapping";
    case json::value_t::array:
      return "a list";
    case json::value_t::string:
      return fmt::format("the text '{}'", value.get_ref<const std::string&>());
    default:
      return value.dump();
  }
}

}  // namespace

OptionReader::OptionReader(const json& object, std::string path)
    : object_(object.is_null() ? &empty_object() : &object), path_(std::move(path)) {
  if (!object_->is_object()) {
    throw OptionException({path_, fmt::format("expected a mapping, found {}", describe(*object_))});
  }
}

void OptionReader::fail(std::string_view key, std::string message) const {
  const std::string dot = path_.empty() || key.empty() ? "" : ".";
  throw OptionException({fmt::format("{}{}{}", path_, dot, key), std::move(message)});
}

bool OptionReader::has(std::string_view key) const {
  return object_->contains(key);
}

bool OptionReader::take(std::string_view key) {
  if (std::find(known_.begin(), known_.end(), key) == known_.end()) known_.emplace_back(key);
  return object_->contains(key);
}

bool OptionReader::is_null(std::string_view key) const {
  return object_->at(std::string(key)).is_null();
}

const json* OptionReader::value(std::string_view key) {
  if (!take(key)) return nullptr;
  const json& found = object_->at(std::string(key));
  if (found.is_string() && found.get_ref<const std::string&>() == "???") {
    fail(key, "a value must be given (it is marked '?\?\?')");
  }
  return &found;
}

void OptionReader::ignore(std::string_view key) {
  take(key);
}

void OptionReader::read(std::string_view key, bool& out) {
  const json* found = value(key);
  if (found == nullptr) return;
  if (!found->is_boolean())
    fail(key, fmt::format("expected true or false, found {}", describe(*found)));
  out = found->get<bool>();
}

void OptionReader::read(std::string_view key, std::int64_t& out) {
  const json* found = value(key);
  if (found == nullptr) return;
  if (found->is_number_float()) {
    // YAML writes 1e6 as a float; a whole one is meant as an integer.
    const double number = found->get<double>();
    if (number == std::floor(number) && std::abs(number) < 9e15) {
      out = static_cast<std::int64_t>(number);
      return;
    }
  }
  if (!found->is_number_integer())
    fail(key, fmt::format("expected a whole number, found {}", describe(*found)));
  if (found->is_number_unsigned() && found->get<std::uint64_t>() > INT64_MAX) {
    fail(key, fmt::format("{} is too large", describe(*found)));
  }
  out = found->get<std::int64_t>();
}

void OptionReader::read(std::string_view key, int& out) {
  std::int64_t wide = out;
  read(key, wide);
  if (wide < std::numeric_limits<int>::min() || wide > std::numeric_limits<int>::max()) {
    fail(key, fmt::format("{} is out of range", wide));
  }
  out = static_cast<int>(wide);
}

void OptionReader::read(std::string_view key, std::uint64_t& out) {
  const json* found = value(key);
  if (found == nullptr) return;
  if (found->is_number_unsigned()) {
    out = found->get<std::uint64_t>();
    return;
  }
  std::int64_t wide = 0;
  read(key, wide);
  if (wide < 0) fail(key, fmt::format("expected a number of zero or more, found {}", wide));
  out = static_cast<std::uint64_t>(wide);
}

void OptionReader::read(std::string_view key, double& out) {
  const json* found = value(key);
  if (found == nullptr) return;
  if (!found->is_number()) fail(key, fmt::format("expected a number, found {}", describe(*found)));
  out = found->get<double>();
}

void OptionReader::read(std::string_view key, std::string& out) {
  const json* found = value(key);
  if (found == nullptr) return;
  if (!found->is_string()) {
    fail(key, fmt::format("expected text, found {} (put quotes around it to mean text)",
                          describe(*found)));
  }
  out = found->get<std::string>();
}

void OptionReader::read(std::string_view key, std::filesystem::path& out) {
  std::string text = out.string();
  read(key, text);
  out = text;
}

void OptionReader::read(std::string_view key, std::chrono::milliseconds& out) {
  const json* found = value(key);
  if (found == nullptr) return;
  const std::string text = found->is_string()   ? found->get<std::string>()
                           : found->is_number() ? fmt::format("{}", found->get<double>())
                                                : std::string();
  const auto parsed = parse_duration(text);
  if (text.empty() || !parsed) {
    fail(key, fmt::format("expected a duration (seconds, or HH:MM:SS, or like 5m), found {}",
                          describe(*found)));
  }
  out = *parsed;
}

void OptionReader::read_bytes(std::string_view key, std::uint64_t& out) {
  const json* found = value(key);
  if (found == nullptr) return;
  const std::string text = found->is_string()           ? found->get<std::string>()
                           : found->is_number_integer() ? found->dump()
                                                        : std::string();
  const auto parsed = parse_bytes(text);
  if (text.empty() || !parsed) {
    fail(key, fmt::format("expected a size (512M, 8G, or bytes), found {}", describe(*found)));
  }
  out = *parsed;
}

void OptionReader::read_bytes(std::string_view key, std::optional<std::uint64_t>& out) {
  if (!take(key)) return;
  if (is_null(key)) {
    out.reset();
    return;
  }
  std::uint64_t bytes = 0;
  read_bytes(key, bytes);
  out = bytes;
}

void OptionReader::read(std::string_view key, std::vector<std::string>& out) {
  const json* found = value(key);
  if (found == nullptr) return;
  if (!found->is_array()) fail(key, fmt::format("expected a list, found {}", describe(*found)));
  std::vector<std::string> texts;
  for (const json& item : *found) {
    if (item.is_structured() || item.is_null())
      fail(key, fmt::format("expected a list of texts, found {} in it", describe(item)));
    texts.push_back(item.is_string() ? item.get<std::string>() : item.dump());
  }
  out = std::move(texts);
}

void OptionReader::read(std::string_view key, std::vector<double>& out) {
  const json* found = value(key);
  if (found == nullptr) return;
  if (!found->is_array()) fail(key, fmt::format("expected a list, found {}", describe(*found)));
  std::vector<double> numbers;
  for (const json& item : *found) {
    if (!item.is_number())
      fail(key, fmt::format("expected a list of numbers, found {} in it", describe(item)));
    numbers.push_back(item.get<double>());
  }
  out = std::move(numbers);
}

void OptionReader::read(std::string_view key, std::map<std::string, std::string>& out) {
  const json* found = value(key);
  if (found == nullptr) return;
  if (!found->is_object()) fail(key, fmt::format("expected a mapping, found {}", describe(*found)));
  std::map<std::string, std::string> texts;
  for (const auto& [name, item] : found->items()) {
    if (item.is_structured() || item.is_null()) {
      fail(fmt::format("{}.{}", key, name),
           fmt::format("expected a text, found {}", describe(item)));
    }
    texts[name] = item.is_string() ? item.get<std::string>() : item.dump();
  }
  out = std::move(texts);
}

void OptionReader::read(std::string_view key, json& out) {
  const json* found = value(key);
  if (found != nullptr) out = *found;
}

std::optional<std::size_t> OptionReader::take_choice(std::string_view key,
                                                     const std::vector<std::string>& known) {
  const json* found = value(key);
  if (found == nullptr) return std::nullopt;
  if (found->is_string()) {
    const auto at = std::find(known.begin(), known.end(), found->get_ref<const std::string&>());
    if (at != known.end()) return static_cast<std::size_t>(at - known.begin());
    fail(key,
         fmt::format("'{}' is not one of {}{}", found->get_ref<const std::string&>(),
                     join(known, ", "), did_you_mean(found->get_ref<const std::string&>(), known)));
  }
  fail(key, fmt::format("expected one of {}, found {}", join(known, ", "), describe(*found)));
}

OptionReader OptionReader::object(std::string_view key) {
  const json* found = value(key);
  const std::string dot = path_.empty() ? "" : ".";
  return {found == nullptr ? empty_object() : *found, fmt::format("{}{}{}", path_, dot, key)};
}

void OptionReader::require(std::string_view key) const {
  const auto at = object_->find(key);
  if (at == object_->end() || at->is_null() ||
      (at->is_string() && at->get_ref<const std::string&>().empty())) {
    fail(key, "a value must be given");
  }
}

std::vector<std::string> OptionReader::unknown_keys() const {
  std::vector<std::string> unknown;
  for (const auto& [key, unused] : object_->items()) {
    if (std::find(known_.begin(), known_.end(), key) == known_.end()) unknown.push_back(key);
  }
  return unknown;
}

std::string OptionReader::nearest_known(std::string_view key) const {
  return std::string(nearest_name(key, known_));
}

void OptionReader::finish() const {
  const auto unknown = unknown_keys();
  if (unknown.empty()) return;
  fail(unknown.front(), fmt::format("unknown key{}", did_you_mean(unknown.front(), known_)));
}

}  // namespace genesis
