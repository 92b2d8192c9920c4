#include "launch/fake/fake_machine.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <set>

#include "launch/fake/scheduler.h"

namespace genesis::launch {
namespace {

using namespace std::chrono_literals;
using std::chrono::milliseconds;
using testing::ElementsAre;

/// Drives the machine by hand and writes down what it says: "12ms accepted t1 1 token=t1".
class Script {
 public:
  explicit Script(const char* options, int slots = 2, std::uint64_t seed = 1)
      : machine(read_fake_options(nlohmann::json::parse(options), "job_config"), slots, seed) {
    apply(machine.open());
    lines.clear();
  }

  static JobSpec job(std::int64_t evaluation, int attempt = 1) {
    JobSpec spec;
    spec.key.evaluation = evaluation;
    spec.key.attempt = attempt;
    spec.token =
        attempt > 1 ? fmt::format("t{}.{}", evaluation, attempt) : fmt::format("t{}", evaluation);
    return spec;
  }

  void submit(JobSpec spec) { apply(machine.submit(std::move(spec))); }
  void run(milliseconds span) { hands.advance(span); }
  void apply(FakeMachine::Actions actions) {
    for (const auto& notice : actions.notices) write(notice.event);
    for (const auto& wake : actions.wakes) {
      hands.after(wake.after, [this, wake] { apply(machine.on_step(wake)); });
    }
  }

  FakeMachine machine;
  ManualScheduler hands;
  std::vector<std::string> lines;

 private:
  void write(const Event& event) {
    std::string line;
    if (const auto* accepted = std::get_if<Accepted>(&event)) {
      line = fmt::format("accepted {} {}", accepted->token, accepted->ref.text);
    } else if (const auto* started = std::get_if<Started>(&event)) {
      line = fmt::format("started {}", started->token);
    } else if (const auto* finished = std::get_if<Finished>(&event)) {
      line = fmt::format("finished {} {}", finished->token, describe(finished->outcome));
    } else if (const auto* capacity = std::get_if<Capacity>(&event)) {
      line = fmt::format("capacity {}", capacity->slots);
    } else {
      line = fmt::format("usage {}", std::get<Usage>(event).lease);
    }
    line = fmt::format("{}ms {}", hands.now().count(), line);
    lines.push_back(line);
  }
};

TEST(FakeMachine, AJobGoesThroughItsDelays) {
  Script script(R"({"accept_delay": "5ms", "start_delay": "10ms", "run_time": "20ms"})");
  script.submit(Script::job(1));
  script.run(1s);
  EXPECT_THAT(script.lines, ElementsAre("5ms accepted t1 1 token=t1", "15ms started t1",
                                        "35ms finished t1 exited with 0"));
  EXPECT_TRUE(script.machine.idle());
}

TEST(FakeMachine, RefsGrowStepByStep) {
  Script script(R"({"refs": ["token", "sandbox", "pid"], "ref_delay": "1ms"})");
  script.submit(Script::job(1));
  script.run(1s);
  ASSERT_EQ(script.lines.size(), 5u);
  EXPECT_EQ(script.lines[0], "0ms accepted t1 1 token=t1");
  EXPECT_THAT(script.lines[1],
              testing::MatchesRegex("1ms accepted t1 1 token=t1 sandbox=[0-9a-f]{8}"));
  EXPECT_THAT(script.lines[2],
              testing::MatchesRegex("2ms accepted t1 1 token=t1 sandbox=[0-9a-f]+ pid=[0-9a-f]+"));
  EXPECT_EQ(script.lines[3], "2ms started t1");
}

TEST(FakeMachine, BeyondCapacityJobsWaitTheirTurn) {
  Script script(R"({"run_time": "10ms"})", 1);
  script.submit(Script::job(1));
  script.submit(Script::job(2));
  script.run(10ms);
  EXPECT_THAT(script.lines, ElementsAre("0ms accepted t1 1 token=t1", "0ms started t1",
                                        "10ms finished t1 exited with 0",
                                        "10ms accepted t2 1 token=t2", "10ms started t2"));
}

TEST(FakeMachine, RulesPickByAttemptSoThatARetrySucceeds) {
  Script script(R"({"rules": [{"attempt": 1, "outcome": "lost", "detail": "node failed"}]})");
  script.submit(Script::job(1, 1));
  script.submit(Script::job(1, 2));
  script.run(1ms);
  EXPECT_THAT(script.lines, testing::Contains("0ms finished t1 lost: node failed"));
  EXPECT_THAT(script.lines, testing::Contains("0ms finished t1.2 exited with 0"));
}

TEST(FakeMachine, ABurstOfBackendErrorsIsNeverAccepted) {
  Script script(R"({"rules": [{"from": 2, "to": 3, "outcome": "backend_error", "detail": "503"}]})",
                8);
  for (int i = 1; i <= 4; ++i) script.submit(Script::job(i));
  script.run(1ms);
  for (const char* refused : {"t2", "t3"}) {
    EXPECT_THAT(script.lines,
                testing::Contains(fmt::format("0ms finished {} could not be run: 503", refused)));
    EXPECT_THAT(
        script.lines,
        testing::Not(testing::Contains(testing::HasSubstr(fmt::format("accepted {}", refused)))));
  }
  EXPECT_THAT(script.lines, testing::Contains("0ms finished t4 exited with 0"));
}

TEST(FakeMachine, CapacityFollowsItsTimetable) {
  Script script(
      R"({"slots": 2, "run_time": "30ms", "capacity": [{"at": "10ms", "slots": 0, "reason": "429"},
                                                       {"at": "50ms", "slots": 1}]})");
  script.submit(Script::job(1));
  script.run(20ms);
  script.submit(Script::job(2));
  script.run(29ms);
  EXPECT_THAT(script.lines, testing::Not(testing::Contains(testing::HasSubstr("t2"))));
  EXPECT_THAT(script.lines, testing::Contains("30ms finished t1 exited with 0"));
  script.run(1ms);
  EXPECT_THAT(script.lines, testing::Contains("50ms started t2"));
  EXPECT_THAT(script.lines, testing::IsSupersetOf({"10ms capacity 0", "50ms capacity 1"}));
}

