#pragma once

#include <optional>
#include <string>
#include <tl/expected.hpp>

#include "genesis/base/error.h"

namespace genesis::sandbox_server {

/// Why a request is not done, as its client reads it.
struct Refusal {
  int status = 500;  ///< Of HTTP, and `code` of the body.
  std::string message;
  std::string error_code;            ///< For programs; empty: none.
  std::optional<int> retry_after_s;  ///< When to come again.

  Refusal() = default;  // Crosses awaits: not an aggregate (g++ 12).
  Refusal(int code, std::string text) : status(code), message(std::move(text)) {}
};

template <typename T>
using Answer = tl::expected<T, Refusal>;

inline tl::unexpected<Refusal> refuse(int status, std::string message) {
  return tl::unexpected<Refusal>(Refusal(status, std::move(message)));
}

}  // namespace genesis::sandbox_server
