#include "launch/shared/shared_pool.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "launch/fake/fake_launcher.h"

namespace genesis::launch {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::IsEmpty;

/// A member and what it was told.
struct Seat {
  std::unique_ptr<Launcher> launcher;
  std::vector<int> capacities;
  std::vector<std::string> reasons;
  std::map<std::string, JobOutcome> ended;
  bool closed = false;
};

/// A pool over a fake backend whose clock the tests move.
class SharedPoolTest : public testing::Test {
 protected:
  void make_pool(int slots, nlohmann::json options = {{"run_time", "10ms"}}) {
    LauncherContext context;
    context.io = &io;
    context.max_parallel_jobs = slots;
    auto manual = std::make_unique<ManualScheduler>();
    hands = manual.get();
    pool = std::make_unique<SharedPool>(
        io,
        make_fake_launcher(context, read_fake_options(options, "job_config"), std::move(manual)));
  }

  Seat& join(int max_jobs = 100) {
    seats.push_back(std::make_unique<Seat>());
    Seat& seat = *seats.back();
    seat.launcher = pool->join(max_jobs);
    const std::size_t number = seats.size() - 1;
    EXPECT_TRUE(seat.launcher->open([this, number](Event event) { on_event(number, event); }));
    settle();
    return seat;
  }

  void on_event(std::size_t number, Event& event) {
    Seat& seat = *seats[number];
    if (auto* capacity = std::get_if<Capacity>(&event)) {
      seat.capacities.push_back(capacity->slots);
      if (!capacity->reason.empty()) seat.reasons.push_back(capacity->reason);
    } else if (auto* started = std::get_if<Started>(&event)) {
      starts.push_back(started->token);
    } else if (auto* finished = std::get_if<Finished>(&event)) {
      EXPECT_TRUE(seat.ended.emplace(finished->token, finished->outcome).second)
          << finished->token << " ended twice";
    }
  }

  static JobSpec job(std::string token) {
    JobSpec spec;
    spec.token = std::move(token);
    spec.argv = {"fake"};
    spec.inputs.push_back({"main.py", "1", std::nullopt});
    return spec;
  }
  void submit(Seat& seat, const std::string& name, int count) {
    for (int i = 0; i < count; ++i) seat.launcher->submit(job(fmt::format("{}{}", name, i)));
  }

  /// Everything that is ready, without time passing.
  void settle() {
    io.restart();
    io.poll();
  }
  void pass(std::chrono::milliseconds span) {
    for (auto passed = 0ms; passed < span; passed += 1ms) {
      hands->advance(1ms);
      settle();
    }
  }
  void close(Seat& seat) {
    seat.launcher->close(1s, [&seat] { seat.closed = true; });
  }

