#include "launch/e2b/e2b_launcher.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <boost/asio/io_context.hpp>

#include "fake_provider.h"
#include "genesis/base/files.h"
#include "launch/e2b/job_ref.h"

namespace genesis::launch::e2b {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

/// The launcher over sandboxes that are folders, and what it said.
class E2BLauncherTest : public testing::Test {
 protected:
  E2BLauncherTest() {
    options_.folder = FakeProvider::kFolder;
    options_.creates_per_second = 1000;
    context_.io = &io_;
    context_.run_id = "this-run";
    context_.run_dir = folder_.path();
    context_.max_parallel_jobs = 2;
  }
  ~E2BLauncherTest() override {
    if (!launcher_) return;
    bool closed = false;
    launcher_->close(5s, [&] { closed = true; });
    run_until([&] { return closed; });
    launcher_.reset();
    run_until([&] { return io_.poll() == 0; });
  }

  void open() {
    launcher_ = make_e2b_launcher(options_, context_, provider_);
    const Status opened = launcher_->open([this](Event event) {
      if (const auto* capacity = std::get_if<Capacity>(&event)) {
        capacities_.push_back(*capacity);
      } else if (const auto* accepted = std::get_if<Accepted>(&event)) {
        refs_[accepted->token] = accepted->ref;
      } else if (const auto* started = std::get_if<Started>(&event)) {
        ++started_[started->token];
      } else if (const auto* usage = std::get_if<Usage>(&event)) {
        EXPECT_FALSE(usages_[usage->lease].over) << usage->lease << ": told after its end";
        usages_[usage->lease] = *usage;
      } else {
        auto& finished = std::get<Finished>(event);
        EXPECT_EQ(ended_.count(finished.token), 0u);
        ended_[finished.token] = std::move(finished);
      }
    });
    ASSERT_TRUE(opened.has_value());
  }
  JobSpec job(const std::string& token, const std::string& script) {
    JobSpec spec;
    spec.token = token;
    spec.work_dir = folder_.path() / token;
    spec.argv = {"/bin/sh", "-c", script};
    spec.limits.kill_grace = 200ms;
    return spec;
  }
  void submit(const std::string& token, const std::string& script) {
    launcher_->submit(job(token, script));
  }
  void run_until(const std::function<bool()>& condition) {
    const auto deadline = std::chrono::steady_clock::now() + 60s;
    while (!condition() && std::chrono::steady_clock::now() < deadline) {
      io_.restart();
      io_.run_one_for(20ms);
    }
    ASSERT_TRUE(condition()) << "not within a minute";
  }
  const JobOutcome& end_of(const std::string& token) {
    run_until([&] { return ended_.count(token) > 0; });
    return ended_[token].outcome;
  }
  void wait_for_start(const std::string& token) {
    run_until([&] { return started_[token] > 0; });
  }
  std::string result(const std::string& token, const std::string& name) {
    const auto text = read_file(folder_.path() / token / "results" / name);
    return text ? *text : text.error().message;
  }

