#include "launch/slurm/slurm_usage.h"

#include <gtest/gtest.h>

namespace genesis::launch::slurm {
namespace {

using std::chrono::milliseconds;

JobSpec a_spec() {
  JobSpec spec;
  spec.resources.cpus = 4;
  spec.limits.memory_bytes = std::uint64_t{8} << 30;
  return spec;
}

TEST(SlurmUsage, AJobCountsByItsRecord) {
  EndFacts facts;
  facts.record.emplace();
  facts.record->wall = milliseconds{1500};
  facts.report.emplace();
  facts.report->seconds = 3;
  const auto usage = usage_of("genesis-a-b", a_spec(), facts, SlurmOptions());
  ASSERT_TRUE(usage);
  EXPECT_EQ(usage->lease, "slurm genesis-a-b");
  EXPECT_EQ(usage->resource, "node");
  EXPECT_EQ(usage->kind, "default");
  EXPECT_EQ(usage->amount, 1.5);
  EXPECT_EQ(usage->cpus, 4);
  EXPECT_EQ(usage->memory_gib, 8);
  EXPECT_TRUE(usage->over);
  EXPECT_FALSE(usage->cost) << "nobody's prices";
}

TEST(SlurmUsage, OneWithoutARecordByWhatSlurmSays) {
  EndFacts facts;
  facts.report.emplace();
  facts.report->seconds = 60;
  SlurmOptions options;
  options.partition = "big";
  options.price_list.currency = "EUR";
  options.price_list.usual.vcpu_hour = 60;
  options.price_list.overrides["big"].hour = 6;
  const auto usage = usage_of("x", a_spec(), facts, options);
  ASSERT_TRUE(usage);
  EXPECT_EQ(usage->kind, "big");
  EXPECT_DOUBLE_EQ(usage->cost.value(), 0.1) << "by its partition";
  EXPECT_EQ(usage->currency, "EUR");
}

TEST(SlurmUsage, OneThatNeverRanCountsNothing) {
  EXPECT_FALSE(usage_of("x", a_spec(), EndFacts(), SlurmOptions()));
  EndFacts facts;
  facts.report.emplace();
  facts.report->seconds = 0;
  EXPECT_FALSE(usage_of("x", a_spec(), facts, SlurmOptions()));
}

}  // namespace
}  // namespace genesis::launch::slurm
