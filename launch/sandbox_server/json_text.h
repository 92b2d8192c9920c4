#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>

#include "launch/sandbox_server/refusal.h"

namespace genesis::sandbox_server {

/// A request's body as JSON; an empty one is an empty object. Refusals (400): not JSON, not an
/// object, nested too deeply.
Answer<nlohmann::json> parse_body(std::string_view text);

/// What is not UTF-8 becomes U+FFFD.
std::string dump(const nlohmann::json& value);

/// {"code":404,"message":"…","error_code":"…"}: `code` is the status, which the SDKs read here.
std::string error_body(const Refusal& refusal);

}  // namespace genesis::sandbox_server
