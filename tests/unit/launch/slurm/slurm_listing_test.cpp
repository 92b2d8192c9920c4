// What SLURM 22.05 prints, recorded from a real one.
#include "launch/slurm/slurm_listing.h"

#include <gtest/gtest.h>

namespace genesis::launch::slurm {
namespace {

TEST(SlurmListing, RowsOfJobsThatWaitAndRun) {
  const auto rows = parse_listing(
      "squeue: a plugin says hello\n"
      "3|PENDING|Resources|main||2026-11-22T06:30:22|2026-11-22T06:35:22|0:00|5:00|4|1|0|"
      "genesis-0123456789ab-x3|/tmp/a|b\n"
      "2|RUNNING|None|main|n2|2026-11-22T06:30:22|2026-11-22T06:30:22|0:02|5:00|4|1|100M|x|/tmp\n"
      "5_0|PENDING|JobHeldUser|short||2026-11-22T06:30:22|N/A|0:00|1:00|1|1|100M|y|/tmp\n"
      "x|PENDING|JobHeldUser|short||t|N/A|0:00|1:00|1|1|100M|y|/tmp\n"
      "7|PENDING|JobHeldUser|short\n");
  ASSERT_EQ(rows.size(), 3u);
  EXPECT_EQ(rows[0].state, JobState::waiting);
  EXPECT_EQ(rows[0].reason, "Resources");
  EXPECT_EQ(rows[0].start, "2026-11-22T06:35:22");
  EXPECT_EQ(rows[0].nodes, "");
  EXPECT_EQ(rows[0].work_dir, "/tmp/a|b");
  EXPECT_EQ(rows[1].nodes, "n2");
  EXPECT_EQ(rows[1].memory, "100M");
  EXPECT_EQ(rows[2].id, "5_0");
  EXPECT_EQ(rows[2].start, "") << "nobody knows";
  EXPECT_EQ(rows[2].cpus, 1);
}

TEST(SlurmListing, PartitionsAndTheirLimits) {
  const auto rows = parse_partitions(
      "PartitionName=main AllowGroups=ALL Default=YES QoS=N/A DefaultTime=NONE MaxNodes=UNLIMITED "
      "MaxTime=UNLIMITED Nodes=n[1-2] State=UP TotalCPUs=8 TotalNodes=2 JobDefaults=(null) "
      "DefMemPerNode=UNLIMITED\n"
      "PartitionName=short Default=NO DefaultTime=00:01:00 MaxNodes=1 MaxTime=00:02:00 State=DOWN "
      "TotalCPUs=8 TotalNodes=2 DefMemPerCPU=100 MaxMemPerNode=UNLIMITED\n"
      "slurm_load_partitions: PartitionName=x\n");
  ASSERT_EQ(rows.size(), 2u);
  EXPECT_TRUE(rows[0].is_default);
  EXPECT_EQ(rows[0].default_memory, "");
  EXPECT_EQ(rows[1].max_time, "00:02:00");
  EXPECT_EQ(rows[1].default_memory, "100 MB per processor");
  EXPECT_EQ(rows[1].state, "DOWN");
  EXPECT_EQ(rows[1].total_cpus, 8);
}

TEST(SlurmListing, WhatHoldsForTheCluster) {
  const auto site = parse_site_config(
      "Configuration data as of 2026-11-22T06:28:43\n"
      "AccountingStorageType   = accounting_storage/none\n"
      "ClusterName             = genesis\n"
      "MaxArraySize            = 1001\n"
      "MaxJobCount             = 10000\n"
      "SLURM_VERSION           = 22.05.8\n\n"
      "Slurmctld(primary) at vm is UP\n");
  ASSERT_TRUE(site);
  EXPECT_EQ(site->cluster, "genesis");
  EXPECT_EQ(site->max_array_size, 1001);
  EXPECT_EQ(site->max_job_count, 10000);
  EXPECT_EQ(site->version, "22.05.8");
  EXPECT_FALSE(site->has_accounting());
  EXPECT_EQ(parse_site_config(
                "MaxArraySize = 1001\nSchedulerParameters = bf_interval=1,max_array_tasks=50\n")
                ->max_array_size,
            50);
  EXPECT_FALSE(parse_site_config("slurm_load_ctl_conf error: Unable to contact slurm controller"));
  EXPECT_TRUE(
      parse_site_config("ClusterName = a\nAccountingStorageType = accounting_storage/slurmdbd")
          ->has_accounting());
}

TEST(SlurmListing, VersionsTrialsAndTimes) {
  EXPECT_EQ(parse_version("slurm-wlm 22.05.8\n"), "22.05.8");
  EXPECT_EQ(parse_version("slurm 24.11.1-1"), "24.11.1-1");
  EXPECT_EQ(parse_version("no such thing"), "");
  EXPECT_EQ(parse_test_only(
                "sbatch: Job 6 to start at 2026-11-22T06:37:22 using 4 processors on nodes n1 in "
                "partition main\n"),
            "2026-11-22T06:37:22");
  EXPECT_FALSE(parse_test_only("allocation failure: Invalid partition name specified"));
  EXPECT_EQ(listed_seconds("5:00"), 300);
  EXPECT_EQ(listed_seconds("1-02:00:01"), 86'400 + 7201);
  EXPECT_EQ(listed_seconds("0:02"), 2);
  EXPECT_FALSE(listed_seconds("UNLIMITED"));
  EXPECT_FALSE(listed_seconds("1:2:3:4"));
  EXPECT_FALSE(listed_seconds(""));
}

TEST(SlurmListing, NoConfigurationIsNotAControllerThatIsAway) {
  EXPECT_TRUE(lacks_configuration("sbatch: fatal: Could not establish a configuration source"));
  EXPECT_FALSE(
      lacks_configuration("sbatch: error: Unable to contact slurm controller (connect failure)"));
}

}  // namespace
}  // namespace genesis::launch::slurm
