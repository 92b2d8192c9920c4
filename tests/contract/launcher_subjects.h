#pragma once

#include <vector>

#include "launcher_contract.h"

namespace genesis::launch {

/// Every launcher that the suite runs over. A new backend adds its subject here.
std::vector<LauncherKind> launcher_kinds();

}  // namespace genesis::launch
