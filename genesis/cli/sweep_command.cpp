#include "genesis/cli/sweep_command.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cstdio>

#include "genesis/base/files.h"
#include "genesis/cli/launch_notes.h"
#include "genesis/cli/run_session.h"
#include "genesis/cli/stop_target.h"
#include "genesis/cli/sweep_jobs.h"
#include "genesis/cli/sweep_plan.h"
#include "genesis/cli/sweep_report.h"
#include "genesis/store/run_lock.h"
#include "genesis/ui/console.h"
#include "genesis/ui/progress_text.h"

namespace genesis::cli {
namespace {

SweepReport make_report(const SweepPlan& plan, const config::ComposeRequest& request) {
  SweepReport report(plan.folder, request.overrides, plan.settings.share_pool);
  for (const SweepEntry& entry : plan.entries) {
    SweepRow row;
    row.number = entry.job.number;
    row.overrides = entry.job.overrides;
    row.title = entry.title;
    row.folder = entry.folder;
    report.rows().push_back(std::move(row));
  }
  return report;
}

/// One sweep in a folder at a time. The lock is in a folder of its own: `.genesis` would make the
/// sweep's folder look like a run's.
Result<std::unique_ptr<store::RunLock>> own_folder(const fs::path& folder) {
  const fs::path place = folder / ".sweep";
  GENESIS_TRY(make_directories(place / ".genesis"));
  auto lock = store::RunLock::acquire(place);
  const auto owner = store::lock_owner(place);
  if (lock || !owner) return lock;
  return make_error(ErrorKind::conflict,
                    fmt::format("the sweep in '{}' is being run by process {} on host '{}'; wait "
                                "for it, or end it with a signal",
                                folder.string(), owner->pid, owner->host));
}

Status print_opening(const SweepPlan& plan) {
  GENESIS_TRY_ASSIGN(const SweepRun first, compose_entry(plan, plan.entries.front()));
  fmt::print("{}Sweep of {} job{} in {}, {}\n", launch_notes(first.spec), plan.entries.size(),
             plan.entries.size() == 1 ? "" : "s", short_path(plan.folder),
             plan.settings.share_pool ? "all over one pool" : "one after another");
  std::fflush(stdout);
  return {};
}

}  // namespace

Outcome run_sweep(const config::ComposeRequest& request, bool quiet) {
  GENESIS_TRY_ASSIGN(const SweepPlan plan, plan_sweep(request));
  if (plan.settings.share_pool) GENESIS_TRY(check_one_launcher(plan));
  shield_memory();
  StopTarget target;
  const StopSignals signals(target);
  GENESIS_TRY_ASSIGN(const auto lock, own_folder(plan.folder));
  GENESIS_TRY(plan.multirun.write_multirun_yaml(plan.folder));
  SweepReport report = make_report(plan, request);
  GENESIS_TRY(report.write(false));
  if (!quiet) GENESIS_TRY(print_opening(plan));
  if (plan.settings.share_pool) {
    GENESIS_TRY(run_together(plan, report, target, quiet));
  } else {
    run_in_sequence(plan, report, target, quiet);
  }
  GENESIS_TRY(report.write(true));
  Console console(STDOUT_FILENO);
  const int width = console.is_terminal() ? console.width() : 1000;
  const ExitCode code = target.requested() ? ExitCode::interrupted : report.exit_code();
  if (!quiet) {
    console.write(to_text(report, width));
    console.flush(std::chrono::seconds(2));
  } else if (code == ExitCode::failed || code == ExitCode::conflict) {
    fmt::print(stderr, "{}", to_text(report, width));
  }
  return code;
}

}  // namespace genesis::cli
