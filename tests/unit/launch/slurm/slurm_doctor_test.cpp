#include "launch/slurm/slurm_doctor.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace genesis::launch::slurm {
namespace {

using testing::HasSubstr;

SiteFacts a_site() {
  SiteFacts facts;
  facts.site.emplace();
  facts.site->cluster = "c";
  facts.site->version = "22.05.8";
  facts.site->max_array_size = 1001;
  facts.site->accounting = "accounting_storage/slurmdbd";
  facts.partitions.emplace();
  PartitionRow& row = facts.partitions->emplace_back();
  row.name = "main";
  row.is_default = true;
  row.state = "UP";
  return facts;
}

const DoctorLine& line(const std::vector<DoctorLine>& lines, const std::string& what) {
  for (const DoctorLine& one : lines) {
    if (one.what == what) return one;
  }
  throw std::runtime_error("no line about " + what);
}

TEST(SlurmDoctor, AWholeClusterIsInOrder) {
  for (const DoctorLine& one : doctor_lines(a_site())) {
    EXPECT_TRUE(one.ok) << one.what << ": " << one.found;
    EXPECT_TRUE(one.remedy.empty()) << one.what;
  }
}

TEST(SlurmDoctor, WithoutCommandsOrConfigurationNothingElseIsAsked) {
  SiteFacts facts = a_site();
  facts.missing_commands = {"sbatch"};
  auto lines = doctor_lines(facts);
  ASSERT_EQ(lines.size(), 1u);
  EXPECT_FALSE(lines[0].ok);
  EXPECT_FALSE(lines[0].required) << "a laptop has none";
  facts = a_site();
  facts.no_configuration = true;
  lines = doctor_lines(facts);
  ASSERT_EQ(lines.size(), 2u);
  EXPECT_FALSE(lines[1].required);
  facts.no_configuration = false;
  facts.missing_file = "/x/slurm.conf";
  lines = doctor_lines(facts);
  EXPECT_TRUE(lines[1].required) << "somebody meant a cluster";
  EXPECT_THAT(lines[1].found, HasSubstr("/x/slurm.conf"));
}

TEST(SlurmDoctor, AControllerThatIsAwayIsTold) {
  SiteFacts facts;
  facts.controller_failure = "scontrol: Unable to contact slurm controller";
  const auto lines = doctor_lines(facts);
  const DoctorLine& told = line(lines, "SLURM's controller");
  EXPECT_FALSE(told.ok);
  EXPECT_THAT(told.found, HasSubstr("Unable to contact"));
  EXPECT_EQ(lines.size(), 3u);
}

TEST(SlurmDoctor, WhatAClusterLacksIsSaidWithWhatToDo) {
  SiteFacts facts = a_site();
  facts.site->version = "18.08.9";
  facts.site->max_array_size = 1;
  facts.site->accounting = "accounting_storage/none";
  facts.partitions->front().is_default = false;
  auto lines = doctor_lines(facts);
  for (const char* what : {"SLURM's version", "arrays", "accounting (sacct)", "partitions"}) {
    EXPECT_FALSE(line(lines, what).ok) << what;
    EXPECT_FALSE(line(lines, what).required) << what;
    EXPECT_FALSE(line(lines, what).remedy.empty()) << what;
  }
  facts.partitions->front().state = "DOWN";
  lines = doctor_lines(facts);
  EXPECT_TRUE(line(lines, "partitions").required);
  facts = a_site();
  facts.accounting_failure = "sacct: no answer";
  lines = doctor_lines(facts);
  EXPECT_EQ(line(lines, "accounting (sacct)").found, "sacct: no answer");
}

}  // namespace
}  // namespace genesis::launch::slurm
