#include "launch/e2b/e2b_outcome.h"

#include <fmt/format.h>
#include <signal.h>

#include "genesis/base/text.h"

namespace genesis::launch::e2b {

JobOutcome plain_outcome(JobOutcomeKind kind, std::string detail) {
  JobOutcome outcome;
  outcome.kind = kind;
  outcome.detail = std::move(detail);
  return outcome;
}

JobOutcome outcome_of(const ExitRecord& record, const Limits& limits,
                      std::optional<JobOutcomeKind> ended_as) {
  JobOutcome outcome;
  outcome.wall = record.wall;
  outcome.cpu = record.cpu;
  const bool killed = record.code == 128 + SIGKILL;
  if (record.timed_out) {
    outcome.kind = JobOutcomeKind::timeout;
    if (limits.wall_time) {
      outcome.wall = std::max(outcome.wall, *limits.wall_time);
      outcome.detail = fmt::format(
          "Sandbox timeout: the limit is {}; raise job_config.timeout if that is too short",
          format_duration(*limits.wall_time));
    }
  } else if (ended_as) {
    outcome.kind = *ended_as;
  } else if (record.code != 0 && record.oom.value_or(0) > 0) {
    outcome.kind = JobOutcomeKind::out_of_memory;
    outcome.detail = "the sandbox's memory was used up";
  } else if (killed && !record.oom) {
    outcome.kind = JobOutcomeKind::out_of_memory;
    outcome.detail = "exit code 137: killed, as the kernel does when the memory is used up";
  } else if (limits.cpu_time && record.code == 128 + SIGXCPU) {
    outcome.kind = JobOutcomeKind::timeout;
    outcome.detail = fmt::format("CPU time limit of {}", format_duration(*limits.cpu_time));
  } else if (record.code > 128 && record.code <= 128 + 64) {
    outcome.kind = JobOutcomeKind::signalled;
    outcome.signal = record.code - 128;
  } else {
    outcome.kind = JobOutcomeKind::exited;
    outcome.exit_code = record.code;
  }
  return outcome;
}

JobOutcome outcome_of(const Failure& failure, bool started) {
  JobOutcome outcome;
  outcome.detail = failure.message;
  switch (failure.kind) {
    case FailureKind::cancelled:
      outcome.kind = JobOutcomeKind::cancelled;
      break;
    case FailureKind::sandbox_gone:
    case FailureKind::not_found:
    case FailureKind::broken:
      outcome.kind = JobOutcomeKind::lost;
      break;
    default:
      outcome.kind = started ? JobOutcomeKind::lost : JobOutcomeKind::backend_error;
  }
  return outcome;
}

bool is_hopeless(FailureKind kind) {
  return kind == FailureKind::unauthorized || kind == FailureKind::refused ||
         kind == FailureKind::unknown_template || kind == FailureKind::local_io;
}

std::string missing_module_hint(std::string_view error_log) {
  constexpr std::string_view kMissing = "No module named '";
  const std::size_t at = error_log.rfind(kMissing);
  if (at == std::string_view::npos) return {};
  std::string_view name = error_log.substr(at + kMissing.size());
  name = name.substr(0, name.find_first_of("'.\n"));
  if (name.empty() || name.size() > 100) return {};
  return fmt::format("Dependencies missing in sandbox: add {} to job_config.dependencies", name);
}

}  // namespace genesis::launch::e2b