  TempDir folder_{"e2b"};
  boost::asio::io_context io_;
  std::shared_ptr<FakeProvider> provider_ = std::make_shared<FakeProvider>(io_);
  E2BOptions options_;
  LauncherContext context_;
  std::unique_ptr<Launcher> launcher_;
  std::vector<Capacity> capacities_;
  std::map<std::string, JobRef> refs_;
  std::map<std::string, int> started_;
  std::map<std::string, Finished> ended_;
  std::map<std::string, Usage> usages_;  ///< The last of each sandbox.
};

const char* const kScore = "cd {results} && printf '{\"combined_score\": 2}' > metrics.json";

TEST_F(E2BLauncherTest, ACutStreamCostsNothing) {
  options_.reuse = SandboxReuse::pooled;
  context_.max_parallel_jobs = 1;
  open();
  submit("a", kScore);
  EXPECT_EQ(end_of("a").kind, JobOutcomeKind::exited) << end_of("a").detail;
  for (int i = 0; i < 3; ++i) provider_->fail_next("next", Failure(FailureKind::broken, "cut"));
  submit("b", "sleep 0.5; " + std::string(kScore));
  EXPECT_EQ(end_of("b").kind, JobOutcomeKind::exited) << end_of("b").detail;
  EXPECT_GE(provider_->calls("follow"), 3);
  EXPECT_EQ(provider_->calls("create"), 1);
  EXPECT_THAT(result("b", "metrics.json"), HasSubstr("2"));
}

TEST_F(E2BLauncherTest, WhatMayBeDoneTwiceIsTriedAgain) {
  context_.max_parallel_jobs = 1;
  open();
  for (const char* call : {"upload_file", "run", "write_files", "download_file"}) {
    provider_->fail_next(call, Failure(FailureKind::unavailable, "cut"));
  }
  JobSpec spec = job("a", std::string(kScore) + "; head -c 100000 /dev/zero > extra.bin");
  spec.inputs.push_back({"main.py", "x = 1", std::nullopt});
  launcher_->submit(std::move(spec));
  EXPECT_EQ(end_of("a").kind, JobOutcomeKind::exited) << end_of("a").detail;
  EXPECT_EQ(result("a", "extra.bin").size(), 100'000u);
  EXPECT_EQ(provider_->calls("create"), 1);
}

TEST_F(E2BLauncherTest, AJobWhoseStartHadNoAnswerIsFollowedAndNotBegunAgain) {
  context_.max_parallel_jobs = 1;
  open();
  submit("first", kScore);
  EXPECT_EQ(end_of("first").kind, JobOutcomeKind::exited);
  provider_->lose_answer("start");
  provider_->fail_next("start", Failure(FailureKind::unavailable, "a set-up that is tried again"));
  submit("b", "echo ran >>" + (folder_.path() / "witness").string() + "; " + kScore);
  EXPECT_EQ(end_of("b").kind, JobOutcomeKind::exited) << end_of("b").detail;
  EXPECT_EQ(*read_file(folder_.path() / "witness"), "ran\n");
  EXPECT_NE(parse_ref(refs_["b"].text)->pid, 0);
}

TEST_F(E2BLauncherTest, ASandboxWhoseMakingHadNoAnswerIsEnded) {
  provider_->lose_answer("create");
  open();
  submit("a", kScore);
  EXPECT_EQ(end_of("a").kind, JobOutcomeKind::exited) << end_of("a").detail;
  bool closed = false;
  launcher_->close(60s, [&] { closed = true; });
  run_until([&] { return closed; });
  EXPECT_EQ(provider_->calls("create"), 2);
  EXPECT_EQ(provider_->sandboxes(), 0u);
  launcher_.reset();
  open();  // For TearDown.
}

TEST_F(E2BLauncherTest, TheEndIsReadFromTheFileWhenTheStreamNeverTellsIt) {
  open();
  submit("a", std::string(kScore) + "; exit 4");
  wait_for_start("a");
  provider_->fail_always("next", Failure(FailureKind::broken, "cut"));
  provider_->fail_always("follow", Failure(FailureKind::broken, "no connection"));
  EXPECT_EQ(end_of("a").kind, JobOutcomeKind::exited);
  EXPECT_EQ(end_of("a").exit_code, 4);
}

TEST_F(E2BLauncherTest, ALostSandboxIsLostAndNotTheCandidates) {
  open();
  submit("a", "sleep 3600");
  wait_for_start("a");
  provider_->lose(parse_ref(refs_["a"].text)->sandbox);
  EXPECT_EQ(end_of("a").kind, JobOutcomeKind::lost);
  EXPECT_THAT(end_of("a").detail, HasSubstr("has ended"));
}

TEST_F(E2BLauncherTest, ASandboxThatIsGoneBeforeTheCommandBeganIsReplaced) {
  open();
  provider_->fail_next("start", Failure(FailureKind::sandbox_gone, "gone"));
  provider_->fail_next("run", Failure(FailureKind::sandbox_gone, "gone"));
  submit("a", kScore);
  EXPECT_EQ(end_of("a").kind, JobOutcomeKind::exited) << end_of("a").detail;
  EXPECT_EQ(provider_->calls("create"), 3);
  EXPECT_EQ(started_["a"], 1);
}

TEST_F(E2BLauncherTest, AnUnknownTemplateIsSaidToWhoWaits) {
  provider_->fail_always("create", Failure(FailureKind::unknown_template, "no template 'bse'"));
  open();
  submit("a", kScore);
  EXPECT_EQ(end_of("a").kind, JobOutcomeKind::backend_error);
  EXPECT_EQ(end_of("a").detail, "no template 'bse'");
}

TEST_F(E2BLauncherTest, AProviderThatIsDownIsCapacityAndNoOutcome) {
  provider_->fail_next("create", Failure(FailureKind::unavailable, "503: busy"));
  open();
  submit("a", kScore);
  EXPECT_EQ(end_of("a").kind, JobOutcomeKind::exited);
  std::vector<int> slots;
  for (const Capacity& capacity : capacities_) slots.push_back(capacity.slots);
  EXPECT_THAT(slots, testing::ElementsAre(2, 0, 2));
  EXPECT_THAT(capacities_[1].reason, HasSubstr("503: busy"));
}

TEST_F(E2BLauncherTest, TheProvidersLimitIsLearnt) {
  provider_->allow(1);
  open();
  for (int i = 0; i < 4; ++i) submit(fmt::format("j{}", i), kScore);
  for (int i = 0; i < 4; ++i) {
    EXPECT_EQ(end_of(fmt::format("j{}", i)).kind, JobOutcomeKind::exited);
  }
  EXPECT_EQ(provider_->most_seen(), 1u);
  EXPECT_EQ(capacities_.back().slots, 1);
}

TEST_F(E2BLauncherTest, ASandboxOfOneJobNamesItsAttempt) {
  open();
  submit("a", kScore);
  EXPECT_EQ(end_of("a").kind, JobOutcomeKind::exited);
  EXPECT_EQ(provider_->last_created().metadata.at("genesis_run"), "this-run");
  EXPECT_EQ(provider_->last_created().metadata.at("genesis_attempt"), attempt_mark("a"));
}

TEST_F(E2BLauncherTest, APooledSandboxNamesItsRunOnly) {
  options_.reuse = SandboxReuse::pooled;
  open();
  submit("a", kScore);
  EXPECT_EQ(end_of("a").kind, JobOutcomeKind::exited);
  EXPECT_EQ(provider_->last_created().metadata.count("genesis_attempt"), 0u);
}

TEST_F(E2BLauncherTest, AFailedSetUpSaysWhatItSaid) {
  options_.dependencies = {"numpy"};
  options_.python = "/bin/false";
  open();
  submit("a", kScore);
  EXPECT_EQ(end_of("a").kind, JobOutcomeKind::backend_error);
  EXPECT_THAT(end_of("a").detail, HasSubstr("install numpy with pip"));
}

/// With an installer that only counts; each job runs alone.
class DependenciesTest : public E2BLauncherTest {
 protected:
  DependenciesTest() {
    const fs::path pip = folder_.path() / "python";
    EXPECT_TRUE(
        write_file(pip, "#!/bin/sh\necho \"$@\" >> " + (folder_.path() / "pip.log").string()));
    fs::permissions(pip, fs::perms::owner_all);
    options_.dependencies = {"numpy", "scipy"};
    options_.python = pip.string();
    context_.max_parallel_jobs = 1;
  }
  void run_job(const std::string& token) {
    submit(token, kScore);
    EXPECT_EQ(end_of(token).kind, JobOutcomeKind::exited) << end_of(token).detail;
  }
  void close() {
    bool closed = false;
    launcher_->close(5s, [&] { closed = true; });
    run_until([&] { return closed; });
    launcher_.reset();
  }
  std::ptrdiff_t installations() {
    const std::string log = read_file(folder_.path() / "pip.log").value_or("");
    return std::count(log.begin(), log.end(), '\n');
  }
  bool is_noted() { return fs::exists(folder_.path() / ".genesis" / "dependencies.snapshot"); }
};

TEST_F(DependenciesTest, AreInstalledOncePerRunWhereTheProviderMakesSnapshots) {
  provider_->have_snapshots();
  fs::create_directories(folder_.path() / ".genesis");
  open();
  for (const char* token : {"a", "b", "c"}) run_job(token);
  EXPECT_EQ(installations(), 1);
  EXPECT_EQ(provider_->calls("snapshot"), 1);
  EXPECT_EQ(provider_->last_created().sandbox_template, "snap1");
  EXPECT_EQ(provider_->last_created().metadata.at("genesis_template"), "base");
  ASSERT_EQ(provider_->snapshots().size(), 1u);
  EXPECT_THAT(provider_->snapshots().at("snap1"), HasSubstr("genesis-this-run-"));
  EXPECT_TRUE(is_noted());
  close();
  EXPECT_EQ(provider_->snapshots().size(), 0u) << "deleted at the end";
  EXPECT_FALSE(is_noted());
  ASSERT_EQ(usages_.size(), 3u);
  for (const auto& [id, usage] : usages_) EXPECT_EQ(usage.kind, "base") << "whatever it came from";
}

TEST_F(DependenciesTest, AreInstalledPerSandboxWhereItMakesNone) {
  open();
  for (const char* token : {"a", "b", "c"}) run_job(token);
  EXPECT_EQ(installations(), 3);
  EXPECT_EQ(provider_->calls("snapshot"), 1) << "it is remembered";
  EXPECT_FALSE(is_noted());
  close();
  EXPECT_EQ(provider_->calls("delete_snapshot"), 0);
}

TEST_F(DependenciesTest, AFailureThatPassesIsTriedAgain) {
  provider_->have_snapshots();
  provider_->fail_next("snapshot", Failure(FailureKind::unavailable, "503: busy"));
  open();
  for (const char* token : {"a", "b", "c"}) run_job(token);
  EXPECT_EQ(installations(), 2);
  EXPECT_EQ(provider_->calls("snapshot"), 2);
}

TEST_F(DependenciesTest, ASnapshotThatIsKeptServesTheNextRunner) {
  provider_->have_snapshots();
  fs::create_directories(folder_.path() / ".genesis");
  options_.keep_snapshots = true;
  open();
  run_job("a");
  close();
  EXPECT_EQ(provider_->snapshots().size(), 1u);
  open();
  run_job("b");
  EXPECT_EQ(installations(), 1);
  EXPECT_EQ(provider_->last_created().sandbox_template, "snap1");
  close();
  options_.dependencies = {"torch"};
  open();
  run_job("c");
  EXPECT_EQ(installations(), 2) << "a snapshot with something else";
}

TEST_F(DependenciesTest, ASnapshotThatSomebodyDeletedIsMadeAnew) {
  provider_->have_snapshots();
  open();
  run_job("a");
  provider_->forget_snapshots();
  run_job("b");
  EXPECT_EQ(installations(), 2);
  EXPECT_EQ(provider_->snapshots().size(), 1u);
  run_job("c");
  EXPECT_EQ(installations(), 2);
}

TEST_F(E2BLauncherTest, DependenciesAreInstalledOncePerPooledSandbox) {
  const fs::path pip = folder_.path() / "python";
  ASSERT_TRUE(
      write_file(pip, "#!/bin/sh\necho \"$@\" >> " + (folder_.path() / "pip.log").string()));
  fs::permissions(pip, fs::perms::owner_all);
  options_.dependencies = {"numpy"};
  options_.python = pip.string();
  options_.reuse = SandboxReuse::pooled;
  context_.max_parallel_jobs = 1;
  open();
  for (int i = 0; i < 3; ++i) submit(fmt::format("j{}", i), kScore);
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(end_of(fmt::format("j{}", i)).kind, JobOutcomeKind::exited);
  }
  EXPECT_EQ(provider_->calls("create"), 1);
  EXPECT_EQ(provider_->calls("upload_file"), 1) << "the bundle";
  const auto log = read_file(folder_.path() / "pip.log");
  ASSERT_TRUE(log.has_value());
  EXPECT_EQ(std::count(log->begin(), log->end(), '\n'), 1) << *log;
}

TEST_F(E2BLauncherTest, AMissingModuleGivesTheSeedsHint) {
  open();
  submit("a", "echo \"ModuleNotFoundError: No module named 'scipy'\" >&2; exit 1");
  EXPECT_EQ(end_of("a").exit_code, 1);
  EXPECT_THAT(end_of("a").detail, HasSubstr("Dependencies missing in sandbox: add scipy"));
}

TEST_F(E2BLauncherTest, WhatItStartsEndsAtTheLimitWithItsChildren) {
  options_.reuse = SandboxReuse::pooled;
  open();
  // Other tests of this machine have tokens, too.
  const std::string token = folder_.path().filename().string();
  JobSpec spec = job(token, "(setsid sleep 3600 &); trap '' TERM; sleep 3600; sleep 3600");
  spec.limits.wall_time = 100ms;
  launcher_->submit(std::move(spec));
  EXPECT_EQ(end_of(token).kind, JobOutcomeKind::timeout);
  EXPECT_THAT(end_of(token).detail, HasSubstr("Sandbox timeout"));
  submit("b", "grep -lzx GENESIS_ATTEMPT_TOKEN=" + token +
                  " /proc/[0-9]*/environ > {results}/extra.txt; true");
  EXPECT_EQ(end_of("b").kind, JobOutcomeKind::exited);
  EXPECT_EQ(result("b", "extra.txt"), "");
}

TEST_F(E2BLauncherTest, ResultsComeByteForByteWithinTheirLimits) {
  options_.max_download_bytes = 100'000;
  options_.download = {"*.bin"};
  open();
  submit(
      "a",
      "cd {results} && head -c 70000 /dev/urandom > a.bin && head -c 200000 /dev/zero > b.bin && "
      "cksum < a.bin > extra.sum && echo no > other.txt && ln -s /etc/passwd extra.link");
  EXPECT_EQ(end_of("a").kind, JobOutcomeKind::exited) << end_of("a").detail;
  EXPECT_EQ(result("a", "a.bin").size(), 70000u);
  EXPECT_THAT(end_of("a").detail, HasSubstr("b.bin"));
  const fs::path results = folder_.path() / "a" / "results";
  EXPECT_FALSE(fs::exists(results / "b.bin"));
  EXPECT_FALSE(fs::exists(results / "other.txt"));
  EXPECT_FALSE(fs::exists(results / "extra.link"));
  EXPECT_TRUE(fs::exists(results / "job_log.out"));
}

TEST_F(E2BLauncherTest, WhatAnEarlierRunnerLeftIsFoundByItsRef) {
  open();
  submit("a", "sleep 0.4; " + std::string(kScore) + "; exit 5");
  submit("b", std::string(kScore) + "; exit 6");
  wait_for_start("a");
  wait_for_start("b");
  const auto b_state = provider_->folder_of(parse_ref(refs_["b"].text)->sandbox) / "state" /
                       attempt_mark("b") / "exit.json";
  run_until([&] { return fs::exists(b_state) || ended_.count("b") > 0; });
  const auto refs = refs_;
  launcher_.reset();  // As if the runner had been killed: nobody ends the sandboxes.
  ASSERT_EQ(provider_->sandboxes(), ended_.count("b") > 0 ? 1u : 2u);
  open();
  for (const char* token : {"a", "b"}) {
    if (ended_.count(token) > 0) continue;
    launcher_->reattach({job(token, ""), refs.at(token)});
    EXPECT_EQ(end_of(token).kind, JobOutcomeKind::exited) << end_of(token).detail;
    EXPECT_EQ(end_of(token).exit_code, token[0] == 'a' ? 5 : 6);
    EXPECT_THAT(result(token, "metrics.json"), HasSubstr("2"));
  }
  run_until([&] { return provider_->sandboxes() == 0; });
}

TEST_F(E2BLauncherTest, AReattachedJobWhoseSandboxIsGoneIsLost) {
  open();
  launcher_->reattach({job("a", ""), JobRef{"e2b", "1 sandbox=gone pid=3"}});
  const std::string mine = provider_->plant({{"genesis_run", "this-run"}});
  launcher_->reattach({job("b", ""), JobRef{"e2b", "1 sandbox=" + mine}});
  EXPECT_EQ(end_of("a").kind, JobOutcomeKind::lost);
  EXPECT_EQ(end_of("b").kind, JobOutcomeKind::lost);
  EXPECT_THAT(end_of("b").detail, HasSubstr("not started"));
}

TEST_F(E2BLauncherTest, ClosingLeavesNoSandboxAndNoArchive) {
  options_.reuse = SandboxReuse::pooled;
  options_.warm_sandboxes = 1;
  open();
  submit("a", "sleep 3600");
  wait_for_start("a");
  bool closed = false;
  launcher_->close(10s, [&] { closed = true; });
  run_until([&] { return closed; });
  EXPECT_EQ(ended_["a"].outcome.kind, JobOutcomeKind::cancelled);
  EXPECT_EQ(provider_->sandboxes(), 0u);
  EXPECT_TRUE(fs::is_empty(folder_.path() / ".genesis"));
  launcher_.reset();
}

TEST_F(E2BLauncherTest, WhatNobodyAsksForIsSweptAndOthersAreLeftAlone) {
  options_.claim_time = 50ms;
  const std::string stray = provider_->plant({{"genesis_run", "this-run"}});
  const std::string other = provider_->plant({{"genesis_run", "another-run"}});
  const std::string foreign = provider_->plant({});
  open();
  submit("a", kScore);
  EXPECT_EQ(end_of("a").kind, JobOutcomeKind::exited);
  run_until([&] { return provider_->sandboxes() == 2; });
  EXPECT_THAT(provider_->ids(), testing::UnorderedElementsAre(other, foreign));
}

TEST_F(E2BLauncherTest, TheSandboxOfAJobWithoutALimitLivesOn) {
  options_.life_ahead = 200ms;
  open();
  submit("a", "sleep 0.6");
  EXPECT_EQ(end_of("a").kind, JobOutcomeKind::exited);
  EXPECT_GE(provider_->calls("set_lifetime"), 3);
}

TEST_F(E2BLauncherTest, EverySandboxCarriesTheRun) {
  options_.metadata = {{"team", "x"}};
  open();
  submit("a", kScore);
  end_of("a");
  EXPECT_EQ(provider_->last_created().metadata.at("genesis_run"), "this-run");
  EXPECT_EQ(provider_->last_created().metadata.at("team"), "x");
}

/// More than goes with the answer: it must be downloaded.
const char* const kLarge =
    "cd {results} && printf '{}' > metrics.json && head -c 100000 /dev/zero > extra.bin";

TEST_F(E2BLauncherTest, ASandboxThatDiesWhileItsResultsAreFetchedIsLost) {
  provider_->hold("download_file");
  open();
  submit("a", kLarge);
  run_until([&] { return provider_->calls("download_file") > 0; });
  provider_->lose(parse_ref(refs_["a"].text)->sandbox);
  EXPECT_EQ(ended_.count("a"), 0u);
  provider_->let_go("download_file");
  EXPECT_EQ(end_of("a").kind, JobOutcomeKind::lost) << "how it went is known, its results are not";
  EXPECT_THAT(end_of("a").detail, HasSubstr("has ended"));
}

TEST_F(E2BLauncherTest, AClosedLauncherWaitsForNoAnswer) {
  for (const char* call : {"download_file", "upload_file", "start"}) {
    ended_.clear();
    usages_.clear();
    provider_->hold(call);
    open();
    const int before = provider_->calls(call);
    submit("a", kLarge);
    run_until([&] { return provider_->calls(call) > before; });
    bool closed = false;
    launcher_->close(50ms, [&] { closed = true; });
    run_until([&] { return closed; });
    EXPECT_EQ(ended_["a"].outcome.kind, JobOutcomeKind::cancelled) << call;
    provider_->let_go(call);
    launcher_.reset();
    run_until([&] { return provider_->sandboxes() == 0 && io_.poll() == 0; });
  }
}

TEST_F(E2BLauncherTest, CallsThatHangLeaveNoSandboxBehind) {
  for (const char* call : {"create", "kill"}) {
    provider_->hang_next(call);
    provider_->hang_next("list");  // The look for what earlier runners left.
    open();
    const int before = provider_->calls(call);
    submit(call, kScore);
    run_until([&] { return provider_->calls(call) > before && provider_->sandboxes() == 1; });
    provider_->hang_next("list");  // And the first one for what is in doubt.
    bool closed = false;
    launcher_->close(6s, [&] { closed = true; });
    run_until([&] { return closed; });
    EXPECT_EQ(provider_->sandboxes(), 0u) << call;
    launcher_.reset();
  }
}

TEST_F(E2BLauncherTest, TheTimeOfEachSandboxIsToldOnceWithItsCost) {
  options_.price_list.currency = "EUR";
  options_.price_list.usual.vcpu_hour = 3600;
  options_.usage_every = 50ms;
  context_.max_parallel_jobs = 1;
  open();
  submit("a", "sleep 0.4; " + std::string(kScore));
  wait_for_start("a");
  run_until([&] { return !usages_.empty(); });
  EXPECT_FALSE(usages_.begin()->second.over) << "while it lives";
  const JobOutcome end = end_of("a");
  EXPECT_GE(end.held, 400ms);
  submit("b", kScore);
  EXPECT_GT(end_of("b").held, 0ms);
  run_until([&] { return usages_.size() == 2 && usages_.rbegin()->second.over; });
  const Usage& first = usages_.begin()->second;
  EXPECT_TRUE(first.over);
  EXPECT_EQ(first.resource, "sandbox");
  EXPECT_EQ(first.kind, "base");
  EXPECT_EQ(first.cpus, 2);
  EXPECT_EQ(first.memory_gib, 0.5);
  EXPECT_GE(first.amount, 0.4);
  EXPECT_NEAR(first.cost.value(), first.amount * 2, 1e-6);
  EXPECT_EQ(provider_->calls("info"), 1) << "all of a template have the same size";
}

TEST_F(E2BLauncherTest, APooledSandboxIsNobodysOwnAndCountsToItsEnd) {
  options_.reuse = SandboxReuse::pooled;
  context_.max_parallel_jobs = 1;
  open();
  for (const char* token : {"a", "b"}) {
    submit(token, kScore);
    EXPECT_EQ(end_of(token).held, 0ms);
  }
  EXPECT_TRUE(usages_.empty() || !usages_.begin()->second.over);
  bool closed = false;
  launcher_->close(5s, [&] { closed = true; });
  run_until([&] { return closed; });
  launcher_.reset();
  ASSERT_EQ(usages_.size(), 1u);
  EXPECT_TRUE(usages_.begin()->second.over);
}

TEST_F(E2BLauncherTest, SandboxesOfAnEarlierRunnerCountFromTheirBeginning) {
  options_.claim_time = 100ms;
  const std::string id = provider_->plant({{"genesis_run", "this-run"}}, 300s);
  open();
  run_until([&] { return usages_[id].over; });
  EXPECT_GE(usages_[id].amount, 300);
  EXPECT_LT(usages_[id].amount, 400);
  EXPECT_EQ(usages_[id].cpus, 2);
}

TEST_F(E2BLauncherTest, ASandboxThatCouldNotBeEndedCountsToItsLifetime) {
  open();
  provider_->fail_always("kill", Failure(FailureKind::refused, "no"));
  submit("a", kScore);
  end_of("a");
  run_until([&] { return !usages_.empty() && usages_.begin()->second.amount > 100; });
  EXPECT_FALSE(usages_.begin()->second.over);
  provider_->heal("kill");
}

}  // namespace
}  // namespace genesis::launch::e2b
