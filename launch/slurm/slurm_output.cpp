#include "launch/slurm/slurm_output.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

#include "genesis/base/text.h"
#include "launch/slurm/slurm_listing.h"

namespace genesis::launch::slurm {

namespace {

using Name = std::pair<std::string_view, JobState>;
constexpr std::array kStates = {Name{"PENDING", JobState::waiting},
                                Name{"REQUEUED", JobState::waiting},
                                Name{"REQUEUE_FED", JobState::waiting},
                                Name{"REQUEUE_HOLD", JobState::waiting},
                                Name{"SPECIAL_EXIT", JobState::waiting},
                                Name{"RESV_DEL_HOLD", JobState::waiting},
                                Name{"RUNNING", JobState::running},
                                Name{"CONFIGURING", JobState::running},
                                Name{"SUSPENDED", JobState::running},
                                Name{"STOPPED", JobState::running},
                                Name{"RESIZING", JobState::running},
                                Name{"SIGNALING", JobState::running},
                                Name{"STAGE_OUT", JobState::running},
                                Name{"POWER_UP_NODE", JobState::running},
                                Name{"COMPLETING", JobState::ending},
                                Name{"COMPLETED", JobState::completed},
                                Name{"FAILED", JobState::failed},
                                Name{"TIMEOUT", JobState::timeout},
                                Name{"OUT_OF_MEMORY", JobState::out_of_memory},
                                Name{"NODE_FAIL", JobState::node_fail},
                                Name{"PREEMPTED", JobState::preempted},
                                Name{"BOOT_FAIL", JobState::boot_fail},
                                Name{"CANCELLED", JobState::cancelled},
                                Name{"DEADLINE", JobState::other_end},
                                Name{"REVOKED", JobState::other_end},
                                Name{"LAUNCH_FAILED", JobState::other_end},
                                Name{"RECONFIG_FAIL", JobState::other_end},
                                Name{"EXPEDITING", JobState::waiting}};

constexpr std::array kUnreachable = {"Unable to contact slurm controller",
                                     "Socket timed out",
                                     "Connection refused",
                                     "Connection timed out",
                                     "Zero Bytes were transmitted",
                                     "Unexpected message received",
                                     "Communication connection failure",
                                     "Communication shutdown failure",
                                     "Message receive failure",
                                     "Unable to establish controller machine",
                                     "Unable to resolve",
                                     "backup controller",
                                     "in standby mode",
                                     "Protocol authentication error",
                                     "Invalid authentication credential",
                                     "authentication plugin",
                                     "munge_encode",
                                     "Munge encode failed",
                                     "Header lengths are longer",
                                     "Incompatible versions"};
constexpr std::array kBusy = {
    "MaxSubmitJob",       "QOSMaxSubmit", "AssocMaxSubmit", "AssocGrpSubmit",
    "QOSGrpSubmit",       "temporarily",  "submit limit",   "Resource temporarily unavailable",
    "Job array too many", "MaxJobCount"};

template <typename List>
bool has_any(std::string_view text, const List& words) {
  return std::any_of(words.begin(), words.end(),
                     [&](const char* word) { return text.find(word) != std::string_view::npos; });
}

bool is_number(std::string_view text) {
  return !text.empty() && text.size() < 19 &&
         text.find_first_not_of("0123456789") == std::string_view::npos;
}

/// The first `count` fields; what is left is the last one, whatever is in it.
std::optional<std::vector<std::string_view>> fields(std::string_view line, std::size_t count) {
  std::vector<std::string_view> found;
  while (found.size() + 1 < count) {
    const std::size_t at = line.find('|');
    if (at == std::string_view::npos) return std::nullopt;
    found.push_back(line.substr(0, at));
    line.remove_prefix(at + 1);
  }
  found.push_back(line);
  return found;
}

/// "3:0": an exit code and a signal.
void read_exit_code(std::string_view text, JobReport& report) {
  const auto number = [](std::string_view digits) {
    int value = 0;
    const auto [end, failure] =
        std::from_chars(digits.data(), digits.data() + digits.size(), value);
    return failure == std::errc() && end == digits.data() + digits.size() && value >= 0 ? value : 0;
  };
  const std::size_t colon = text.find(':');
  report.exit_code = number(text.substr(0, colon));
  if (colon != std::string_view::npos) report.signal = number(text.substr(colon + 1));
}

/// The value after " Key=" (or at the line's start), to the next space.
std::string_view value_of(std::string_view line, std::string_view key) {
  std::size_t from = 0;
  while (true) {
    const std::size_t at = line.find(key, from);
    if (at == std::string_view::npos) return {};
    from = at + 1;
    if (at > 0 && line[at - 1] != ' ') continue;
    std::string_view rest = line.substr(at + key.size());
    if (!rest.starts_with('=')) continue;
    rest.remove_prefix(1);
    return rest.substr(0, rest.find(' '));
  }
}

}  // namespace

JobState job_state_from(std::string_view name) {
  name = trim(name);
  name = name.substr(0, name.find_first_of(" +,"));
  for (const auto& [known, state] : kStates) {
    if (name == known) return state;
  }
  return JobState::unknown;
}

bool has_ended(JobState state) {
  return state >= JobState::completed && state <= JobState::other_end;
}

bool is_job_id(std::string_view text) {
  const std::size_t bar = text.find('_');
  return is_number(text.substr(0, bar)) &&
         (bar == std::string_view::npos || is_number(text.substr(bar + 1)));
}

std::vector<QueueRow> parse_queue(std::string_view output) {
  std::vector<QueueRow> rows;
  for (const std::string_view line : split_lines(output)) {
    const auto words = fields(line, 4);
    if (!words || !is_job_id(words->at(0))) continue;
    QueueRow row;
    row.id = words->at(0);
    row.state = job_state_from(words->at(1));
    row.reason = trim(words->at(2));
    row.name = words->at(3);
    rows.push_back(std::move(row));
  }
  return rows;
}

std::optional<JobReport> parse_scontrol_job(std::string_view output, std::string_view id) {
  for (const std::string_view line : split_lines(output)) {
    const std::string_view plain = value_of(line, "JobId");
    const std::string_view array = value_of(line, "ArrayJobId");
    std::string task(array);
    if (!array.empty()) task += "_" + std::string(value_of(line, "ArrayTaskId"));
    if (!is_job_id(plain) || (id != plain && id != task)) continue;
    // A task of an array owns the array's own number, which means them all.
    if (id == plain && !array.empty() && array == plain) continue;
    JobReport report;
    report.id = id;
    report.name = value_of(line, "JobName");
    report.state_name = value_of(line, "JobState");
    report.state = job_state_from(report.state_name);
    report.reason = value_of(line, "Reason");
    read_exit_code(value_of(line, "ExitCode"), report);
    report.node = value_of(line, "BatchHost");
    report.seconds = listed_seconds(value_of(line, "RunTime"));
    return report;
  }
  return std::nullopt;
}

std::optional<JobReport> parse_sacct_job(std::string_view output, std::string_view id) {
  std::optional<JobReport> last;
  for (const std::string_view line : split_lines(output)) {
    const auto words = fields(line, 5);
    if (!words || words->at(0) != id) continue;
    JobReport report;
    report.id = id;
    report.state_name = trim(words->at(1));
    report.state = job_state_from(report.state_name);
    read_exit_code(trim(words->at(2)), report);
    report.node = trim(words->at(3));
    report.name = words->at(4);
    last = std::move(report);
  }
  return last;
}

std::optional<std::string> parse_sbatch_id(std::string_view output) {
  // What a site's plugins say comes before it.
  for (const std::string_view line : split_lines(output)) {
    const std::string_view id = trim(line.substr(0, line.find(';')));
    if (is_number(id)) return std::string(id);
  }
  return std::nullopt;
}

FailureKind failure_kind(std::string_view errors) {
  if (errors.find("Invalid job id") != std::string_view::npos) return FailureKind::unknown_job;
  if (errors.find("accounting storage is disabled") != std::string_view::npos) {
    return FailureKind::no_accounting;
  }
  if (has_any(errors, kBusy)) return FailureKind::busy;
  if (has_any(errors, kUnreachable)) return FailureKind::unreachable;
  return FailureKind::refused;
}

std::string failure_text(std::string_view errors) {
  std::string_view said;
  for (std::string_view line : split_lines(errors)) {
    line = trim(line);
    if (line.empty()) continue;
    said = line;
    // The last line is often "Batch job submission failed: why"; what comes after it never helps.
    if (line.find("submission failed:") != std::string_view::npos) break;
  }
  const std::size_t mark = said.find(": error: ");
  if (mark != std::string_view::npos) said.remove_prefix(mark + 9);
  return to_valid_utf8(said.substr(0, 500));
}

std::string refusal_advice(std::string_view errors) {
  static constexpr std::pair<std::string_view, const char*> kAdvice[] = {
      {"Invalid partition name", "job_config.partition; `sinfo` lists those that there are"},
      {"Invalid account",
       "job_config.account, job_config.partition; `sacctmgr show assoc "
       "user=$USER` lists those that go together"},
      {"Invalid qos", "job_config.qos; `sacctmgr show qos` lists those that there are"},
      {"time limit is invalid", "job_config.time; `sinfo -o '%P %l'` shows the partitions' limits"},
      {"node configuration is not available",
       "job_config.cpus, gpus, mem, constraint; `sinfo -N -l` shows what nodes have"},
      {"Memory specification can not be satisfied",
       "job_config.mem; `sinfo -N -l` shows what nodes have"},
      {"generic resource (gres)",
       "job_config.gpus, gres; `sinfo -N -o '%N %G'` shows what nodes have"},
      {"Invalid feature", "job_config.constraint; `sinfo -N -o '%N %f'` shows what nodes have"},
  };
  for (const auto& [words, advice] : kAdvice) {
    if (errors.find(words) != std::string_view::npos) return advice;
  }
  return "";
}

}  // namespace genesis::launch::slurm
