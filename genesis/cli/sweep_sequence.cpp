#include <fmt/format.h>
#include <unistd.h>

#include <cstdio>

#include "genesis/base/log.h"
#include "genesis/cli/run_session.h"
#include "genesis/cli/sweep_board.h"
#include "genesis/cli/sweep_jobs.h"
#include "genesis/ui/progress_text.h"

namespace genesis::cli {
namespace {

void note_write(const Status& written) {
  if (!written) log::warning("{}", written.error().message);
}

/// Runs one job, or finds that there is nothing left to do.
void run_entry(const SweepPlan& plan, const SweepEntry& entry, SweepReport& report,
               StopTarget& target, bool quiet) {
  SweepRow& row = report.rows()[entry.job.number];
  const auto say = [&](const std::string& text) {
    if (quiet) return;
    fmt::print("{}{}\n", job_label(entry.job.number, plan.entries.size(), entry.title),
               text.substr(0, text.find('\n')));
    std::fflush(stdout);
  };
  auto run = compose_entry(plan, entry);
  if (!run) return SweepReport::refuse(row, run.error());
  const auto finished = run::is_finished(run->spec);
  if (!finished) {
    say(": " + finished.error().message);
    return SweepReport::refuse(row, finished.error());
  }
  if (*finished) {
    report.read_run(row, "");
    return say(": finished before");
  }
  say(" …");
  row.status = "running";
  note_write(report.write(false));
  SessionOptions options;
  options.quiet = quiet;
  options.closing_summary = false;
  options.on_prepared = [&](bool) { return run->composition.write_hydra_folder(entry.folder); };
  const auto summary = run_within(target, run->spec, options);
  if (!summary) {
    say(": " + summary.error().message);
    return SweepReport::refuse(row, summary.error());
  }
  report.read_run(row, summary->message);
  say(": " + describe_stop(summary->reason, summary->status));
}

}  // namespace

void run_in_sequence(const SweepPlan& plan, SweepReport& report, StopTarget& target, bool quiet) {
  for (const SweepEntry& entry : plan.entries) {
    if (target.requested()) return;
    run_entry(plan, entry, report, target, quiet);
    note_write(report.write(false));
  }
}

}  // namespace genesis::cli