TEST(FakeMachine, JitterMakesJobsFinishOutOfOrderAndTheSeedDecidesHow) {
  const auto finish_order = [](std::uint64_t seed) {
    Script script(R"({"run_time": "100ms", "jitter": 1})", 50, seed);
    for (int i = 1; i <= 50; ++i) script.submit(Script::job(i));
    script.run(1s);
    std::vector<std::string> order;
    for (const auto& line : script.lines) {
      if (line.find("finished") != std::string::npos) order.push_back(line);
    }
    return order;
  };
  const auto order = finish_order(1);
  EXPECT_EQ(order.size(), 50u);
  EXPECT_EQ(order, finish_order(1));
  EXPECT_NE(order, finish_order(2));
}

TEST(FakeMachine, LuckBelongsToTheAttemptAndNotToTheOrder) {
  const char* options = R"({"rules": [{"probability": 0.3, "outcome": "lost"}]})";
  const auto lost = [&](bool backwards) {
    Script script(options, 200);
    for (int i = 1; i <= 200; ++i) script.submit(Script::job(backwards ? 201 - i : i));
    script.run(1s);
    std::set<std::string> tokens;
    for (const auto& line : script.lines) {
      if (line.ends_with(" lost")) tokens.insert(line);
    }
    return tokens;
  };
  const auto forwards = lost(false);
  EXPECT_EQ(forwards, lost(true));
  EXPECT_GT(forwards.size(), 30u);
  EXPECT_LT(forwards.size(), 90u);
}

TEST(FakeMachine, TheWallTimeEndsAJobThatNeverEnds) {
  Script script(R"({"never_ends": true, "cancel_delay": "3ms"})");
  auto spec = Script::job(1);
  spec.limits.wall_time = 40ms;
  script.submit(std::move(spec));
  script.run(42ms);
  EXPECT_FALSE(script.machine.idle());
  script.run(1ms);
  EXPECT_EQ(script.lines.back(), "43ms finished t1 timed out after 40 ms");
}

