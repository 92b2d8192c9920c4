#pragma once

#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <utility>

#include "genesis/base/error.h"

namespace genesis::envd {

/// The codes of the Connect protocol.
enum class RpcCode {
  canceled,
  unknown,
  invalid_argument,
  deadline_exceeded,
  not_found,
  already_exists,
  permission_denied,
  resource_exhausted,
  failed_precondition,
  aborted,
  out_of_range,
  unimplemented,
  internal,
  unavailable,
  data_loss,
  unauthenticated,
};

struct RpcError {
  RpcCode code = RpcCode::internal;
  std::string message;

  RpcError() = default;  // Crosses awaits: not an aggregate (g++ 12).
  RpcError(RpcCode c, std::string text) : code(c), message(std::move(text)) {}
};

template <typename T>
using RpcResult = tl::expected<T, RpcError>;
using RpcStatus = RpcResult<void>;

inline tl::unexpected<RpcError> rpc_error(RpcCode code, std::string message) {
  return tl::unexpected<RpcError>(RpcError(code, std::move(message)));
}

/// "operation 'path': cause", with the code that errno means.
tl::unexpected<RpcError> rpc_errno(std::string_view operation, std::string_view path,
                                   int error_number);

/// "invalid_argument" and the like, as they stand on the wire.
std::string_view code_name(RpcCode code);
/// The status of a failed unary call; streams answer 200 and end with the error.
int http_status(RpcCode code);
/// {"code":"…","message":"…"}.
std::string error_json(const RpcError& error);

}  // namespace genesis::envd
