#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "genesis/base/error.h"

namespace genesis::evaluators {

enum class JsonKind { null, boolean, number, not_finite, string, array, object };

std::string_view to_string(JsonKind kind);

/// One value as compact JSON text: no white space, NaN and infinities as null, lone surrogates as
/// U+FFFD; any strict JSON parser reads it.
struct JsonValue {
  JsonKind kind = JsonKind::null;
  std::string_view
      compact;  ///< For `not_finite` the literal as written. Valid during the call only.
};

/// What is nested deeper than this is refused.
inline constexpr int kMaxJsonDepth = 64;

using JsonFieldSink = std::function<Status(std::string_view key, const JsonValue& value)>;

/// Reads a text that must be one JSON object and hands over its fields in order, in one pass and
/// without building a tree. Accepts Python's NaN, Infinity, -Infinity. Errors (kind `parse`, with
/// line and column): malformed or truncated text, invalid UTF-8, a key twice in one object, too
/// deep; or whatever `sink` returned.
Status read_json_object(std::string_view text, const JsonFieldSink& sink);

/// The items of a compact array, in order; `compact` must come from a JsonValue.
Status read_json_array(std::string_view compact,
                       const std::function<Status(const JsonValue&)>& sink);

/// The text that a compact JSON string stands for.
std::string decode_json_string(std::string_view compact);

}  // namespace genesis::evaluators
