#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "launch/e2b/addressing.h"
#include "launch/e2b/provider.h"

namespace genesis::launch::e2b {

/// What makes /files serve a URL without a token. `operation`: "read" or "write". Pure.
std::string file_signature(const std::string& path, const std::string& operation,
                           const std::string& user, const std::string& token,
                           std::optional<std::int64_t> expires_at);

/// A URL with which anybody may GET (read) or POST (write) one file of a sandbox. `expires_at`:
/// seconds since 1970. Errors (`refused`): an end for a sandbox that asks for no token.
Outcome<std::string> signed_file_url(const Addressing& addressing, const SandboxHandle& sandbox,
                                     const std::string& path, bool write, const std::string& user,
                                     std::optional<std::int64_t> expires_at);

}  // namespace genesis::launch::e2b
