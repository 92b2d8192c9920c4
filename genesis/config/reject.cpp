#include "genesis/config/reject.h"

namespace genesis::config {

bool is_interpolation_error(Reject reject) {
  switch (reject) {
    case Reject::interpolation:
    case Reject::interpolation_key:
    case Reject::interpolation_to_missing:
    case Reject::unsupported_interpolation:
      return true;
    default:
      return false;
  }
}

Error ConfigError::to_error() const {
  ErrorKind kind = ErrorKind::invalid_argument;
  if (reject_ == Reject::missing_config) kind = ErrorKind::not_found;
  if (reject_ == Reject::yaml) kind = ErrorKind::parse;
  return {kind, what()};
}

}  // namespace genesis::config
