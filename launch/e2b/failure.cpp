#include "launch/e2b/failure.h"

namespace genesis::launch::e2b {

std::string_view to_string(FailureKind kind) {
  switch (kind) {
    case FailureKind::unauthorized:
      return "unauthorized";
    case FailureKind::refused:
      return "refused";
    case FailureKind::unknown_template:
      return "unknown_template";
    case FailureKind::not_found:
      return "not_found";
    case FailureKind::already_exists:
      return "already_exists";
    case FailureKind::sandbox_gone:
      return "sandbox_gone";
    case FailureKind::rate_limited:
      return "rate_limited";
    case FailureKind::unavailable:
      return "unavailable";
    case FailureKind::broken:
      return "broken";
    case FailureKind::deadline:
      return "deadline";
    case FailureKind::no_space:
      return "no_space";
    case FailureKind::too_large:
      return "too_large";
    case FailureKind::local_io:
      return "local_io";
    case FailureKind::cancelled:
      return "cancelled";
  }
  return "unknown";
}

Error to_error(const Failure& failure) {
  const auto kind = [&] {
    switch (failure.kind) {
      case FailureKind::unauthorized:
      case FailureKind::refused:
      case FailureKind::unknown_template:
      case FailureKind::too_large:
        return ErrorKind::invalid_argument;
      case FailureKind::already_exists:
        return ErrorKind::already_exists;
      case FailureKind::not_found:
      case FailureKind::sandbox_gone:
        return ErrorKind::not_found;
      case FailureKind::rate_limited:
      case FailureKind::unavailable:
      case FailureKind::broken:
        return ErrorKind::unavailable;
      case FailureKind::deadline:
        return ErrorKind::timeout;
      case FailureKind::no_space:
      case FailureKind::local_io:
        return ErrorKind::io;
      case FailureKind::cancelled:
        return ErrorKind::cancelled;
    }
    return ErrorKind::internal;
  }();
  return Error{kind, failure.message};
}

}  // namespace genesis::launch::e2b
