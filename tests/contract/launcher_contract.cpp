#include "launcher_contract.h"

#include <utility>

namespace genesis::launch {

using namespace std::chrono_literals;

void EventRecorder::record(Event event) {
  EXPECT_EQ(std::this_thread::get_id(), thread_) << "an event came on another thread";
  EXPECT_FALSE(inside_call) << "an event came from inside a call";
  EXPECT_FALSE(inside_event_) << "an event came from inside an event";
  EXPECT_FALSE(closed) << "an event came after close had completed";
  inside_event_ = true;
  check_order(event);
  if (also) also(event);
  inside_event_ = false;
}

void EventRecorder::check_order(const Event& event) {
  if (const auto* capacity = std::get_if<Capacity>(&event)) {
    EXPECT_GE(capacity->slots, 0);
    capacities.push_back(capacity->slots);
    return;
  }
  if (const auto* usage = std::get_if<Usage>(&event)) {
    EXPECT_FALSE(usage->lease.empty());
    EXPECT_GE(usage->amount, usages[usage->lease].amount) << usage->lease << " shrank";
    EXPECT_FALSE(usages[usage->lease].over) << usage->lease << ": something came after its end";
    usages[usage->lease] = *usage;
    return;
  }
  const std::string token = std::visit(
      [](const auto& about) -> std::string {
        if constexpr (requires { about.token; }) return about.token;
        return {};
      },
      event);
  Job& job = jobs[token];
  EXPECT_FALSE(job.finished.has_value()) << token << ": an event came after Finished";
  if (const auto* accepted = std::get_if<Accepted>(&event)) {
    EXPECT_FALSE(job.started) << token << ": Accepted came after Started";
    EXPECT_FALSE(accepted->ref.backend.empty());
    EXPECT_TRUE(job.refs.empty() || accepted->ref.text.size() > job.refs.back().text.size())
        << token << ": a later ref did not grow";
    job.refs.push_back(accepted->ref);
  } else if (std::holds_alternative<Started>(event)) {
    EXPECT_FALSE(job.started) << token << ": Started came twice";
    job.started = true;
    ++running;
  } else {
    if (job.started) --running;
    job.finished = std::get<Finished>(event);
    ++finished;
  }
}

void LauncherContract::TearDown() {
  if (!launcher || events.closed) return;
  close();
  run_until([this] { return events.closed; }, "close");
  EXPECT_EQ(events.running, 0);
}

LauncherContext LauncherContract::context(int slots) {
  LauncherContext made;
  made.io = &io;
  made.run_id = "contract-" + run_folder.path().filename().string();
  made.run_dir = run_folder.path();
  made.max_parallel_jobs = slots;
  made.seed = 7;
  return made;
}

void LauncherContract::open(int slots) {
  open(subject->make(context(slots)));
}

void LauncherContract::open(std::unique_ptr<Launcher> made) {
  ASSERT_NE(made, nullptr);
  launcher = std::move(made);
  events.closed = false;
  Status opened;
  call([&] { opened = launcher->open([this](Event event) { events.record(std::move(event)); }); });
  ASSERT_TRUE(opened.has_value()) << opened.error().message;
}

void LauncherContract::call(const std::function<void()>& what) {
  const bool before = std::exchange(events.inside_call, true);
  what();
  events.inside_call = before;
}

JobSpec LauncherContract::job(Behaviour behaviour, const std::string& token) {
  JobSpec spec;
  spec.token = token;
  spec.key.evaluation = ++last_evaluation_;
  spec.work_dir = run_folder.path() / attempt_folder(spec.key);
  spec.limits.kill_grace = 500ms;
  subject->set_command(behaviour, spec);
  return spec;
}

void LauncherContract::submit(JobSpec spec) {
  call([&] { launcher->submit(std::move(spec)); });
}
void LauncherContract::reattach(Reattach job) {
  call([&] { launcher->reattach(std::move(job)); });
}
void LauncherContract::cancel(const std::string& token) {
  call([&] { launcher->cancel(token); });
}
void LauncherContract::take_back(const std::string& token) {
  call([&] { launcher->take_back(token); });
}
void LauncherContract::drain() {
  call([&] { launcher->drain(); });
}
void LauncherContract::close(std::chrono::milliseconds deadline) {
  call([&] {
    launcher->close(deadline, [this] {
      EXPECT_FALSE(events.inside_call) << "close completed from inside the call";
      EXPECT_FALSE(events.closed) << "close completed twice";
      events.closed = true;
    });
  });
}

void LauncherContract::run_until(const std::function<bool()>& condition, const char* what) {
  const auto deadline = std::chrono::steady_clock::now() + 120s;
  while (!condition() && std::chrono::steady_clock::now() < deadline) {
    io.restart();
    io.run_one_for(20ms);
    events.end_of_batch();
  }
  ASSERT_TRUE(condition()) << "not within 120 s: " << what;
}

void LauncherContract::run_until_finished(std::size_t jobs) {
  run_until([&] { return events.finished >= jobs; }, "all jobs finished");
  EXPECT_EQ(events.finished, jobs);
}

void LauncherContract::run_ready() {
  io.restart();
  io.poll();
}

JobOutcome LauncherContract::outcome(const std::string& token) {
  const auto& finished = events.job(token).finished;
  EXPECT_TRUE(finished.has_value()) << token << " has not finished";
  return finished ? finished->outcome : JobOutcome{};
}

std::string LauncherContract::result_text(const std::string& token, const std::string& file) {
  const auto& finished = events.job(token).finished;
  if (!finished) return "not finished";
  if (finished->results.folder) {
    auto text = read_file(*finished->results.folder / file);
    return text ? *text : text.error().message;
  }
  const auto found = finished->results.inline_files.find(file);
  return found == finished->results.inline_files.end() ? "no file " + file : found->second;
}

}  // namespace genesis::launch
