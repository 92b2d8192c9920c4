#pragma once

#include "genesis/process/spawn.h"

namespace genesis::launch {

/// Lifts this process's soft limit of open descriptors to the hard one: a job needs one for its
/// pidfd, and a run may have thousands. Any thread; the first call counts.
void raise_descriptor_limit();

/// What it was before, for the jobs: programs that use select() break above 1024.
process::ResourceLimit original_descriptor_limit();

}  // namespace genesis::launch
