#pragma once

#include "genesis/store/records.h"
#include "launch/launcher.h"

namespace genesis::evolve {

/// What a launcher tells of a lease, as the store keeps it.
store::UsageRecord usage_record(launch::Usage usage);

}  // namespace genesis::evolve
