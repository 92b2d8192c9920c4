#include "launch/slurm/slurm_outcome.h"

#include <fmt/format.h>
#include <signal.h>

#include "genesis/base/text.h"

namespace genesis::launch::slurm {

namespace {

std::string on_node(const JobReport& report) {
  return report.node.empty() || report.node == "(null)" ? "" : " on " + report.node;
}

std::string the_node(const JobReport& report) {
  const bool known = !report.node.empty() && report.node != "(null)";
  return known ? "node " + report.node : "the node";
}

void tell_timeout(JobOutcome& outcome, const Limits& limits) {
  outcome.kind = JobOutcomeKind::timeout;
  if (!limits.wall_time) {
    outcome.detail = "SLURM's time limit; set job_config.time";
    return;
  }
  outcome.wall = std::max(outcome.wall, *limits.wall_time);
  outcome.detail = fmt::format("time limit of {}", format_duration(*limits.wall_time));
}

void tell_memory(JobOutcome& outcome, const Limits& limits) {
  outcome.kind = JobOutcomeKind::out_of_memory;
  outcome.detail = limits.memory_bytes
                       ? fmt::format("memory limit of {}", format_bytes(*limits.memory_bytes))
                       : "the node's memory was used up";
}

void tell_lost(JobOutcome& outcome, std::string why) {
  outcome.kind = JobOutcomeKind::lost;
  outcome.detail = std::move(why);
}

/// Ends that SLURM is the one to know; false for those that the record tells better.
bool told_by_state(const JobReport& report, const Limits& limits, JobOutcome& outcome) {
  switch (report.state) {
    case JobState::timeout:
      tell_timeout(outcome, limits);
      return true;
    case JobState::out_of_memory:
      tell_memory(outcome, limits);
      return true;
    case JobState::node_fail:
      tell_lost(outcome, "its node failed" + on_node(report));
      return true;
    case JobState::preempted:
      tell_lost(outcome, "it was preempted" + on_node(report));
      return true;
    case JobState::boot_fail:
      tell_lost(outcome, "its node did not boot" + on_node(report));
      return true;
    case JobState::cancelled:
      // Not by us: somebody else's scancel, a limit of the cluster. Another attempt may pass.
      tell_lost(outcome, fmt::format("somebody cancelled it in SLURM ({}{}{})", report.state_name,
                                     report.reason.empty() || report.reason == "None" ? "" : ", ",
                                     report.reason == "None" ? "" : report.reason));
      return true;
    case JobState::other_end:
      tell_lost(outcome, fmt::format("SLURM ended it: {}{}", report.state_name, on_node(report)));
      return true;
    default:
      return false;
  }
}

void tell_record(const ExitRecord& record, const Limits& limits, JobOutcome& outcome) {
  const bool killed = record.code == 128 + SIGKILL;
  if (record.timed_out) {
    tell_timeout(outcome, limits);
  } else if (record.code != 0 && record.oom.value_or(0) > 0) {
    tell_memory(outcome, limits);
  } else if (limits.cpu_time && record.code == 128 + SIGXCPU) {
    outcome.kind = JobOutcomeKind::timeout;
    outcome.detail = fmt::format("CPU time limit of {}", format_duration(*limits.cpu_time));
  } else if (record.code > 128 && record.code <= 128 + 64) {
    outcome.kind = JobOutcomeKind::signalled;
    outcome.signal = record.code - 128;
    if (killed) outcome.detail = "killed from outside; nobody says why";
  } else {
    outcome.kind = JobOutcomeKind::exited;
    outcome.exit_code = record.code;
  }
}

/// Its script was told to end, and not by us: none of the candidate's doing.
void tell_stopped(const std::optional<JobReport>& report, JobOutcome& outcome) {
  if (report && report->state == JobState::waiting) {
    return tell_lost(outcome, "SLURM put it back into the queue" + on_node(*report));
  }
  tell_lost(outcome, report ? fmt::format("it was told to end (TERM){}; SLURM says only {}",
                                          on_node(*report), report->state_name)
                            : "it was told to end (TERM), and SLURM does not say why");
}

/// SLURM says that it is over, and no record came.
void tell_without_record(const JobReport& report, JobOutcome& outcome) {
  if (is_unwritable(report)) {
    outcome.kind = JobOutcomeKind::backend_error;
    outcome.detail =
        fmt::format("{} could not write to the run's folder: is its disk full, or a quota reached?",
                    the_node(report));
    return;
  }
  if (report.state == JobState::failed && report.signal == 53) {
    outcome.kind = JobOutcomeKind::backend_error;
    outcome.detail = fmt::format(
        "{} could not write to the run's folder: results_dir must be on a file system that the "
        "nodes "
        "share",
        the_node(report));
    return;
  }
  tell_lost(
      outcome,
      fmt::format("SLURM says {} (exit code {}:{}, reason {}){}, and it left no record of its "
                  "end; is the run's folder shared with the nodes?",
                  report.state_name, report.exit_code, report.signal,
                  report.reason.empty() ? "none" : report.reason, on_node(report)));
}

}  // namespace

bool is_unwritable(const JobReport& report) {
  constexpr int kNotWritten = 125;  // run_job.sh
  return report.state == JobState::failed && report.exit_code == kNotWritten && report.signal == 0;
}

bool needs_explanation(const ExitRecord& record) {
  if (record.timed_out) return false;
  return record.stopped || record.code == 128 + SIGKILL || record.code == 128 + SIGTERM ||
         record.oom.value_or(0) > 0;
}

bool is_put_back(const EndFacts& facts) {
  return facts.report && facts.report->state == JobState::waiting;
}

JobOutcome outcome_of(const EndFacts& facts, const Limits& limits) {
  JobOutcome outcome;
  if (facts.record) {
    outcome.wall = facts.record->wall;
    outcome.cpu = facts.record->cpu;
  }
  if (facts.record && facts.record->timed_out) {
    tell_timeout(outcome, limits);
  } else if (facts.ended_as) {
    outcome.kind = *facts.ended_as;
    if (*facts.ended_as == JobOutcomeKind::timeout) tell_timeout(outcome, limits);
  } else if (facts.setup_failure) {
    outcome.kind = JobOutcomeKind::backend_error;
    outcome.detail = *facts.setup_failure;
  } else if (facts.record && !needs_explanation(*facts.record)) {
    tell_record(*facts.record, limits, outcome);
  } else if (facts.report && told_by_state(*facts.report, limits, outcome)) {
    return outcome;
  } else if (facts.record && (facts.record->stopped || is_put_back(facts))) {
    tell_stopped(facts.report, outcome);
  } else if (facts.record) {
    tell_record(*facts.record, limits, outcome);
  } else if (facts.report) {
    tell_without_record(*facts.report, outcome);
  } else {
    tell_lost(outcome, "neither SLURM nor its files know of it any more");
  }
  return outcome;
}

}  // namespace genesis::launch::slurm
