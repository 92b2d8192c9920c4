#include "genesis/run/run_usage.h"

namespace genesis::run {

std::vector<UsageRow> usage_rows(const std::vector<store::UsageTotal>& totals) {
  std::vector<UsageRow> rows;
  for (const store::UsageTotal& total : totals) {
    UsageRow& row = rows.emplace_back();
    row.resource = total.resource;
    row.kind = total.kind;
    row.unit = total.unit;
    row.cpus = total.cpus;
    row.memory_gib = total.memory_gib;
    row.leases = total.leases;
    row.amount = total.amount;
    row.currency = total.currency;
    row.cost = total.cost;
  }
  return rows;
}

}  // namespace genesis::run
