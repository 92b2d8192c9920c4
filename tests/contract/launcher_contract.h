#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <boost/asio/io_context.hpp>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <ostream>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "genesis/base/files.h"
#include "launch/launcher.h"
#include "launch/registry.h"

namespace genesis::launch {

/// What a job of the suite does.
enum class Behaviour {
  succeed,  ///< Writes metrics.json {"combined_score": 1}, correct.json, and its token somewhere.
  fail,     ///< Exits with a code other than 0.
  crash,    ///< By a signal, an exception.
  block,    ///< Until it is ended.
};

/// One launcher under test. A case that does not apply is skipped with the text given here.
class LauncherSubject {
 public:
  virtual ~LauncherSubject() = default;
  /// Why it cannot be tested here; empty: it can.
  virtual std::string unavailable_reason() const { return {}; }
  virtual std::unique_ptr<Launcher> make(const LauncherContext& context) = 0;
  /// Fills in what is run; token, key and folder are the suite's.
  virtual void set_command(Behaviour behaviour, JobSpec& spec) = 0;
  /// Where `succeed` left its token.
  virtual std::string token_file() const { return "token"; }
  virtual JobOutcomeKind crash_outcome() const { return JobOutcomeKind::signalled; }
  /// What reattaching a job that an earlier launcher saw finish ends with.
  virtual JobOutcomeKind reattached_finished() const { return JobOutcomeKind::exited; }
  /// How many jobs are many: fewer where each of them is some thirty processes and requests.
  virtual int many_jobs() const { return 1000; }
  /// How many are a few, one after another: fewer where each waits for a scheduler's next pass.
  virtual int few_jobs() const { return 20; }
  /// Why capacity cannot change in a test; empty: `make` scripts 1 slot at once and 2 soon after.
  virtual std::string fixed_capacity_reason() const { return {}; }
  virtual std::unique_ptr<Launcher> make_with_changing_capacity(const LauncherContext&) {
    return nullptr;
  }
};

struct LauncherKind {
  std::string name;
  std::function<std::unique_ptr<LauncherSubject>()> make;
};

inline void PrintTo(const LauncherKind& kind, std::ostream* out) {
  *out << kind.name;
}

/// Everything that a launcher said, checked as it comes: thread, re-entrancy, order, exactly one
/// end.
class EventRecorder {
 public:
  struct Job {
    std::vector<JobRef> refs;
    bool started = false;
    std::optional<Finished> finished;
  };

  void record(Event event);
  const Job& job(const std::string& token) { return jobs[token]; }
  /// To be called between handlers of the I/O context: events of different jobs have no order
  /// within one batch (a slot's next job may be announced before the end of the one before it).
  void end_of_batch() { most_running = std::max(most_running, running); }

  std::map<std::string, Job> jobs;
  std::vector<int> capacities;
  std::map<std::string, Usage> usages;  ///< The last word on each lease.
  std::size_t finished = 0;
  int running = 0;           ///< Started and not finished.
  int most_running = 0;      ///< At the end of any batch.
  bool inside_call = false;  ///< Set while the suite calls the launcher.
  bool closed = false;
  std::function<void(const Event&)> also;  ///< Called after recording.

 private:
  void check_order(const Event& event);
  bool inside_event_ = false;
  std::thread::id thread_ = std::this_thread::get_id();
};

/// The fixture: a run folder, an I/O context, the launcher, and calls that check re-entrancy.
class LauncherContract : public testing::TestWithParam<LauncherKind> {
 protected:
  void SetUp() override {
    subject = GetParam().make();
    if (const std::string why = subject->unavailable_reason(); !why.empty()) GTEST_SKIP() << why;
  }
  void TearDown() override;

  void open(int slots = 2);
  LauncherContext context(int slots);
  void open(std::unique_ptr<Launcher> made);
  JobSpec job(Behaviour behaviour, const std::string& token);
  void submit(Behaviour behaviour, const std::string& token) { submit(job(behaviour, token)); }
  void submit(JobSpec spec);
  void reattach(Reattach job);
  void cancel(const std::string& token);
  void take_back(const std::string& token);
  void drain();
  void close(std::chrono::milliseconds deadline = std::chrono::seconds{10});
  /// Polls the I/O context until the condition holds; fails the test after a long time.
  void run_until(const std::function<bool()>& condition, const char* what);
  void run_until_finished(std::size_t jobs);
  /// Everything that is ready now.
  void run_ready();
  JobOutcome outcome(const std::string& token);
  std::string result_text(const std::string& token, const std::string& file);

  TempDir run_folder{"contract"};
  boost::asio::io_context io;
  std::unique_ptr<LauncherSubject> subject;
  std::unique_ptr<Launcher> launcher;
  EventRecorder events;

 private:
  void call(const std::function<void()>& what);
  std::int64_t last_evaluation_ = 0;
};

}  // namespace genesis::launch
