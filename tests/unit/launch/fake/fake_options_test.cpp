#include "launch/fake/fake_options.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "genesis/base/option_reader.h"

namespace genesis::launch {
namespace {

using namespace std::chrono_literals;
using nlohmann::json;

TEST(FakeOptionsReading, ReadsFateRulesAndCapacity) {
  const auto options = read_fake_options(
      json::parse(R"({"run_time": "20ms", "refs": ["token", "sandbox"], "slots": 3, "seed": 9,
                      "reattach": "gone", "effects_outside_machine": true,
                      "rules": [{"from": 2, "to": 4, "outcome": "lost", "probability": 0.5}],
                      "capacity": [{"at": "1s", "slots": 0, "reason": "429"}],
                      "time": 60, "cpus": 2})"),
      "job_config");
  EXPECT_EQ(options.fate.run_time, 20ms);
  EXPECT_EQ(options.fate.refs.size(), 2u);
  EXPECT_EQ(options.slots, 3);
  EXPECT_EQ(options.seed, 9u);
  EXPECT_EQ(options.reattach, FakeReattach::gone);
  EXPECT_TRUE(options.effects_outside_machine);
  ASSERT_EQ(options.rules.size(), 1u);
  EXPECT_EQ(options.rules[0].to, 4);
  ASSERT_EQ(options.capacity.size(), 1u);
  EXPECT_EQ(options.capacity[0].at, 1s);
  EXPECT_EQ(options.common.limits.wall_time, 60s);
  EXPECT_EQ(options.common.resources.cpus, 2);
}

TEST(FakeOptionsReading, ARuleChangesOnlyWhatItNames) {
  FakeFate fate;
  fate.run_time = 5ms;
  fate.exit_code = 2;
  const FakeFate changed = changed_fate(fate, R"({"outcome": "lost", "from": 1})");
  EXPECT_EQ(changed.outcome, JobOutcomeKind::lost);
  EXPECT_EQ(changed.run_time, 5ms);
  EXPECT_EQ(changed.exit_code, 2);
}

struct Bad {
  const char* options;
  const char* key;
};
class FakeOptionsRefuse : public testing::TestWithParam<Bad> {};

TEST_P(FakeOptionsRefuse, WithThePathInFront) {
  try {
    read_fake_options(json::parse(GetParam().options), "job_config");
    FAIL() << "accepted " << GetParam().options;
  } catch (const OptionException& error) {
    EXPECT_THAT(error.what(), testing::StartsWith(std::string(GetParam().key) + ": "));
  }
}

INSTANTIATE_TEST_SUITE_P(
    Fake, FakeOptionsRefuse,
    testing::Values(Bad{R"({"jitter": 2})", "job_config.jitter"},
                    Bad{R"({"refs": []})", "job_config.refs"},
                    Bad{R"({"slots": -1})", "job_config.slots"},
                    Bad{R"({"outcome": "dead"})", "job_config.outcome"},
                    Bad{R"({"reattach": "maybe"})", "job_config.reattach"},
                    Bad{R"({"rules": {"from": 1}})", "job_config.rules"},
                    Bad{R"({"rules": [{}, {"every": 0}]})", "job_config.rules[1].every"},
                    Bad{R"({"rules": [{"frm": 1}]})", "job_config.rules[0].frm"},
                    Bad{R"({"rules": [{"probability": 1.5}]})", "job_config.rules[0].probability"},
                    Bad{R"({"capacity": [{"at": 1}]})", "job_config.capacity[0].slots"},
                    Bad{R"({"capacity": [{"slots": -1}]})", "job_config.capacity[0].slots"},
                    Bad{R"({"run_tiem": 1})", "job_config.run_tiem"}));

}  // namespace
}  // namespace genesis::launch
