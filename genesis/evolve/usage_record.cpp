#include "genesis/evolve/usage_record.h"

#include <utility>

namespace genesis::evolve {

store::UsageRecord usage_record(launch::Usage usage) {
  store::UsageRecord record;
  record.lease = std::move(usage.lease);
  record.resource = std::move(usage.resource);
  record.kind = std::move(usage.kind);
  record.unit = std::move(usage.unit);
  record.cpus = usage.cpus;
  record.memory_gib = usage.memory_gib;
  record.amount = usage.amount;
  if (usage.cost) {
    record.cost = *usage.cost;
    record.currency = std::move(usage.currency);
  }
  record.over = usage.over;
  return record;
}

}  // namespace genesis::evolve
