#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "launcher_contract.h"
#include "launcher_subjects.h"

namespace genesis::launch {
namespace {

using namespace std::chrono_literals;

TEST_P(LauncherContract, OpeningAnnouncesTheCapacity) {
  open(3);
  run_until([&] { return !events.capacities.empty(); }, "Capacity");
  EXPECT_EQ(events.capacities.front(), 3);
}

TEST_P(LauncherContract, AJobIsAcceptedStartedAndFinishedInThisOrder) {
  open();
  submit(Behaviour::succeed, "a");
  run_until_finished(1);
  const auto& job = events.job("a");
  ASSERT_FALSE(job.refs.empty());
  EXPECT_EQ(job.refs.front().backend, launcher->name());
  EXPECT_THAT(job.refs.front().text, testing::MatchesRegex("[0-9]+( .*)?"));
  EXPECT_TRUE(job.started);
  EXPECT_EQ(outcome("a").kind, JobOutcomeKind::exited) << describe(outcome("a"));
  EXPECT_EQ(outcome("a").exit_code, 0);
}

TEST_P(LauncherContract, ResultsComeInlineOrInTheFolderOfTheAttempt) {
  open();
  const JobSpec spec = job(Behaviour::succeed, "a");
  submit(spec);
  run_until_finished(1);
  EXPECT_THAT(result_text("a", "metrics.json"), testing::HasSubstr("combined_score"));
  EXPECT_THAT(result_text("a", "correct.json"), testing::HasSubstr("true"));
  const auto& results = events.job("a").finished->results;
  EXPECT_NE(results.folder.has_value(), !results.inline_files.empty()) << "one of the two";
  if (results.folder) {
    EXPECT_EQ(*results.folder, spec.work_dir / "results");
  }
}

TEST_P(LauncherContract, TheJobSeesItsToken) {
  open();
  submit(Behaviour::succeed, "token-of-this-attempt");
  run_until_finished(1);
  EXPECT_THAT(result_text("token-of-this-attempt", subject->token_file()),
              testing::HasSubstr("token-of-this-attempt"));
}

TEST_P(LauncherContract, AFailureIsAnExitCode) {
  open();
  submit(Behaviour::fail, "a");
  run_until_finished(1);
  EXPECT_EQ(outcome("a").kind, JobOutcomeKind::exited);
  EXPECT_NE(outcome("a").exit_code, 0);
}

TEST_P(LauncherContract, ACrashIsTheJobsOwnAndNotAnInfrastructureFailure) {
  open();
  submit(Behaviour::crash, "a");
  submit(Behaviour::succeed, "b");
  run_until_finished(2);
  EXPECT_EQ(outcome("a").kind, subject->crash_outcome()) << describe(outcome("a"));
  EXPECT_EQ(outcome("b").kind, JobOutcomeKind::exited);
}

TEST_P(LauncherContract, ARunningJobIsCancelledOnce) {
  open();
  submit(Behaviour::block, "a");
  run_until([&] { return events.job("a").started; }, "Started");
  cancel("a");
  cancel("a");
  run_until_finished(1);
  EXPECT_EQ(outcome("a").kind, JobOutcomeKind::cancelled) << describe(outcome("a"));
}

TEST_P(LauncherContract, AQueuedJobIsCancelledWithoutStarting) {
  open(1);
  submit(Behaviour::block, "a");
  run_until([&] { return events.job("a").started; }, "Started");
  submit(Behaviour::succeed, "b");
  cancel("b");
  run_until([&] { return events.job("b").finished.has_value(); }, "the end of b");
  EXPECT_EQ(outcome("b").kind, JobOutcomeKind::cancelled);
  EXPECT_FALSE(events.job("b").started);
  EXPECT_FALSE(events.job("a").finished.has_value());
}

TEST_P(LauncherContract, CancellingInTheCallAfterSubmitStillEndsOnce) {
  open();
  submit(Behaviour::block, "a");
  cancel("a");
  run_until_finished(1);
  EXPECT_EQ(outcome("a").kind, JobOutcomeKind::cancelled);
}

TEST_P(LauncherContract, CancellingAFinishedOrUnknownJobDoesNothing) {
  open();
  submit(Behaviour::succeed, "a");
  run_until_finished(1);
  cancel("a");
  cancel("nobody");
  cancel("");
  submit(Behaviour::succeed, "b");
  run_until_finished(2);
  EXPECT_EQ(outcome("b").kind, JobOutcomeKind::exited);
  EXPECT_EQ(events.jobs.size(), 2u);
}

TEST_P(LauncherContract, WhatWaitsIsTakenBackAndWhatRunsIsNot) {
  open(1);
  submit(Behaviour::block, "running");
  run_until([&] { return events.job("running").started; }, "Started");
  submit(Behaviour::succeed, "waiting");
  take_back("running");
  take_back("waiting");
  take_back("nobody");
  run_until([&] { return events.job("waiting").finished.has_value(); },
            "the end of the waiting one");
  EXPECT_EQ(outcome("waiting").kind, JobOutcomeKind::cancelled);
  EXPECT_FALSE(events.job("waiting").started);
  EXPECT_FALSE(events.job("running").finished.has_value());
  cancel("running");
  run_until_finished(2);
}

TEST_P(LauncherContract, DrainingLetsRunningJobsGoOnAndCancelsTheOthers) {
  open(1);
  submit(Behaviour::block, "running");
  run_until([&] { return events.job("running").started; }, "Started");
  submit(Behaviour::succeed, "queued");
  drain();
  submit(Behaviour::succeed, "late");
  run_until_finished(2);
  EXPECT_EQ(outcome("queued").kind, JobOutcomeKind::cancelled);
  EXPECT_EQ(outcome("late").kind, JobOutcomeKind::cancelled);
  EXPECT_FALSE(events.job("running").finished.has_value());
  cancel("running");
  run_until_finished(3);
}

TEST_P(LauncherContract, ClosingEndsWhatRunsAndWaitsAndThenIsSilent) {
  open(1);
  submit(Behaviour::block, "running");
  run_until([&] { return events.job("running").started; }, "Started");
  submit(Behaviour::succeed, "queued");
  close();
  run_until([&] { return events.closed; }, "close");
  EXPECT_EQ(outcome("running").kind, JobOutcomeKind::cancelled) << describe(outcome("running"));
  EXPECT_EQ(outcome("queued").kind, JobOutcomeKind::cancelled);
  submit(Behaviour::succeed, "after");
  cancel("running");
  run_ready();
  EXPECT_EQ(events.finished, 2u);
}

TEST_P(LauncherContract, ClosingWithNothingToDoCompletes) {
  open();
  close();
  run_until([&] { return events.closed; }, "close");
  EXPECT_EQ(events.finished, 0u);
}

TEST_P(LauncherContract, DestructionWithoutClosingIsSilent) {
  open();
  submit(Behaviour::block, "a");
  run_until([&] { return events.job("a").started; }, "Started");
  launcher.reset();
  run_ready();
  EXPECT_EQ(events.finished, 0u);
}

TEST_P(LauncherContract, JobsBeyondTheCapacityQueue) {
  open(2);
  const int jobs = subject->few_jobs();
  for (int i = 0; i < jobs; ++i) submit(Behaviour::succeed, fmt::format("job-{}", i));
  run_until_finished(static_cast<std::size_t>(jobs));
  EXPECT_LE(events.most_running, 2);
  for (const auto& [token, job] : events.jobs) {
    EXPECT_EQ(outcome(token).kind, JobOutcomeKind::exited) << token;
  }
}

TEST_P(LauncherContract, CapacityMayChange) {
  const std::string reason = subject->fixed_capacity_reason();
  if (!reason.empty()) GTEST_SKIP() << reason;
  open(subject->make_with_changing_capacity(context(2)));
  for (int i = 0; i < 6; ++i) submit(Behaviour::succeed, fmt::format("job-{}", i));
  run_until_finished(6);
  run_until([&] { return events.capacities.size() >= 2; }, "a second Capacity");
  EXPECT_NE(events.capacities[0], events.capacities[1]);
}

TEST_P(LauncherContract, TheWallTimeEndsAJob) {
  open();
  JobSpec spec = job(Behaviour::block, "a");
  spec.limits.wall_time = 60ms;
  submit(std::move(spec));
  run_until_finished(1);
  EXPECT_EQ(outcome("a").kind, JobOutcomeKind::timeout) << describe(outcome("a"));
  EXPECT_GE(outcome("a").wall, 60ms);
  EXPECT_TRUE(events.job("a").started);
}

TEST_P(LauncherContract, ASecondSubmitOfATokenInFlightIsRefusedAndTheFirstGoesOn) {
  open();
  submit(Behaviour::block, "a");
  submit(Behaviour::succeed, "a");
  run_until([&] { return events.job("a").started; }, "Started");
  run_ready();
  EXPECT_FALSE(events.job("a").finished.has_value());
  cancel("a");
  run_until_finished(1);
  EXPECT_EQ(outcome("a").kind, JobOutcomeKind::cancelled);
}

TEST_P(LauncherContract, AFinishedJobOfAnEarlierLauncherIsFoundByItsRefOrReportedLost) {
  open();
  const JobSpec spec = job(Behaviour::succeed, "a");
  submit(spec);
  run_until_finished(1);
  const JobRef ref = events.job("a").refs.back();
  close();
  run_until([&] { return events.closed; }, "close");
  events = EventRecorder();
  open();
  reattach({spec, ref});
  run_until_finished(1);
  EXPECT_EQ(outcome("a").kind, subject->reattached_finished()) << describe(outcome("a"));
  if (outcome("a").kind == JobOutcomeKind::exited) {
    EXPECT_THAT(result_text("a", "metrics.json"), testing::HasSubstr("combined_score"));
  }
}

TEST_P(LauncherContract, AJobThatNobodyAcceptedOrWithAForeignRefIsLost) {
  open();
  reattach({job(Behaviour::succeed, "never"), std::nullopt});
  reattach({job(Behaviour::succeed, "foreign"), JobRef{"another backend", "1 x=y"}});
  reattach({job(Behaviour::succeed, "future"), JobRef{std::string(launcher->name()), "999 x=y"}});
  reattach({job(Behaviour::succeed, "empty"), JobRef{std::string(launcher->name()), ""}});
  run_until_finished(4);
  for (const char* token : {"never", "foreign", "future", "empty"}) {
    EXPECT_EQ(outcome(token).kind, JobOutcomeKind::lost) << token;
  }
}

TEST_P(LauncherContract, WhatCannotBeRunAsAskedIsABackendError) {
  open();
  JobSpec isolated = job(Behaviour::succeed, "isolated");
  isolated.isolation = Isolation::sandbox;
  submit(std::move(isolated));
  run_until_finished(1);
  EXPECT_EQ(outcome("isolated").kind, JobOutcomeKind::backend_error);
  EXPECT_FALSE(outcome("isolated").detail.empty());
  EXPECT_FALSE(events.job("isolated").started);
}

TEST_P(LauncherContract, TheSinkMayCallTheLauncher) {
  open(1);
  const int jobs = subject->few_jobs();
  int submitted = 1;
  events.also = [&](const Event& event) {
    if (!std::holds_alternative<Finished>(event) || submitted == jobs) return;
    cancel("nobody");
    submit(Behaviour::succeed, fmt::format("job-{}", submitted++));
  };
  submit(Behaviour::succeed, "job-0");
  run_until_finished(static_cast<std::size_t>(jobs));
}

TEST_P(LauncherContract, ManyJobsOfAllKindsEndOnceEach) {
  open(4);
  const int jobs = subject->many_jobs();
  for (int i = 0; i < jobs; ++i) {
    const auto behaviour = i % 10 == 3   ? Behaviour::fail
                           : i % 10 == 7 ? Behaviour::crash
                                         : Behaviour::succeed;
    submit(behaviour, fmt::format("job-{}", i));
    if (i % 50 == 49) cancel(fmt::format("job-{}", i));
  }
  run_until_finished(static_cast<std::size_t>(jobs));
  EXPECT_EQ(events.jobs.size(), static_cast<std::size_t>(jobs));
  EXPECT_LE(events.most_running, 4);
  for (const auto& [token, job] : events.jobs) {
    EXPECT_FALSE(is_infrastructure_failure(outcome(token).kind))
        << token << " " << describe(outcome(token));
  }
}

INSTANTIATE_TEST_SUITE_P(Launchers, LauncherContract, testing::ValuesIn(launcher_kinds()),
                         [](const auto& case_info) { return case_info.param.name; });

}  // namespace
}  // namespace genesis::launch
