#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "launch/exit_record.h"
#include "launch/job.h"
#include "launch/slurm/slurm_output.h"

namespace genesis::launch::slurm {

/// All that is known of a job's end. What is not known is absent.
struct EndFacts {
  std::optional<ExitRecord> record;        ///< What its script on the node said.
  std::optional<JobReport> report;         ///< What SLURM says.
  std::optional<JobOutcomeKind> ended_as;  ///< Why we ended it, if we did.
  /// What went wrong before the command began, with the last lines of the node's log.
  std::optional<std::string> setup_failure;
};

/// Tells the ends apart. A node's end, a preemption, a launch that failed are never the
/// candidate's; what cannot be explained is lost, not guessed.
JobOutcome outcome_of(const EndFacts& facts, const Limits& limits);

/// Whether SLURM should be asked before this record is believed: the job was ended by a signal that
/// may have been SLURM's (its time limit, its memory limit, somebody's scancel).
bool needs_explanation(const ExitRecord& record);
/// Whether SLURM has it in its queue, though it began once.
bool is_put_back(const EndFacts& facts);
/// Whether the job's script said by its exit code that it could not write: no record will come.
bool is_unwritable(const JobReport& report);

}  // namespace genesis::launch::slurm
