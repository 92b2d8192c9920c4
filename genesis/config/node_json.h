#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string_view>

#include "genesis/base/error.h"
#include "genesis/config/node.h"

namespace genesis::config {

/// A tree as JSON: interpolations and `???` as texts, keys as Python's str() writes them.
nlohmann::json to_json(const Node& node);

/// The value of a top-level key of a configuration that was stored as JSON, with the interpolations
/// in it resolved against that configuration and the present environment; null when it is not
/// there.
Result<nlohmann::json> resolve_key(std::string_view json_text, std::string_view key);

}  // namespace genesis::config
