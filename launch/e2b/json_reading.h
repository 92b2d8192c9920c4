#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "genesis/base/error.h"

/// Members of JSON objects that others wrote: absent, null and of a wrong type are the same, an
/// empty value. Pure; any thread.
namespace genesis::launch::e2b {

/// Error `parse`: not JSON, or not an object.
Result<nlohmann::json> parse_object(std::string_view text);
/// Error `parse`: not JSON, or not an array.
Result<nlohmann::json> parse_array(std::string_view text);
/// What is not UTF-8 becomes U+FFFD.
std::string json_text(const nlohmann::json& value);

std::string text_member(const nlohmann::json& object, const char* name);
/// A whole number, or one in a string, as protobuf's JSON writes 64 bits.
std::int64_t integer_member(const nlohmann::json& object, const char* name);
double number_member(const nlohmann::json& object, const char* name);
bool flag_member(const nlohmann::json& object, const char* name, bool otherwise);
/// The member when it is an object; null otherwise.
const nlohmann::json* object_member(const nlohmann::json& object, const char* name);

}  // namespace genesis::launch::e2b