  boost::asio::io_context io;
  ManualScheduler* hands = nullptr;
  std::unique_ptr<SharedPool> pool;
  std::vector<std::unique_ptr<Seat>> seats;
  std::vector<std::string> starts;
};

TEST_F(SharedPoolTest, TheMembersTakeTurns) {
  make_pool(2);
  Seat& a = join();
  Seat& b = join();
  Seat& c = join();
  submit(a, "a", 9);
  submit(b, "b", 3);
  submit(c, "c", 3);
  pass(100ms);
  EXPECT_EQ(a.ended.size(), 9u);
  ASSERT_EQ(starts.size(), 15u);
  // a was alone when it filled the slots and what is kept at hand; from then on they take turns,
  // whoever has fewest first.
  const std::vector<std::string> turns(starts.begin() + 4, starts.begin() + 12);
  for (const char* token : {"b0", "b1", "b2", "c0", "c1", "c2"}) {
    EXPECT_THAT(turns, testing::Contains(token));
  }
}

TEST_F(SharedPoolTest, TheCapacityIsAFairShareOfWhatIsThere) {
  make_pool(4, {{"run_time", "10ms"}});
  Seat& a = join();
  EXPECT_THAT(a.capacities, ElementsAre(4));
  submit(a, "a", 8);
  settle();
  Seat& b = join();
  EXPECT_THAT(b.capacities, ElementsAre(2));
  EXPECT_THAT(a.capacities, ElementsAre(4)) << "b has nothing to run yet";
  submit(b, "b", 8);
  settle();
  EXPECT_THAT(a.capacities, ElementsAre(4, 2));
  pass(100ms);
  EXPECT_EQ(a.capacities.back(), 4);
  EXPECT_EQ(b.capacities.back(), 4);
  EXPECT_EQ(a.ended.size() + b.ended.size(), 16u);
}

TEST_F(SharedPoolTest, NobodyIsToldMoreThanItWants) {
  make_pool(8);
  EXPECT_THAT(join(1).capacities, ElementsAre(1));
  EXPECT_THAT(join(3).capacities, ElementsAre(3));
}

TEST_F(SharedPoolTest, ABackendThatPausesPausesAll) {
  make_pool(2, {{"run_time", "5ms"},
                {"capacity",
                 {{{"at", "20ms"}, {"slots", 0}, {"reason", "quota"}},
                  {{"at", "40ms"}, {"slots", 2}, {"reason", "quota again"}}}}});
  Seat& a = join();
  Seat& b = join();
  pass(25ms);
  EXPECT_EQ(a.capacities.back(), 0);
  EXPECT_EQ(b.capacities.back(), 0);
  EXPECT_THAT(a.reasons, ElementsAre("quota"));
  submit(a, "a", 1);
  pass(10ms);
  EXPECT_THAT(a.ended, IsEmpty());
  pass(20ms);
  EXPECT_EQ(a.ended.size(), 1u);
  EXPECT_THAT(b.reasons, ElementsAre("quota", "quota again"));
}

TEST_F(SharedPoolTest, DrainingOneLeavesTheOthersAlone) {
  make_pool(2);
  Seat& a = join();
  Seat& b = join();
  submit(a, "a", 6);
  submit(b, "b", 6);
  pass(2ms);
  a.launcher->drain();
  a.launcher->submit(job("late"));
  pass(100ms);
  int begun = 0;
  for (const auto& [token, outcome] : a.ended) {
    if (outcome.kind == JobOutcomeKind::exited) ++begun;
  }
  EXPECT_EQ(begun, 2) << "what ran goes on";
  EXPECT_EQ(a.ended.size(), 7u);
  EXPECT_EQ(a.ended.at("late").kind, JobOutcomeKind::cancelled);
  for (const auto& [token, outcome] : b.ended) EXPECT_EQ(outcome.kind, JobOutcomeKind::exited);
  EXPECT_EQ(b.ended.size(), 6u);
}

TEST_F(SharedPoolTest, DrainingSparesWhatHasBegunBeforeThatIsTold) {
  make_pool(2);
  Seat& a = join();
  submit(a, "a", 4);
  a.launcher->drain();
  EXPECT_THAT(starts, IsEmpty()) << "nothing has been delivered yet";
  pass(100ms);
  EXPECT_EQ(a.ended.at("a0").kind, JobOutcomeKind::exited);
  EXPECT_EQ(a.ended.at("a1").kind, JobOutcomeKind::exited);
  EXPECT_EQ(a.ended.at("a2").kind, JobOutcomeKind::cancelled);
  EXPECT_EQ(a.ended.at("a3").kind, JobOutcomeKind::cancelled);
}

TEST_F(SharedPoolTest, ClosingOneEndsItsJobsOnly) {
  make_pool(4, {{"never_ends", true}});
  Seat& a = join();
  Seat& b = join();
  submit(a, "a", 2);
  submit(b, "b", 2);
  settle();
  close(a);
  pass(5ms);
  EXPECT_TRUE(a.closed);
  EXPECT_EQ(a.ended.size(), 2u);
  EXPECT_THAT(b.ended, IsEmpty());
  EXPECT_EQ(b.capacities.back(), 4) << "the share of the one that left";
  b.launcher->cancel("b0");
  pass(5ms);
  EXPECT_EQ(b.ended.size(), 1u);
}

TEST_F(SharedPoolTest, AMemberThatVanishesLeavesNothingBehind) {
  make_pool(1, {{"rules", {{{"argument", "stuck"}, {"never_ends", true}}}}, {"run_time", "2ms"}});
  Seat& a = join();
  Seat& b = join();
  JobSpec stuck = job("a0");
  stuck.argv = {"stuck"};
  a.launcher->submit(std::move(stuck));
  submit(a, "more", 3);
  settle();
  a.launcher.reset();
  submit(b, "b", 1);
  pass(20ms);
  EXPECT_THAT(a.ended, IsEmpty());
  EXPECT_EQ(b.ended.size(), 1u) << "the slot is free again";
}

// The backend takes its time to end a job; the member's run does not wait for ever.
TEST_F(SharedPoolTest, ACloseBeyondItsDeadlineGivesUp) {
  make_pool(1, {{"never_ends", true}, {"cancel_delay", "1h"}});
  Seat& a = join();
  submit(a, "a", 1);
  settle();
  a.launcher->close(1ms, [&a] { a.closed = true; });
  const auto limit = std::chrono::steady_clock::now() + 60s;
  while (!a.closed && std::chrono::steady_clock::now() < limit) {
    io.restart();
    io.run_one_for(20ms);
  }
  EXPECT_TRUE(a.closed);
  ASSERT_EQ(a.ended.size(), 1u);
  EXPECT_EQ(a.ended.at("a0").kind, JobOutcomeKind::cancelled);
}

TEST_F(SharedPoolTest, ATokenBelongsToOneMember) {
  make_pool(1, {{"never_ends", true}});
  Seat& a = join();
  Seat& b = join();
  Seat& c = join();
  a.launcher->submit(job("same"));
  settle();
  b.launcher->submit(job("same"));
  b.launcher->cancel("same");
  c.launcher->reattach({job("same"), std::nullopt});
  settle();
  EXPECT_THAT(a.ended, IsEmpty());
  for (Seat* other : {&b, &c}) {
    ASSERT_EQ(other->ended.count("same"), 1u);
    EXPECT_EQ(other->ended.at("same").kind, JobOutcomeKind::backend_error);
  }
}

TEST_F(SharedPoolTest, ATokenThatTwoHaveQueuedRunsOnce) {
  make_pool(2, {{"rules", {{{"argument", "stuck"}, {"never_ends", true}}}}, {"run_time", "5ms"}});
  Seat& a = join();
  Seat& b = join();
  submit(a, "a", 4);
  for (Seat* seat : {&a, &b}) {
    JobSpec same = job("same");
    same.argv = {"stuck"};
    seat->launcher->submit(std::move(same));
  }
  pass(50ms);
  EXPECT_THAT(b.ended, IsEmpty()) << "it came first, as it had nothing running";
  ASSERT_EQ(a.ended.count("same"), 1u);
  EXPECT_EQ(a.ended.at("same").kind, JobOutcomeKind::backend_error);
}

TEST_F(SharedPoolTest, ThePoolClosesItsBackendAndThenSaysSo) {
  make_pool(2);
  bool closed = false;
  pool->close(1s, [&closed] { closed = true; });
  settle();
  EXPECT_TRUE(closed) << "nobody had joined";
  make_pool(2);
  Seat& a = join();
  close(a);
  pass(2ms);
  ASSERT_TRUE(a.closed);
  closed = false;
  pool->close(1s, [&closed] { closed = true; });
  pass(2ms);
  EXPECT_TRUE(closed);
}

TEST_F(SharedPoolTest, MembersOutliveThePoolQuietly) {
  make_pool(1, {{"never_ends", true}});
  Seat& a = join();
  submit(a, "a", 3);
  settle();
  pool.reset();
  submit(a, "later", 1);
  a.launcher->cancel("a0");
  a.launcher->reattach({job("x"), std::nullopt});
  settle();
  EXPECT_EQ(a.ended.count("a0"), 0u);
  EXPECT_FALSE(a.launcher->capabilities().shares_file_system);
}

}  // namespace
}  // namespace genesis::launch
