#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace genesis::launch::slurm {

/// What SLURM says of a job.
enum class JobState {
  waiting,  ///< PENDING, REQUEUED, held: it may run later.
  running,  ///< RUNNING, CONFIGURING, SUSPENDED …: it has nodes.
  ending,   ///< COMPLETING: its processes are being ended.
  completed,
  failed,
  timeout,
  out_of_memory,
  node_fail,
  preempted,
  boot_fail,
  cancelled,
  other_end,  ///< DEADLINE, REVOKED …: over, with a name that says why.
  unknown,    ///< A name that this version has never heard of.
};

/// "RUNNING", "CANCELLED by 1000", "CANCELLED+".
JobState job_state_from(std::string_view name);
bool has_ended(JobState state);

/// One job as squeue lists it.
struct QueueRow {
  std::string id;  ///< "12", or "12_3" for a task of an array.
  JobState state = JobState::unknown;
  std::string reason;  ///< Why it waits, or why it ended: one word of SLURM's.
  std::string name;
};
inline constexpr const char* kQueueFormat = "%i|%T|%r|%j";
/// Lines that are none of that format are left out: other people's jobs have names of any kind.
std::vector<QueueRow> parse_queue(std::string_view output);

/// One job as scontrol or sacct describes it.
struct JobReport {
  std::string id;
  std::string name;
  JobState state = JobState::unknown;
  std::string state_name;  ///< As it was written ("CANCELLED by 1000").
  std::string reason;
  int exit_code = 0;
  int signal = 0;
  std::string node;
  std::optional<long long> seconds;  ///< How long it ran; sacct is not asked for that.
  bool is_final = true;              ///< False: the accounting will say more (who cancelled it).
};
/// `scontrol -o show job ID`: that job's line, be it a task of an array or not.
std::optional<JobReport> parse_scontrol_job(std::string_view output, std::string_view id);

inline constexpr const char* kAccountingFields = "JobID,State,ExitCode,NodeList,JobName%256";
/// `sacct -nPX -o <kAccountingFields>`: the last line of that job (a requeued one has several).
std::optional<JobReport> parse_sacct_job(std::string_view output, std::string_view id);

/// `sbatch --parsable`: "12" or "12;cluster".
std::optional<std::string> parse_sbatch_id(std::string_view output);

/// Digits, or digits_digits: what may be given to scancel.
bool is_job_id(std::string_view text);

/// Why a command of SLURM's failed.
enum class FailureKind {
  unreachable,   ///< The controller does not answer; whether it acted is not known.
  busy,          ///< Refused for now: a submit limit, "temporarily unable".
  refused,       ///< Refused for ever: partition, account, size.
  unknown_job,   ///< It has never heard of that id, or has forgotten it.
  no_accounting  ///< sacct where nothing is recorded.
};
/// One command's failure.
struct CommandFailure {
  FailureKind kind = FailureKind::refused;
  std::string text;
};
/// By what the command wrote.
FailureKind failure_kind(std::string_view errors);
/// Its last line that says something, without "sbatch: error:".
std::string failure_text(std::string_view errors);
/// Which option a refusal is about and where its values are to be seen; empty: that is not known.
std::string refusal_advice(std::string_view errors);

}  // namespace genesis::launch::slurm
