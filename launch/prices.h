#pragma once

#include <map>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>

#include "genesis/base/error.h"

namespace genesis::launch {

/// What an hour costs. What is absent is not known.
struct Price {
  std::optional<double> vcpu_hour;
  std::optional<double> gib_hour;  ///< Of memory.
  std::optional<double> hour;      ///< Of the whole thing, beside what its parts cost.

  /// Of `seconds` of something of this size (0: unknown); absent when that cannot be said.
  std::optional<double> of(double seconds, double cpus, double memory_gib) const;
};

/// What things that are paid for by time cost, by their kind (template, partition). Nobody's prices
/// are known here: they come from a file of the user's (docs/e2b.md has one).
struct PriceList {
  std::string currency;
  Price usual;
  std::map<std::string, Price> overrides;  ///< By kind; each stands alone.

  bool empty() const { return currency.empty(); }
  const Price& for_kind(const std::string& kind) const;
};

/// {"currency": "EUR", "vcpu_hour": …, "gib_hour": …, "overrides": {"big": {"hour": …}}}. Hostile
/// until parsed. Kind `invalid_argument`, with the nearest name for an unknown key; `source` names
/// the file.
Result<PriceList> parse_prices(const nlohmann::json& text, const std::string& source);

}  // namespace genesis::launch