TEST(FakeMachine, CancelEndsWaitingAndRunningJobsOnce) {
  Script script(R"({"run_time": "10ms", "cancel_delay": "2ms"})", 1);
  script.submit(Script::job(1));
  script.submit(Script::job(2));
  script.run(1ms);
  script.apply(script.machine.cancel("t2"));
  EXPECT_EQ(script.lines.back(), "1ms finished t2 cancelled");
  script.apply(script.machine.cancel("t1"));
  script.apply(script.machine.cancel("t1"));
  script.apply(script.machine.cancel("nobody"));
  script.run(1s);
  EXPECT_EQ(script.lines.back(), "3ms finished t1 cancelled");
  EXPECT_EQ(script.lines.size(), 4u);
}

TEST(FakeMachine, ASecondSubmitOfATokenInFlightIsSuppressed) {
  Script script(R"({"run_time": "10ms"})");
  script.submit(Script::job(1));
  script.submit(Script::job(1));
  script.run(1s);
  EXPECT_EQ(script.machine.suppressed_duplicates(), 1u);
  EXPECT_EQ(script.lines.size(), 3u);
}

TEST(FakeMachine, ReattachFindsAJobRunningFinishedOrGone) {
  const JobRef ref{"fake", "1 token=t1 sandbox=00000000"};
  Script running(R"({"reattach": "running", "refs": ["token", "sandbox"], "run_time": "5ms"})");
  running.apply(running.machine.reattach({Script::job(1), ref}));
  running.run(1s);
  ASSERT_EQ(running.lines.size(), 3u);
  EXPECT_THAT(running.lines[0], testing::StartsWith("0ms accepted t1 1 token=t1 sandbox="));
  EXPECT_EQ(running.lines[1], "0ms started t1");
  EXPECT_EQ(running.lines[2], "5ms finished t1 exited with 0");

  Script finished(R"({"reattach": "finished"})");
  finished.apply(finished.machine.reattach({Script::job(1), ref}));
  EXPECT_THAT(finished.lines, ElementsAre("0ms finished t1 exited with 0"));

  Script gone(R"({"reattach": "gone"})");
  gone.apply(gone.machine.reattach({Script::job(1), ref}));
  EXPECT_THAT(gone.lines, ElementsAre("0ms finished t1 lost: no such job is left"));
}

TEST(FakeMachine, ReattachWithoutOrWithAForeignRefIsLostUnlessTokensAreEnough) {
  for (const auto& ref : {std::optional<JobRef>(), std::optional(JobRef{"slurm", "1 job=3"}),
                          std::optional(JobRef{"fake", "2 token=t1"})}) {
    Script script(R"({"reattach": "finished"})");
    script.apply(script.machine.reattach({Script::job(1), ref}));
    EXPECT_THAT(script.lines, ElementsAre("0ms finished t1 lost: no such job is left"));
  }
  Script script(R"({"reattach": "finished", "reattach_by_token": true})");
  script.apply(script.machine.reattach({Script::job(1), std::nullopt}));
  EXPECT_THAT(script.lines, ElementsAre("0ms finished t1 exited with 0"));
}

TEST(FakeMachine, AReattachedJobHoldsItsSlot) {
  Script script(R"({"run_time": "10ms"})", 1);
  script.apply(script.machine.reattach({Script::job(1), JobRef{"fake", "1 token=t1"}}));
  script.submit(Script::job(2));
  script.run(9ms);
  EXPECT_THAT(script.lines, testing::Not(testing::Contains(testing::HasSubstr("t2"))));
  script.run(20ms);
  EXPECT_EQ(script.lines.back(), "20ms finished t2 exited with 0");
}

TEST(FakeMachine, DrainCancelsWhatWaitsAndRefusesWhatComes) {
  Script script(R"({"run_time": "10ms"})", 1);
  script.submit(Script::job(1));
  script.submit(Script::job(2));
  script.run(1ms);
  script.apply(script.machine.drain());
  script.submit(Script::job(3));
  script.run(1s);
  EXPECT_THAT(script.lines,
              testing::IsSupersetOf({"1ms finished t2 cancelled: the launcher is draining",
                                     "1ms finished t3 cancelled: the launcher is draining",
                                     "10ms finished t1 exited with 0"}));
  EXPECT_TRUE(script.machine.idle());
}

}  // namespace
}  // namespace genesis::launch
