#include "launch/slurm/slurm_reasons.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace genesis::launch::slurm {
namespace {

using testing::HasSubstr;

TEST(SlurmReasons, ThoseThatWaitForEverAreInWords) {
  EXPECT_THAT(hopeless_reason("PartitionTimeLimit"), HasSubstr("time"));
  EXPECT_THAT(hopeless_reason("QOSMaxCpuPerJobLimit"), HasSubstr("more than"));
  EXPECT_EQ(hopeless_reason("Resources"), "");
  EXPECT_EQ(hopeless_reason("QOSMaxJobsPerUserLimit"), "") << "that one passes";
}

TEST(SlurmReasons, WhatAPersonHoldsIsNotGivenUpByTheRun) {
  EXPECT_TRUE(explain_reason("JobHeldUser").waits_forever);
  EXPECT_EQ(hopeless_reason("JobHeldUser"), "");
}

TEST(SlurmReasons, WhatFollowsTheCodeIsLeftOut) {
  const Reason reason = explain_reason("ReqNodeNotAvail, UnavailableNodes:n[1-3]");
  EXPECT_EQ(reason.code, "ReqNodeNotAvail");
  EXPECT_THAT(reason.words, HasSubstr("reserved"));
  EXPECT_THAT(reason.remedy, HasSubstr("sinfo -R"));
  EXPECT_EQ(explain_reason("launch failed requeued held").code, "launch failed requeued held");
  EXPECT_EQ(explain_reason("JobHeldUser (by 0)").code, "JobHeldUser");
}

TEST(SlurmReasons, FamiliesByWhatTheyLimit) {
  EXPECT_THAT(explain_reason("AssocGrpCPUMinutesLimit").remedy, HasSubstr("another account"));
  EXPECT_EQ(explain_reason("AssocGrpCpuLimit").remedy, "");
  EXPECT_THAT(explain_reason("QOSGrpNodeLimit").words, HasSubstr("share its QOS"));
  EXPECT_THAT(explain_reason("QOSMinGRES").words, HasSubstr("less than"));
  EXPECT_FALSE(explain_reason("QOSMaxGRESPerUser").waits_forever);
  EXPECT_TRUE(explain_reason("AssocMaxNodePerJobLimit").waits_forever);
}

TEST(SlurmReasons, ANameThatNobodyKnowsIsShownAsItIs) {
  const Reason reason = explain_reason("SomethingNew, of 2031");
  EXPECT_EQ(reason.code, "SomethingNew, of 2031");
  EXPECT_FALSE(reason.waits_forever);
  EXPECT_FALSE(reason.words.empty());
  EXPECT_FALSE(explain_reason("").words.empty());
}

}  // namespace
}  // namespace genesis::launch::slurm
