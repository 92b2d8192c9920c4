#include "launch/local/local_outcome.h"

#include <fmt/format.h>
#include <signal.h>

#include "genesis/base/text.h"

namespace genesis::launch {

namespace {

bool is_crash_for_memory(const JobEndFacts& facts, const Limits& limits) {
  if (!limits.memory_bytes) return false;
  const process::ChildExit& exit = facts.exit;
  if (!exit.signalled && exit.code == 0) return false;
  if (facts.killed_for_memory) return true;
  // Without a cgroup the limit makes allocations fail: a crash close below it was one of those.
  const bool crashed = exit.signalled && (exit.signal == SIGKILL || exit.signal == SIGABRT ||
                                          exit.signal == SIGSEGV || exit.signal == SIGBUS);
  return crashed && exit.peak_memory_bytes >= *limits.memory_bytes / 10 * 9;
}

std::string detail_of_signal(int signal, const Limits& limits) {
  if (signal == SIGXFSZ && limits.file_bytes) {
    return fmt::format("a file grew beyond the limit of {}", format_bytes(*limits.file_bytes));
  }
  if (signal == SIGKILL)
    return "killed from outside, perhaps because the machine ran out of memory";
  return {};
}

}  // namespace

JobOutcome classify(const JobEndFacts& facts, const Limits& limits) {
  JobOutcome outcome;
  outcome.wall = facts.wall;
  outcome.cpu = facts.exit.cpu;
  outcome.peak_memory_bytes = std::max(facts.peak_memory_bytes, facts.exit.peak_memory_bytes);
  const process::ChildExit& exit = facts.exit;
  const bool over_cpu =
      limits.cpu_time && exit.signalled &&
      (exit.signal == SIGXCPU || (exit.signal == SIGKILL && exit.cpu >= *limits.cpu_time));
  if (facts.ended_as) {
    outcome.kind = *facts.ended_as;
    if (outcome.kind == JobOutcomeKind::timeout && limits.wall_time) {
      outcome.detail = fmt::format("time limit of {}", format_duration(*limits.wall_time));
    }
  } else if (is_crash_for_memory(facts, limits)) {
    outcome.kind = JobOutcomeKind::out_of_memory;
    outcome.detail = fmt::format("memory limit of {}", format_bytes(*limits.memory_bytes));
  } else if (over_cpu) {
    outcome.kind = JobOutcomeKind::timeout;
    outcome.detail = fmt::format("CPU time limit of {}", format_duration(*limits.cpu_time));
  } else if (exit.signalled) {
    outcome.kind = JobOutcomeKind::signalled;
    outcome.signal = exit.signal;
    outcome.detail = detail_of_signal(exit.signal, limits);
  } else {
    outcome.kind = JobOutcomeKind::exited;
    outcome.exit_code = exit.code;
  }
  return outcome;
}

}  // namespace genesis::launch
