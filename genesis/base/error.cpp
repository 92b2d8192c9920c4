#include "genesis/base/error.h"

#include <fmt/format.h>

#include <cstring>

namespace genesis {

std::string_view to_string(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::invalid_argument:
      return "invalid_argument";
    case ErrorKind::not_found:
      return "not_found";
    case ErrorKind::already_exists:
      return "already_exists";
    case ErrorKind::conflict:
      return "conflict";
    case ErrorKind::parse:
      return "parse";
    case ErrorKind::io:
      return "io";
    case ErrorKind::timeout:
      return "timeout";
    case ErrorKind::cancelled:
      return "cancelled";
    case ErrorKind::unavailable:
      return "unavailable";
    case ErrorKind::unsupported:
      return "unsupported";
    case ErrorKind::internal:
      return "internal";
  }
  return "internal";
}

Error Error::with_context(std::string_view context) && {
  return Error{kind, fmt::format("{}: {}", context, message)};
}

tl::unexpected<Error> errno_error(std::string_view operation, std::string_view object,
                                  int error_number) {
  ErrorKind kind = ErrorKind::io;
  if (error_number == ENOENT) kind = ErrorKind::not_found;
  if (error_number == EEXIST) kind = ErrorKind::already_exists;
  return make_error(kind,
                    fmt::format("{} '{}': {}", operation, object, std::strerror(error_number)));
}

}  // namespace genesis
