#pragma once

#include <memory>

#include "launch/e2b/e2b_config.h"
#include "launch/e2b/provider.h"
#include "launch/launcher.h"

namespace genesis::launch {

/// Jobs in sandboxes of `provider`: leased from a pool, prepared once, run under a script that
/// tells their end to whoever comes later. Jobs survive the runner and are found again by their
/// ref.
std::unique_ptr<Launcher> make_e2b_launcher(e2b::E2BOptions options, const LauncherContext& context,
                                            std::shared_ptr<e2b::Provider> provider,
                                            std::string notice = {});

}  // namespace genesis::launch
