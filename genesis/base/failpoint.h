#pragma once

#include <string_view>
#include <vector>

namespace genesis {

/// A named place before or after a side effect where tests end the process, to prove crash safety.
///
/// Idle unless the environment says `GENESIS_FAILPOINT=name:N`: at the N-th pass (from 1) the
/// process kills itself with SIGKILL, as a power cut would. `GENESIS_FAILPOINT=list:FILE` appends
/// each name once to FILE instead, so that a test can check it knows them all. Any thread; one
/// relaxed load when idle.
void failpoint(std::string_view name);

}  // namespace genesis
