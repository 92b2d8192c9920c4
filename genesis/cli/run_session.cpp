#include "genesis/cli/run_session.h"

#include <fmt/format.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <cstdio>

#include "genesis/base/clock.h"
#include "genesis/ui/console.h"
#include "genesis/ui/status_printer.h"

namespace genesis::cli {
namespace {

/// An evaluator that changes with every evaluation is none: so many epochs in a row without a
/// program end the session.
constexpr int kMostBarrenEpochs = 3;

/// What is missing or unreadable before a run has begun is a matter of its configuration.
Error as_usage(Error error) {
  if (error.kind == ErrorKind::not_found || error.kind == ErrorKind::parse) {
    error.kind = ErrorKind::invalid_argument;
  }
  return error;
}

void print_closing(Console& console, const run::RunSummary& summary,
                   const SessionOptions& options) {
  SummaryText text{summary.status,
                   summary.reason,
                   summary.message,
                   summary.unseen_seeds,
                   summary.best ? summary.best->path : std::string(),
                   summary.hooks};
  if (!options.quiet) {
    console.write(closing_summary(text));
  } else if (exit_code_of(summary.reason) == ExitCode::failed) {
    fmt::print(stderr, "{}", closing_summary(text));
  }
}

/// One life of the run: from its preparation to its end.
Result<run::RunSummary> run_once(StopTarget& target, run::RunSpec spec,
                                 const SessionOptions& options) {
  auto prepared = run::EvolutionRun::prepare(std::move(spec));
  if (!prepared) return tl::unexpected<Error>(as_usage(std::move(prepared.error())));
  const std::unique_ptr<run::EvolutionRun> run = std::move(*prepared);
  if (options.on_prepared) GENESIS_TRY(options.on_prepared(run->resumed()));
  std::fflush(stdout);  // the console writes past stdio
  Console console(STDOUT_FILENO);
  const SystemClock clock;
  StatusPrinter printer(console, clock, options.quiet ? Verbosity::quiet : Verbosity::normal);
  run->add_observer(&printer);
  target.attach([&run] { run->request_stop(); });
  run::RunSummary summary = run->run();
  target.detach();
  if (summary.new_epoch_allowed && !target.requested()) {
    if (!options.quiet) console.write(summary.message + "\n");
  } else if (options.closing_summary) {
    print_closing(console, summary, options);
  }
  console.flush(std::chrono::seconds(2));
  return summary;
}

}  // namespace

ExitCode exit_code_of(StopReason reason) {
  switch (reason) {
    case StopReason::seed_failed:
    case StopReason::error:
      return ExitCode::failed;
    case StopReason::evaluator_changed:
      return ExitCode::evaluator_changed;
    case StopReason::interrupted:
    case StopReason::aborted:
      return ExitCode::interrupted;
    default:
      return ExitCode::ok;
  }
}

void shield_memory() {
  ::prctl(PR_SET_DUMPABLE, 0);
}

Result<run::RunSummary> run_within(StopTarget& target, run::RunSpec spec,
                                   const SessionOptions& options) {
  SessionOptions now = options;
  std::int64_t programs = -1;
  int barren = 0;
  for (;;) {
    GENESIS_TRY_ASSIGN(run::RunSummary summary, run_once(target, spec, now));
    if (!summary.new_epoch_allowed || target.requested()) return summary;
    barren = summary.status.programs > programs ? 0 : barren + 1;
    programs = summary.status.programs;
    if (barren >= kMostBarrenEpochs) {
      summary.message += fmt::format(
          "; it changed {} times without a program recorded in between: give an evaluator that "
          "does not write its own files, or leave those out of job_config.evaluator_data",
          barren + 1);
      fmt::print(stderr, "{}\n", summary.message);
      return summary;
    }
    now.on_prepared = nullptr;  // the folder has its configuration
  }
}

Outcome run_session(run::RunSpec spec, const SessionOptions& options) {
  shield_memory();
  StopTarget target;
  const StopSignals signals(target);
  GENESIS_TRY_ASSIGN(const run::RunSummary summary, run_within(target, std::move(spec), options));
  return exit_code_of(summary.reason);
}

}  // namespace genesis::cli
