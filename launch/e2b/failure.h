#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <tl/expected.hpp>

#include "genesis/base/error.h"

namespace genesis::launch::e2b {

/// Why a call to a sandbox provider did not do what it should, as far as a caller behaves
/// differently.
enum class FailureKind {
  unauthorized,      ///< The key is not accepted: nothing will work.
  refused,           ///< The request is wrong: trying again will not help.
  unknown_template,  ///< No template of this name.
  not_found,         ///< No such file, process; of the control plane: no such sandbox.
  already_exists,    ///< It is there already.
  sandbox_gone,      ///< The sandbox ended, was killed or is paused.
  rate_limited,      ///< 429: too many requests or sandboxes; `retry_after` where it was said.
  unavailable,       ///< The provider cannot now (5xx, no connection): later, perhaps.
  broken,            ///< The connection was cut, or what came is not the protocol.
  deadline,          ///< The time for the call, or the command's own, has passed.
  no_space,          ///< The sandbox's disk is full.
  too_large,         ///< More bytes than the caller wanted.
  local_io,          ///< A file of this machine.
  cancelled,
};

std::string_view to_string(FailureKind kind);

struct Failure {
  FailureKind kind = FailureKind::broken;
  std::string message;  ///< Operation, object, cause, what to do; never a key or a token.
  std::optional<std::chrono::seconds> retry_after;

  Failure() = default;  // Crosses awaits: not an aggregate (g++ 12).
  Failure(FailureKind what, std::string text) : kind(what), message(std::move(text)) {}
};

template <typename T>
using Outcome = tl::expected<T, Failure>;

inline tl::unexpected<Failure> fail(FailureKind kind, std::string message) {
  return tl::unexpected<Failure>(Failure(kind, std::move(message)));
}

/// As the rest of Genesis has errors.
Error to_error(const Failure& failure);

}  // namespace genesis::launch::e2b
