#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "launch/registry.h"

namespace genesis::launch {

/// How one job goes: the defaults are in FakeOptions, a matching rule replaces what it names.
struct FakeFate {
  std::chrono::milliseconds accept_delay{0};  ///< From getting a slot to the first Accepted.
  std::vector<std::string> refs = {"token"};  ///< One Accepted each, the ref growing by this part.
  std::chrono::milliseconds ref_delay{0};     ///< Between two of them.
  std::chrono::milliseconds start_delay{0};   ///< From the last Accepted to Started.
  std::chrono::milliseconds run_time{0};
  double jitter = 0;  ///< run_time is drawn from run_time × [1 − jitter, 1 + jitter).
  std::chrono::milliseconds cancel_delay{0};  ///< From cancel or deadline to Finished.
  bool never_ends = false;                    ///< Until cancelled or out of time.
  JobOutcomeKind outcome = JobOutcomeKind::exited;
  int exit_code = 0;
  int signal = 9;
  std::string detail;
  std::map<std::string, std::string> files;  ///< In place of computed results, by file name.
};

/// Which jobs a rule is for (all conditions that are given must hold) and what it changes.
struct FakeRule {
  std::optional<std::int64_t> from, to;  ///< Serial number of the submission, from 1, inclusive.
  std::optional<std::int64_t> every;     ///< Every n-th submission.
  std::optional<std::int64_t> evaluation;
  std::optional<int> stage, repeat, attempt;
  std::string argument;    ///< One of the job's arguments is exactly this.
  double probability = 1;  ///< Drawn per attempt key: the same in every order of submission.
  std::string fate_json = "{}";
};

/// From `at` after opening on, `slots` jobs run at a time (0: none start).
struct FakeCapacityStep {
  std::chrono::milliseconds at{0};
  int slots = 0;
  std::string reason;
};

enum class FakeReattach { running, finished, gone };

/// The script of a fake launcher.
struct FakeOptions {
  EvaluationOptions common;
  FakeFate fate;
  std::vector<FakeRule> rules;  ///< Later ones win.
  std::vector<FakeCapacityStep> capacity;
  int slots = 0;                      ///< 0: max_parallel_jobs.
  std::optional<std::uint64_t> seed;  ///< Default: the run's.
  FakeReattach reattach = FakeReattach::running;
  bool reattach_by_token = false;  ///< Finds jobs whose ref was never journaled, too.
  bool effects_outside_machine = false;
  bool prepares_ahead = false;
  bool results_in_folder = false;  ///< Write work_dir/results instead of inline texts.
  double target = 0;               ///< Of the toy scoring.
};

/// Throws OptionException. Keys: those of FakeOptions and FakeFate by name, `rules` and `capacity`
/// as lists of mappings, and the common ones.
FakeOptions read_fake_options(const nlohmann::json& options, const std::string& option_path);

/// `fate` with what `fate_json` (already checked) names replaced.
FakeFate changed_fate(FakeFate fate, const std::string& fate_json);

}  // namespace genesis::launch
