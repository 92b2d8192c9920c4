#include "genesis/ui/usage.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace genesis {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Pair;

UsageRow row(const std::string& kind, double amount, double cost) {
  UsageRow row;
  row.resource = "sandbox";
  row.kind = kind;
  row.unit = "s";
  row.cpus = 2;
  row.memory_gib = 0.5;
  row.leases = 3;
  row.amount = amount;
  row.currency = "EUR";
  row.cost = cost;
  return row;
}

TEST(UsageLines, SayTimeSizeAndCost) {
  EXPECT_THAT(usage_lines({}), IsEmpty());
  EXPECT_THAT(usage_lines({row("base", 12.34, 0.0034)}),
              ElementsAre(Pair("sandbox time", "base (2 vCPU, 0.5 GiB): 12.3 s in 3, 0.0034 EUR")));
}

TEST(UsageLines, ASmallCostIsStillANumber) {
  EXPECT_THAT(usage_lines({row("a", 1, 0.0000114)})[0].second, testing::EndsWith("0.000011 EUR"));
  EXPECT_THAT(usage_lines({row("a", 1, 0)})[0].second, testing::EndsWith(" 0.00 EUR"));
}

TEST(UsageLines, SumUpWhatHasAPrice) {
  UsageRow unknown = row("odd\x1b[2J", 7200, 0);
  unknown.currency.clear();
  unknown.cpus = unknown.memory_gib = 0;
  EXPECT_THAT(usage_lines({row("base", 1, 0.5), row("big", 1, 12), unknown}),
              ElementsAre(Pair("sandbox time", "base (2 vCPU, 0.5 GiB): 1.0 s in 3, 0.50 EUR"),
                          Pair("sandbox time", "big (2 vCPU, 0.5 GiB): 1.0 s in 3, 12.00 EUR"),
                          Pair("sandbox time", "odd?[2J: 2h00m in 3"),
                          Pair("cost", "12.50 EUR for 2 of 3")));
}

TEST(UsageLines, OtherUnitsAreShownAsTheyAre) {
  UsageRow other = row("gpu", 2.5, 1);
  other.resource = "node";
  other.unit = "h";
  EXPECT_THAT(usage_lines({other}),
              ElementsAre(Pair("node time", "gpu (2 vCPU, 0.5 GiB): 2.5 h in 3, 1.00 EUR")));
}

TEST(UsageJson, GoesThereAndBack) {
  UsageRow unknown = row("odd", 1, 0);
  unknown.currency.clear();
  unknown.cpus = 0;
  const nlohmann::json rows = usage_to_json({row("base", 1.5, 2), unknown});
  EXPECT_TRUE(rows[1]["cost"].is_null());
  EXPECT_TRUE(rows[1]["cpus"].is_null());
  const auto back = usage_from_json(rows);
  ASSERT_EQ(back.size(), 2u);
  EXPECT_EQ(usage_to_json(back), rows);
  EXPECT_EQ(back[0].kind, "base");
  EXPECT_EQ(back[0].amount, 1.5);
  EXPECT_EQ(back[0].cost, 2);
}

}  // namespace
}  // namespace genesis
