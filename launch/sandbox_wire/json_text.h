#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>

#include "genesis/base/error.h"

namespace genesis::sandbox_wire {

/// An object that others wrote. Errors (`parse`): no JSON, no object, nested deeper than 64.
/// Empty text is an empty object. Pure; any thread.
Result<nlohmann::json> parse_json_object(std::string_view text);

/// Compact; bytes that are not UTF-8 become U+FFFD.
std::string to_json_text(const nlohmann::json& value);

}  // namespace genesis::sandbox_wire
