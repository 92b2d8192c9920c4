#pragma once

#include <charconv>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "launch/sandbox_server/envd/rpc_error.h"
#include "launch/sandbox_wire/json_text.h"

/// Fields of protobuf's JSON: absent and null are the same, numbers may be in quotes.
namespace genesis::envd {

inline RpcResult<nlohmann::json> parse_message(std::string_view body) {
  auto parsed = sandbox_wire::parse_json_object(body);
  if (!parsed) return rpc_error(RpcCode::invalid_argument, parsed.error().message);
  return std::move(*parsed);
}

inline const nlohmann::json* field(const nlohmann::json& object, const char* name) {
  const auto found = object.find(name);
  return found == object.end() || found->is_null() ? nullptr : &*found;
}

inline tl::unexpected<RpcError> wrong_type(const char* name, const char* wanted) {
  return rpc_error(RpcCode::invalid_argument,
                   "the field '" + std::string(name) + "' is not " + wanted);
}

inline RpcResult<std::optional<std::string>> text_field(const nlohmann::json& object,
                                                        const char* name) {
  const nlohmann::json* value = field(object, name);
  if (value == nullptr) return std::nullopt;
  if (!value->is_string()) return wrong_type(name, "a string");
  return std::optional<std::string>(value->get<std::string>());
}

inline RpcResult<std::optional<bool>> bool_field(const nlohmann::json& object, const char* name) {
  const nlohmann::json* value = field(object, name);
  if (value == nullptr) return std::nullopt;
  if (!value->is_boolean()) return wrong_type(name, "true or false");
  return std::optional<bool>(value->get<bool>());
}

inline RpcResult<std::optional<std::uint32_t>> number_field(const nlohmann::json& object,
                                                            const char* name) {
  const nlohmann::json* value = field(object, name);
  if (value == nullptr) return std::nullopt;
  std::uint64_t number = UINT64_MAX;
  if (value->is_number_unsigned()) number = value->get<std::uint64_t>();
  if (value->is_string()) {
    const auto& text = value->get_ref<const std::string&>();
    const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (failure != std::errc() || end != text.data() + text.size()) number = UINT64_MAX;
  }
  if (number > UINT32_MAX) return wrong_type(name, "a number from 0 to 4294967295");
  return std::optional<std::uint32_t>(static_cast<std::uint32_t>(number));
}

}  // namespace genesis::envd

/// As GENESIS_TRY_ASSIGN, for RpcResult.
#define GENESIS_RPC_ASSIGN(target, expression)                          \
  auto GENESIS_TRY_CONCAT(genesis_rpc_, __LINE__) = (expression);       \
  if (!GENESIS_TRY_CONCAT(genesis_rpc_, __LINE__))                      \
    return tl::unexpected<::genesis::envd::RpcError>(                   \
        std::move(GENESIS_TRY_CONCAT(genesis_rpc_, __LINE__).error())); \
  target = std::move(*GENESIS_TRY_CONCAT(genesis_rpc_, __LINE__))
