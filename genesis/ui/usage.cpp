#include "genesis/ui/usage.h"

#include <fmt/format.h>

#include <chrono>
#include <map>
#include <nlohmann/json.hpp>

#include "genesis/base/text.h"
#include "genesis/ui/console.h"

namespace genesis {
namespace {

using nlohmann::json;

std::string amount_text(const UsageRow& row) {
  if (row.unit != "s") return fmt::format("{:.6g} {}", row.amount, row.unit);
  return format_duration(
      std::chrono::milliseconds(static_cast<std::int64_t>(row.amount * 1000 + 0.5)));
}

/// Cents of a run that has just begun are still a number.
std::string cost_text(double cost, const std::string& currency) {
  int digits = 2;
  for (double ten = 0.1; digits < 9 && cost > 0 && cost < ten; ten /= 10) ++digits;
  return fmt::format("{:.{}f} {}", cost, digits, currency);
}

std::string size_text(const UsageRow& row) {
  std::string text;
  if (row.cpus > 0) text += fmt::format("{:g} vCPU", row.cpus);
  if (row.memory_gib > 0) {
    text += fmt::format("{}{:.3g} GiB", text.empty() ? "" : ", ", row.memory_gib);
  }
  return text.empty() ? text : fmt::format(" ({})", text);
}

json known(double value) {
  return value > 0 ? json(value) : json(nullptr);
}

template <typename T>
void take(const json& object, const char* key, T& out) {
  const auto found = object.find(key);
  if (found != object.end() && !found->is_null()) out = found->get<T>();
}

}  // namespace

std::vector<std::pair<std::string, std::string>> usage_lines(const std::vector<UsageRow>& rows) {
  std::vector<std::pair<std::string, std::string>> lines;
  std::map<std::string, double> sums;
  std::size_t priced = 0;
  for (const UsageRow& row : rows) {
    std::string text = fmt::format("{}{}: {} in {}", printable(row.kind), size_text(row),
                                   amount_text(row), row.leases);
    if (!row.currency.empty()) {
      text += ", " + cost_text(row.cost, printable(row.currency));
      sums[row.currency] += row.cost;
      ++priced;
    }
    lines.emplace_back(printable(row.resource) + " time", std::move(text));
  }
  if (rows.size() < 2 || priced == 0) return lines;
  for (const auto& [currency, sum] : sums) {
    std::string text = cost_text(sum, printable(currency));
    if (priced < rows.size()) text += fmt::format(" for {} of {}", priced, rows.size());
    lines.emplace_back("cost", std::move(text));
  }
  return lines;
}

json usage_to_json(const std::vector<UsageRow>& rows) {
  json array = json::array();
  for (const UsageRow& row : rows) {
    const bool priced = !row.currency.empty();
    array.push_back({{"resource", row.resource},
                     {"kind", row.kind},
                     {"cpus", known(row.cpus)},
                     {"memory_gib", known(row.memory_gib)},
                     {"leases", row.leases},
                     {"amount", row.amount},
                     {"unit", row.unit},
                     {"cost", priced ? json(row.cost) : json(nullptr)},
                     {"currency", priced ? json(row.currency) : json(nullptr)}});
  }
  return array;
}

std::vector<UsageRow> usage_from_json(const json& rows) {
  std::vector<UsageRow> found;
  for (const json& object : rows) {
    UsageRow& row = found.emplace_back();
    take(object, "resource", row.resource);
    take(object, "kind", row.kind);
    take(object, "cpus", row.cpus);
    take(object, "memory_gib", row.memory_gib);
    take(object, "leases", row.leases);
    take(object, "amount", row.amount);
    take(object, "unit", row.unit);
    take(object, "cost", row.cost);
    take(object, "currency", row.currency);
  }
  return found;
}

}  // namespace genesis
