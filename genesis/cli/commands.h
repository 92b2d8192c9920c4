#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "genesis/cli/exit_code.h"

/// The subcommands of `genesis`. Each takes what the command line said and prints on standard
/// output; errors come back and are printed by main. RUN is what resolve_run understands.
namespace genesis::cli {

// look_commands.cpp
Outcome show_run(const std::string& run, bool as_json);
Outcome list_runs(const std::string& root, bool as_json);
/// Prints the best program, or its unified diff to the seed.
Outcome print_best(const std::string& run, bool as_diff);

// events_command.cpp
struct EventOptions {
  std::string run;
  std::optional<std::int64_t> since;  ///< Only events with a higher number.
  bool follow = false;                ///< Until the run has ended.
  bool as_json = false;
};
Outcome print_events(const EventOptions& options);

// hooks_command.cpp
/// Tells the run's hooks of a made-up event; `hook` and `event` may be empty.
Outcome test_hooks(const std::string& run, const std::string& hook, const std::string& event);

// control_commands.cpp
/// `new_epoch`: a changed evaluator begins an epoch of its own.
Outcome resume_run(const std::string& run, bool quiet, bool new_epoch);
/// `by` as "+50" or "50".
Outcome extend_run(const std::string& run, const std::string& by);
/// Drains, or with `now` ends the running evaluations too. Waits until the runner has gone.
Outcome stop_run(const std::string& run, bool now);
Outcome print_status(const std::string& run, bool as_json);

// task_commands.cpp
Outcome init_task(const std::string& folder, const std::string& language);
/// One evaluation of the seed; `task` is a folder or an option of the config group `task`.
Outcome check_task(const std::string& task, const std::string& config_dir);

// rerun_command.cpp
Outcome rerun_generation(const std::string& run, std::int64_t generation, const std::string& keep);

// rescore_command.cpp
struct RescoreArguments {
  std::string run;
  int top = 10;
  std::vector<std::int64_t> generations;
  int repeats = 1;
  std::optional<int> jobs;
  bool unseen = false;
  bool json = false;
};
/// Evaluates recorded programs again and compares; the run stays as it is.
Outcome rescore_run(const RescoreArguments& arguments);

// file_commands.cpp
struct ExportOptions {
  std::string run;
  std::string folder;
  std::optional<int> top;
  std::optional<std::int64_t> generation;
  bool all = false;
};
Outcome export_programs(const ExportOptions& options);
/// `keep` is best, improvements or all (which removes only what finished evaluations left over).
Outcome prune_run(const std::string& run, const std::string& keep, bool yes);

// doctor_command.cpp
/// `part`: only what is called so: "machine", a launcher, a command; empty: everything.
Outcome run_doctor(const std::string& part);

// verify_command.cpp
Outcome verify_circle_packing(const std::string& run_or_file);

}  // namespace genesis::cli
