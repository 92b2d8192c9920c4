#pragma once

#include <vector>

#include "launch/registry.h"

namespace genesis::launch::e2b {

/// `genesis doctor` for this backend: which provider would be used. Asks nobody.
std::vector<DoctorLine> doctor();

}  // namespace genesis::launch::e2b
