#pragma once

#include <concepts>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace genesis::evaluator {

/// Named values in the order in which they were first set; a name that is set again is replaced.
/// NaN and infinities are refused: set() throws std::invalid_argument with the name. One thread.
class Metrics {
 public:
  /// Booleans, integers, floating-point numbers, texts, or ranges of numbers.
  template <typename Value>
  Metrics& set(std::string_view name, const Value& value) {
    if constexpr (std::same_as<Value, bool>) {
      return set_boolean(name, value);
    } else if constexpr (std::unsigned_integral<Value>) {
      return set_unsigned(name, value);
    } else if constexpr (std::integral<Value>) {
      return set_integer(name, value);
    } else if constexpr (std::floating_point<Value>) {
      return set_number(name, static_cast<double>(value));
    } else if constexpr (std::convertible_to<const Value&, std::string_view>) {
      return set_text(name, value);
    } else {
      return set_numbers(name, std::vector<double>(std::begin(value), std::end(value)));
    }
  }
  /// Anything else, as JSON text. Throws std::invalid_argument where it is none.
  Metrics& set_json(std::string_view name, std::string_view json);

  bool empty() const { return fields_.empty(); }
  /// One JSON object. What is no UTF-8 has become U+FFFD.
  std::string to_json() const;

 private:
  Metrics& set_boolean(std::string_view name, bool value);
  Metrics& set_integer(std::string_view name, std::int64_t value);
  Metrics& set_unsigned(std::string_view name, std::uint64_t value);
  Metrics& set_number(std::string_view name, double value);
  Metrics& set_text(std::string_view name, std::string_view value);
  Metrics& set_numbers(std::string_view name, std::span<const double> values);
  Metrics& put(std::string_view name, std::string json);

  std::vector<std::pair<std::string, std::string>> fields_;  // name, JSON
};

}  // namespace genesis::evaluator
