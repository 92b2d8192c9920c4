#include "genesis_evaluator/metrics.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <limits>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace genesis::evaluator {
namespace {

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
constexpr double kInfinity = std::numeric_limits<double>::infinity();

TEST(EvaluatorMetrics, KeepsOrderAndKinds) {
  Metrics metrics;
  metrics.set("b", true).set("a", 3).set("n", -2.5f).set("t", "x\"\n").set("v", std::vector{1, 2});
  metrics.set("u", std::numeric_limits<std::uint64_t>::max()).set_json("j", R"({ "k": [null] })");
  EXPECT_EQ(metrics.to_json(), R"({"b": true, "a": 3, "n": -2.5, "t": "x\"\n", "v": [1.0,2.0], )"
                               R"("u": 18446744073709551615, "j": {"k":[null]}})");
}

TEST(EvaluatorMetrics, ANameThatIsSetAgainIsReplaced) {
  Metrics metrics;
  metrics.set("a", 1).set("b", 2).set("a", "one");
  EXPECT_EQ(metrics.to_json(), R"({"a": "one", "b": 2})");
}

TEST(EvaluatorMetrics, NumbersReadBackExactly) {
  for (const double value : {0.1, 1e-300, -1.0 / 3, 5e-324, std::numeric_limits<double>::max()}) {
    Metrics metrics;
    metrics.set("x", value);
    EXPECT_EQ(nlohmann::json::parse(metrics.to_json())["x"].get<double>(), value);
  }
}

TEST(EvaluatorMetrics, RefusesWhatIsNoNumber) {
  Metrics metrics;
  EXPECT_THROW(metrics.set("x", kNan), std::invalid_argument);
  EXPECT_THROW(metrics.set("x", -kInfinity), std::invalid_argument);
  EXPECT_THROW(metrics.set("x", std::array{1.0, kNan}), std::invalid_argument);
  EXPECT_THROW(metrics.set_json("x", "{\"a\": NaN}"), std::invalid_argument);
  EXPECT_THROW(metrics.set_json("x", ""), std::invalid_argument);
  EXPECT_TRUE(metrics.empty());
}

TEST(EvaluatorMetrics, BytesThatAreNoTextBecomeText) {
  Metrics metrics;
  metrics.set("bad\xff", std::string("\xc3(\0", 3));
  EXPECT_EQ(metrics.to_json(), "{\"bad\uFFFD\": \"\uFFFD(\\u0000\"}");
}

}  // namespace
}  // namespace genesis::evaluator
