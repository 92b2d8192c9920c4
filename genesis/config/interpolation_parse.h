#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "genesis/config/scalar.h"

namespace genesis::config {

struct Interpolation;

/// A piece of text or an interpolation inside it.
struct TextPart {
  std::string text;
  std::shared_ptr<const Interpolation> interpolation;  ///< When set, `text` does not count.
};

/// An argument of a resolver, or the whole of a value.
struct Expression {
  enum class Kind { scalar, text, reference, list, map };
  Kind kind = Kind::scalar;
  Scalar value;  ///< scalar
  std::vector<TextPart>
      parts;                 ///< text: joined as strings; reference: one part, its value as it is
  std::vector<Scalar> keys;  ///< map
  std::vector<Expression> items;  ///< list: its items; map: its values
};

/// "${a.b[c]}" or "${name:arguments}".
struct Interpolation {
  bool is_resolver = false;
  std::vector<TextPart> path;  ///< Keys, dots and brackets in order; or the parts of the name.
  std::vector<Expression> arguments;
};

/// Parses a string value that holds "${" by OmegaConf's grammar. Throws ConfigError.
Expression parse_value_text(std::string_view text);
/// Parses one element ("[1, {a: b}]", "10", "'x'"), as oc.decode does. Throws ConfigError.
Expression parse_element_text(std::string_view text);
/// What is wrong with the interpolations of `text`, or nothing.
std::optional<std::string> interpolation_problem(std::string_view text);

}  // namespace genesis::config
