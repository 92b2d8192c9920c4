#include "launch/slurm/pilot_output.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace genesis::launch::slurm {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;

TEST(PilotOutput, AllocationsAreReadAndForeignLinesAreNot) {
  const auto rows = parse_pilot_queue(
      "12|RUNNING|None|4:59|n[1-2],m7|genesis-a-b\n"
      "13|PENDING|Resources|5:00||a|name|of somebody\n"
      "14_2|RUNNING|None|UNLIMITED|n1|x\n"
      "slurm_load_jobs error: …\n|||||\n");
  ASSERT_EQ(rows.size(), 3u);
  EXPECT_EQ(rows[0].id, "12");
  EXPECT_EQ(rows[0].state, JobState::running);
  EXPECT_EQ(rows[0].left, 299s);
  EXPECT_EQ(rows[0].nodes, "n[1-2],m7");
  EXPECT_EQ(rows[0].name, "genesis-a-b");
  EXPECT_EQ(rows[1].state, JobState::waiting);
  EXPECT_EQ(rows[1].reason, "Resources");
  EXPECT_EQ(rows[1].name, "a|name|of somebody");
  EXPECT_FALSE(rows[2].left);
}

TEST(PilotOutput, TimesLeftAreReadInTheFormsOfSqueue) {
  EXPECT_EQ(parse_time_left("0:07"), 7s);
  EXPECT_EQ(parse_time_left("59:59"), 3599s);
  EXPECT_EQ(parse_time_left("1:02:03"), 3723s);
  EXPECT_EQ(parse_time_left("2-00:00:01"), 172801s);
  for (const char* none : {"", "UNLIMITED", "INVALID", "NOT_SET", "5", "1-5", "-1:00", "1:2:3:4",
                           "1:", "99999999999:00"}) {
    EXPECT_FALSE(parse_time_left(none)) << none;
  }
}

TEST(PilotOutput, StepsOfThatJobThatSrunStarted) {
  const auto steps = parse_steps(
      "1.0|n1|genesis-worker\n1.batch|n1|batch\n1.extern|n1|extern\n12.3|n1|genesis-worker\n"
      "1.12|n2|other|name\n1.|n1|x\n",
      "1");
  ASSERT_EQ(steps.size(), 2u);
  EXPECT_EQ(steps[0].step, "0");
  EXPECT_EQ(steps[0].nodes, "n1");
  EXPECT_EQ(steps[0].name, "genesis-worker");
  EXPECT_EQ(steps[1].step, "12");
  EXPECT_EQ(steps[1].name, "other|name");
}

TEST(PilotOutput, NamesOfNodesThatCouldBeSomethingElseAreLeftOut) {
  EXPECT_THAT(parse_node_names("n1\n n2.cluster \n\n-rf\n../x\na b\nn3;id\nm_4\n"),
              ElementsAre("n1", "n2.cluster", "m_4"));
}

}  // namespace
}  // namespace genesis::launch::slurm
