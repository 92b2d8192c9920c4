#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <utility>
#include <vector>

namespace genesis {

/// What a run has used of one sort of thing that is paid for by time, in all sessions.
struct UsageRow {
  std::string resource;  ///< "sandbox"
  std::string kind;      ///< Its template.
  std::string unit;      ///< Of `amount`: "s".
  double cpus = 0;       ///< 0: unknown, as memory_gib.
  double memory_gib = 0;
  std::int64_t leases = 0;  ///< How many there were.
  double amount = 0;
  std::string currency;  ///< Empty: no price is known.
  double cost = 0;
};

/// Rows for people: {"sandbox time", "base (2 vCPU, 0.5 GiB): 12.3 s in 4, 0.01 EUR"}; with the sum
/// where several rows have costs of one currency.
std::vector<std::pair<std::string, std::string>> usage_lines(const std::vector<UsageRow>& rows);

/// A list of objects; what is unknown is null.
nlohmann::json usage_to_json(const std::vector<UsageRow>& rows);
/// The opposite. Throws nlohmann's exceptions for wrong types.
std::vector<UsageRow> usage_from_json(const nlohmann::json& rows);

}  // namespace genesis
