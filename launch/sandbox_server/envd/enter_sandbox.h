#pragma once

#include "genesis/base/error.h"
#include "launch/sandbox_server/envd/sandbox_plan.h"

namespace genesis::envd {

/// Makes the calling process, alone in its new namespaces, the first one of a sandbox: waits for
/// the word to begin, mounts, leaves the host's file system behind, gives up what it needs no more,
/// and reports. Once, before any thread. An error is reported too.
Status enter_sandbox(const SandboxPlan& plan);

}  // namespace genesis::envd
