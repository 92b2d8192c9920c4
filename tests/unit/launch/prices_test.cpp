#include "launch/prices.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace genesis::launch {
namespace {

using nlohmann::json;
using testing::DoubleEq;
using testing::HasSubstr;
using testing::Optional;

TEST(Prices, TimeCostsByVcpuAndMemory) {
  const PriceList list = parse_prices(json::parse(R"({
    "currency": "EUR", "vcpu_hour": 0.5, "gib_hour": 0.25,
    "overrides": {"big": {"hour": 3}, "both": {"hour": 1, "vcpu_hour": 2}}})"),
                                      "prices.yaml")
                             .value();
  EXPECT_EQ(list.currency, "EUR");
  EXPECT_THAT(list.for_kind("base").of(3600, 2, 4), Optional(DoubleEq(2.0)));
  EXPECT_THAT(list.for_kind("base").of(36, 2, 4), Optional(DoubleEq(0.02)));
  EXPECT_THAT(list.for_kind("big").of(1800, 2, 4), Optional(DoubleEq(1.5)));
  EXPECT_THAT(list.for_kind("both").of(3600, 3, 0), Optional(DoubleEq(7.0)));
}

TEST(Prices, AnUnknownSizeHasNoCost) {
  const PriceList list =
      parse_prices(json::parse(R"({"currency": "EUR", "vcpu_hour": 1, "gib_hour": 1})"), "p")
          .value();
  EXPECT_FALSE(list.for_kind("base").of(3600, 0, 1));
  EXPECT_FALSE(list.for_kind("base").of(3600, 1, 0));
  EXPECT_FALSE(Price().of(3600, 1, 1));
  EXPECT_TRUE(PriceList().empty());
}

TEST(Prices, WhatIsWrongIsSaidWithItsKey) {
  const auto wrong = [](const char* text) {
    const auto list = parse_prices(json::parse(text), "prices.yaml");
    return list ? std::string("it was taken") : list.error().message;
  };
  EXPECT_THAT(wrong("[]"), HasSubstr("prices.yaml: expected a mapping"));
  EXPECT_THAT(wrong(R"({"vcpu_hour": 1})"), HasSubstr("prices.currency: must name a currency"));
  EXPECT_THAT(wrong(R"({"currency": "EUR"})"), HasSubstr("no price is given"));
  EXPECT_THAT(wrong(R"({"currency": "EUR", "vcpu_hour": -1})"),
              HasSubstr("prices.vcpu_hour: expected a price"));
  EXPECT_THAT(wrong(R"({"currency": "EUR", "vcpu_hour": 1e300})"), HasSubstr("vcpu_hour"));
  EXPECT_THAT(wrong(R"({"currency": "EUR", "vcpu_hour": "dear"})"), HasSubstr("vcpu_hour"));
  EXPECT_THAT(wrong(R"({"currency": "EUR", "vcpu_hours": 1, "hour": 1})"), HasSubstr("vcpu_hour"));
  EXPECT_THAT(wrong(R"({"currency": "EUR", "overrides": {"big": 3}})"),
              HasSubstr("overrides.big: expected a mapping"));
  EXPECT_THAT(wrong(R"({"currency": "EUR", "overrides": {"big": {}}})"),
              HasSubstr("prices.overrides.big"));
  EXPECT_THAT(wrong(R"({"currency": "EUR", "overrides": {"big": {"hours": 1, "hour": 1}}})"),
              HasSubstr("prices.overrides.big.hours"));
}

}  // namespace
}  // namespace genesis::launch
