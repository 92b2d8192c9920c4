#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "launch/fake/fake_options.h"
#include "launch/launcher.h"

namespace genesis::launch {

/// The decisions of the fake launcher: a state machine without clock, threads or files. Each call
/// says what to announce now and when to call `on_step` again.
class FakeMachine {
 public:
  /// `at` in the future, counted from the call that returned it.
  struct Wake {
    std::chrono::milliseconds after{0};
    std::uint64_t job = 0;   ///< 0: the next capacity step.
    std::uint64_t step = 0;  ///< A wake whose step is no longer awaited is ignored by on_step.
  };
  /// What to announce. A Finished job's `spec` comes along: whoever carries it out attaches
  /// results.
  struct Notice {
    Event event;
    std::optional<JobSpec> ended;              ///< With Finished of a job that ran and exited.
    std::map<std::string, std::string> files;  ///< The script's own results; empty: computed ones.
  };
  struct Actions {
    std::vector<Notice> notices;
    std::vector<Wake> wakes;
  };

  /// `slots` and `seed` stand in where the options leave them open.
  FakeMachine(FakeOptions options, int slots, std::uint64_t seed);

  Actions open();
  /// A token that is in flight already is ignored (and counted).
  Actions submit(JobSpec spec);
  Actions reattach(Reattach job);
  Actions cancel(std::string_view token);
  Actions take_back(std::string_view token);
  Actions drain();
  /// Ends everything at once.
  Actions close();
  Actions on_step(const Wake& wake);

  bool idle() const { return jobs_.empty(); }
  std::uint64_t suppressed_duplicates() const { return suppressed_; }

 private:
  enum class Stage { queued, accepting, starting, running, ending };
  struct Job {
    JobSpec spec;
    FakeFate fate;
    Stage stage = Stage::queued;
    std::size_t refs_sent = 0;
    std::uint64_t step = 0;
    std::chrono::milliseconds run_time{0};
    bool out_of_time = false;
    JobOutcomeKind ends_as = JobOutcomeKind::exited;  ///< With `ending`.
  };

  FakeFate fate_of(const JobSpec& spec, std::uint64_t serial) const;
  bool applies(const FakeRule& rule, std::size_t index, const JobSpec& spec,
               std::uint64_t serial) const;
  std::uint64_t add(JobSpec spec);
  void fill_slots(Actions& actions);
  void advance(std::uint64_t id, Job& job, Actions& actions);
  void accept_next(std::uint64_t id, Job& job, Actions& actions);
  void start(std::uint64_t id, Job& job, Actions& actions);
  void begin_ending(std::uint64_t id, Job& job, JobOutcomeKind kind, Actions& actions);
  void finish(std::uint64_t id, JobOutcome outcome, Actions& actions);
  void finish_as_planned(std::uint64_t id, Job& job, Actions& actions);
  void apply_capacity_step(Actions& actions);
  static void wake(std::uint64_t id, Job& job, std::chrono::milliseconds after, Actions& actions);
  static std::string ref_text(const Job& job);

  FakeOptions options_;
  std::uint64_t seed_;
  int slots_;
  int occupied_ = 0;
  bool draining_ = false;
  std::uint64_t last_id_ = 0;
  std::size_t capacity_step_ = 0;
  std::uint64_t suppressed_ = 0;
  std::unordered_map<std::uint64_t, Job> jobs_;
  std::unordered_map<std::string, std::uint64_t> ids_;
  std::deque<std::uint64_t> queue_;  ///< May hold ids that have ended.
};

}  // namespace genesis::launch
