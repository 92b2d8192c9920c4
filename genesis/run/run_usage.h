#pragma once

#include <vector>

#include "genesis/store/records.h"
#include "genesis/ui/usage.h"

namespace genesis::run {

/// What a store has of a run's use of things that are paid for by time, as people see it.
std::vector<UsageRow> usage_rows(const std::vector<store::UsageTotal>& totals);

}  // namespace genesis::run
