#include "launch/sandbox_server/envd/rpc_error.h"

#include <array>
#include <cerrno>
#include <cstring>
#include <nlohmann/json.hpp>

#include "launch/sandbox_wire/json_text.h"

namespace genesis::envd {

namespace {

struct CodeRow {
  std::string_view name;
  int status;
};

constexpr std::array<CodeRow, 16> kCodes = {{
    {"canceled", 499},
    {"unknown", 500},
    {"invalid_argument", 400},
    {"deadline_exceeded", 504},
    {"not_found", 404},
    {"already_exists", 409},
    {"permission_denied", 403},
    {"resource_exhausted", 429},
    {"failed_precondition", 400},
    {"aborted", 409},
    {"out_of_range", 400},
    {"unimplemented", 501},
    {"internal", 500},
    {"unavailable", 503},
    {"data_loss", 500},
    {"unauthenticated", 401},
}};

RpcCode code_of_errno(int error_number) {
  switch (error_number) {
    case ENOENT:
      return RpcCode::not_found;
    case ENOTDIR:
    case EISDIR:
    case EINVAL:
    case ENAMETOOLONG:
      return RpcCode::invalid_argument;
    case EEXIST:
    case ENOTEMPTY:
      return RpcCode::already_exists;
    case EACCES:
    case EPERM:
    case EROFS:
      return RpcCode::permission_denied;
    case ELOOP:
      return RpcCode::failed_precondition;
    case ENOSPC:
    case EDQUOT:
    case EMFILE:
    case ENFILE:
    case ENOMEM:
    case EAGAIN:
      return RpcCode::resource_exhausted;
    default:
      return RpcCode::internal;
  }
}

}  // namespace

tl::unexpected<RpcError> rpc_errno(std::string_view operation, std::string_view path,
                                   int error_number) {
  std::string message(operation);
  message.append(" '").append(path).append("': ").append(std::strerror(error_number));
  return rpc_error(code_of_errno(error_number), std::move(message));
}

std::string_view code_name(RpcCode code) {
  return kCodes[static_cast<std::size_t>(code)].name;
}

int http_status(RpcCode code) {
  return kCodes[static_cast<std::size_t>(code)].status;
}

std::string error_json(const RpcError& error) {
  nlohmann::json body;
  body["code"] = code_name(error.code);
  body["message"] = error.message;
  return sandbox_wire::to_json_text(body);
}

}  // namespace genesis::envd
