#include "genesis/cli/run_session.h"

#include <fmt/format.h>
#include <signal.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <cstdio>
#include <cstring>
#include <mutex>

#include "genesis/base/clock.h"
#include "genesis/cli/signal_thread.h"
#include "genesis/ui/console.h"
#include "genesis/ui/status_printer.h"

namespace genesis::cli {
namespace {

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

/// What is missing or unreadable before a run has begun is a matter of its configuration.
Error as_usage(Error error) {
  if (error.kind == ErrorKind::not_found || error.kind == ErrorKind::parse) {
    error.kind = ErrorKind::invalid_argument;
  }
  return error;
}

/// Says on standard error what a signal does; a plain write, so that it works from any thread.
void announce(int number, int count) {
  const std::string text = fmt::format(
      "\n{}: {}\n", ::strsignal(number),
      count == 1 ? "finishing the running evaluations; a second signal ends them at once"
                 : "ending the running evaluations; the same command continues the run");
  const ssize_t ignored = ::write(STDERR_FILENO, text.data(), text.size());
  (void)ignored;
}

/// The run as the signal thread sees it: not there yet, there, or gone.
class StopTarget {
 public:
  void attach(run::EvolutionRun* run) {
    const std::lock_guard lock(mutex_);
    run_ = run;
    if (stop_requested_) run_->request_stop();
  }
  void detach() {
    const std::lock_guard lock(mutex_);
    run_ = nullptr;
  }
  void request_stop() {
    const std::lock_guard lock(mutex_);
    if (run_ != nullptr) run_->request_stop();
    stop_requested_ = true;
  }

 private:
  std::mutex mutex_;
  run::EvolutionRun* run_ = nullptr;
  bool stop_requested_ = false;
};

}  // namespace

Outcome run_session(run::RunSpec spec, const SessionOptions& options) {
  // Candidates run as the same user: without this one could write the runner's memory through
  // /proc.
  ::prctl(PR_SET_DUMPABLE, 0);
  StopTarget target;
  SignalThread signals([&target](int number, int count) {
    if (count > 2) return;
    announce(number, count);
    target.request_stop();
  });
  auto prepared = run::EvolutionRun::prepare(std::move(spec));
  if (!prepared) return tl::unexpected<Error>(as_usage(std::move(prepared.error())));
  const std::unique_ptr<run::EvolutionRun> run = std::move(*prepared);
  if (options.on_prepared) GENESIS_TRY(options.on_prepared(run->resumed()));
  std::fflush(stdout);  // the console writes past stdio
  Console console(STDOUT_FILENO);
  const SystemClock clock;
  StatusPrinter printer(console, clock, options.quiet ? Verbosity::quiet : Verbosity::normal);
  run->add_observer(&printer);
  target.attach(run.get());
  const run::RunSummary summary = run->run();
  target.detach();
  SummaryText text{summary.status, summary.reason, summary.message,
                   summary.best ? summary.best->path : std::string()};
  const ExitCode code = exit_code_of(summary.reason);
  if (!options.quiet) {
    console.write(closing_summary(text));
  } else if (code == ExitCode::failed) {
    fmt::print(stderr, "{}", closing_summary(text));
  }
  console.flush(std::chrono::seconds(2));
  return code;
}

}  // namespace genesis::cli
