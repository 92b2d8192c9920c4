#pragma once

#include <optional>

#include "launch/e2b/failure.h"
#include "launch/e2b/job_wrapper.h"
#include "launch/job.h"

namespace genesis::launch::e2b {

JobOutcome plain_outcome(JobOutcomeKind kind, std::string detail);

/// Pure: what the end of a job means. `ended_as`: why we ended it, if we did.
JobOutcome outcome_of(const ExitRecord& record, const Limits& limits,
                      std::optional<JobOutcomeKind> ended_as);

/// What it means that a call of the launcher failed. `doing`: "make a sandbox", for people.
/// `started`: the command had been started.
JobOutcome outcome_of(const Failure& failure, bool started);

/// Whether later calls can only fail too, so that everything that waits ends.
bool is_hopeless(FailureKind kind);

/// The hint for a module that the sandbox lacks, from what the evaluator wrote; empty for others.
std::string missing_module_hint(std::string_view error_log);

}  // namespace genesis::launch::e2b
