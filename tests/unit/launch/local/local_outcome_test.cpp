#include "launch/local/local_outcome.h"

#include <gtest/gtest.h>
#include <signal.h>

namespace genesis::launch {
namespace {

using std::chrono::milliseconds;

JobEndFacts signalled(int signal) {
  JobEndFacts facts;
  facts.exit.signalled = true;
  facts.exit.signal = signal;
  return facts;
}

TEST(Classify, WhatWeEndedKeepsOurReason) {
  JobEndFacts facts = signalled(SIGKILL);
  facts.ended_as = JobOutcomeKind::timeout;
  facts.killed_for_memory = true;
  Limits limits;
  limits.wall_time = milliseconds{1500};
  limits.memory_bytes = 1;
  EXPECT_EQ(classify(facts, limits).kind, JobOutcomeKind::timeout);
}

TEST(Classify, MemoryNeedsALimitAndAFailure) {
  JobEndFacts facts = signalled(SIGKILL);
  facts.killed_for_memory = true;
  EXPECT_EQ(classify(facts, {}).kind, JobOutcomeKind::signalled);
  Limits limits;
  limits.memory_bytes = 1 << 20;
  EXPECT_EQ(classify(facts, limits).kind, JobOutcomeKind::out_of_memory);
  // A job that survived the end of one of its children has its own say.
  facts.exit = {};
  EXPECT_EQ(classify(facts, limits).kind, JobOutcomeKind::exited);
}

TEST(Classify, ACrashCloseBelowTheLimitIsOutOfMemory) {
  JobEndFacts facts = signalled(SIGABRT);
  Limits limits;
  limits.memory_bytes = 100 << 20;
  facts.exit.peak_memory_bytes = 95 << 20;
  EXPECT_EQ(classify(facts, limits).kind, JobOutcomeKind::out_of_memory);
  facts.exit.peak_memory_bytes = 50 << 20;
  EXPECT_EQ(classify(facts, limits).kind, JobOutcomeKind::signalled);
}

TEST(Classify, CpuLimitIsATimeout) {
  Limits limits;
  limits.cpu_time = milliseconds{1000};
  const JobOutcome outcome = classify(signalled(SIGXCPU), limits);
  EXPECT_EQ(outcome.kind, JobOutcomeKind::timeout);
  EXPECT_NE(outcome.detail.find("CPU"), std::string::npos);
  EXPECT_EQ(classify(signalled(SIGXCPU), {}).kind, JobOutcomeKind::signalled);
}

}  // namespace
}  // namespace genesis::launch
