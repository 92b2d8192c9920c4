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

/// What is missing or unreadable before a run has begun is a matter of its configuration.
Error as_usage(Error error) {
  if (error.kind == ErrorKind::not_found || error.kind == ErrorKind::parse) {
    error.kind = ErrorKind::invalid_argument;
  }
  return error;
}

void print_closing(Console& console, const run::RunSummary& summary,
                   const SessionOptions& options) {
  SummaryText text{summary.status, summary.reason, summary.message,
                   summary.best ? summary.best->path : std::string(), summary.hooks};
  if (!options.quiet) {
    console.write(closing_summary(text));
  } else if (exit_code_of(summary.reason) == ExitCode::failed) {
    fmt::print(stderr, "{}", closing_summary(text));
  }
}

}  // namespace

ExitCode exit_code_of(StopReason reason) {
  switch (reason) {
    case StopReason::seed_failed:
    case StopReason::error:
      return ExitCode::failed;
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
  if (options.closing_summary) print_closing(console, summary, options);
  console.flush(std::chrono::seconds(2));
  return summary;
}

Outcome run_session(run::RunSpec spec, const SessionOptions& options) {
  shield_memory();
  StopTarget target;
  const StopSignals signals(target);
  GENESIS_TRY_ASSIGN(const run::RunSummary summary, run_within(target, std::move(spec), options));
  return exit_code_of(summary.reason);
}

}  // namespace genesis::cli
