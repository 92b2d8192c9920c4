#include "launch/job.h"

#include <fmt/format.h>

#include <array>
#include <csignal>
#include <cstring>
#include <utility>

#include "genesis/base/text.h"

namespace genesis::launch {

namespace {

constexpr std::array<std::pair<JobOutcomeKind, std::string_view>, 7> kKindNames = {{
    {JobOutcomeKind::exited, "exited"},
    {JobOutcomeKind::signalled, "signalled"},
    {JobOutcomeKind::timeout, "timeout"},
    {JobOutcomeKind::out_of_memory, "out_of_memory"},
    {JobOutcomeKind::cancelled, "cancelled"},
    {JobOutcomeKind::lost, "lost"},
    {JobOutcomeKind::backend_error, "backend_error"},
}};

std::string signal_name(int signal) {
  // sigabbrev_np knows no real-time signals.
  const char* name = sigabbrev_np(signal);
  return name ? fmt::format("SIG{}", name) : fmt::format("signal {}", signal);
}

std::string headline(const JobOutcome& outcome) {
  switch (outcome.kind) {
    case JobOutcomeKind::exited:
      return fmt::format("exited with {}", outcome.exit_code);
    case JobOutcomeKind::signalled:
      return "killed by " + signal_name(outcome.signal);
    case JobOutcomeKind::timeout:
      return "timed out after " + format_duration(outcome.wall);
    case JobOutcomeKind::out_of_memory:
      return "ran out of memory";
    case JobOutcomeKind::cancelled:
      return "cancelled";
    case JobOutcomeKind::lost:
      return "lost";
    case JobOutcomeKind::backend_error:
      return "could not be run";
  }
  return "unknown outcome";
}

}  // namespace

std::string attempt_folder(const AttemptKey& key) {
  if (key.stage == 0 && key.repeat == 0) {
    return fmt::format("evaluations/{}/attempt_{}", key.evaluation, key.attempt);
  }
  return fmt::format("evaluations/{}/s{}_r{}_attempt_{}", key.evaluation, key.stage, key.repeat,
                     key.attempt);
}

std::string_view to_string(JobOutcomeKind kind) {
  for (const auto& [known, name] : kKindNames) {
    if (known == kind) return name;
  }
  return "unknown";
}

std::optional<JobOutcomeKind> job_outcome_from(std::string_view name) {
  for (const auto& [kind, known] : kKindNames) {
    if (known == name) return kind;
  }
  return std::nullopt;
}

bool is_infrastructure_failure(JobOutcomeKind kind) {
  return kind == JobOutcomeKind::lost || kind == JobOutcomeKind::backend_error;
}

std::string describe(const JobOutcome& outcome) {
  std::string text = headline(outcome);
  if (!outcome.detail.empty()) text += ": " + outcome.detail;
  return text;
}

}  // namespace genesis::launch
