#include "launch/prices.h"

#include <fmt/format.h>

#include <cmath>
#include <nlohmann/json.hpp>
#include <string_view>

#include "genesis/base/option_reader.h"

namespace genesis::launch {

namespace {

using nlohmann::json;

constexpr double kSecondsPerHour = 3600;
/// More than anything costs; amounts stay finite.
constexpr double kMostPerHour = 1e9;

void read_price(OptionReader& reader, std::string_view key, std::optional<double>& out) {
  reader.read(key, out);
  if (out && !(std::isfinite(*out) && *out >= 0 && *out <= kMostPerHour)) {
    reader.fail(key, fmt::format("expected a price from 0 to {}", kMostPerHour));
  }
}

Price read_price_of(OptionReader& reader, std::string_view where) {
  Price price;
  read_price(reader, "vcpu_hour", price.vcpu_hour);
  read_price(reader, "gib_hour", price.gib_hour);
  read_price(reader, "hour", price.hour);
  if (!where.empty() && !price.vcpu_hour && !price.gib_hour && !price.hour) {
    reader.fail(where, "names no price: vcpu_hour, gib_hour or hour");
  }
  return price;
}

PriceList read_list(const json& text) {
  OptionReader reader(text, "prices");
  PriceList list;
  reader.read("currency", list.currency);
  if (list.currency.empty() || list.currency.size() > 16) {
    reader.fail("currency", "must name a currency, like EUR");
  }
  list.usual = read_price_of(reader, "");
  json overrides = json::object();
  reader.read("overrides", overrides);
  if (!overrides.is_object()) reader.fail("overrides", "expected a mapping from kinds to prices");
  for (const auto& [kind, prices] : overrides.items()) {
    if (!prices.is_object()) reader.fail("overrides." + kind, "expected a mapping");
    OptionReader one(prices, "prices.overrides." + kind);
    list.overrides.emplace(kind, read_price_of(one, "vcpu_hour"));
    one.finish();
  }
  const Price& usual = list.usual;
  if (list.overrides.empty() && !usual.vcpu_hour && !usual.gib_hour && !usual.hour) {
    reader.fail("vcpu_hour", "no price is given: vcpu_hour, gib_hour, hour or overrides");
  }
  reader.finish();
  return list;
}

}  // namespace

std::optional<double> Price::of(double seconds, double cpus, double memory_gib) const {
  if (!vcpu_hour && !gib_hour && !hour) return std::nullopt;
  // A size that nobody knows has a cost that nobody knows.
  if (vcpu_hour && !(cpus > 0)) return std::nullopt;
  if (gib_hour && !(memory_gib > 0)) return std::nullopt;
  const double per_hour =
      hour.value_or(0) + vcpu_hour.value_or(0) * cpus + gib_hour.value_or(0) * memory_gib;
  return seconds / kSecondsPerHour * per_hour;
}

const Price& PriceList::for_kind(const std::string& kind) const {
  const auto own = overrides.find(kind);
  return own == overrides.end() ? usual : own->second;
}

Result<PriceList> parse_prices(const json& text, const std::string& source) {
  if (!text.is_object()) {
    return make_error(ErrorKind::invalid_argument,
                      fmt::format("{}: expected a mapping with currency and prices", source));
  }
  try {
    return read_list(text);
  } catch (const OptionException& wrong) {
    return make_error(ErrorKind::invalid_argument, fmt::format("{}: {}", source, wrong.what()));
  }
}

}  // namespace genesis::launch
