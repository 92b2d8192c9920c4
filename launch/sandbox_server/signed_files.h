#pragma once

#include <optional>
#include <string>

#include "launch/sandbox_server/sandbox_lifecycle.h"

namespace genesis::sandbox_server {

/// The running sandbox whose token made the signature of a file's URL; empty: none's. With one URL
/// for all sandboxes (E2B_SANDBOX_URL) a signed URL says in no other way whose it is. The agent
/// checks it again, its time included. Pure; costs a hash per sandbox.
std::string signer_of(const std::string& method, const std::string& target,
                      const SandboxLifecycle& lifecycle);

}  // namespace genesis::sandbox_server
