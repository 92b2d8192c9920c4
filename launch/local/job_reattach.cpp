#include <fmt/format.h>
#include <signal.h>

#include <charconv>

#include "genesis/base/text.h"
#include "genesis/process/leftovers.h"
#include "launch/local/job_processes.h"
#include "launch/staging.h"

namespace genesis::launch {

using process::ProcessId;

namespace {

/// "1 pid=12 start=345 boot=… [warm]"; absent for anything else.
struct ParsedRef {
  ProcessId leader;
  std::string boot;
};

std::optional<ParsedRef> parse_ref(const std::string& text) {
  ParsedRef parsed;
  const std::vector<std::string_view> words = split(text, ' ');
  if (words.size() < 4 || words[0] != "1") return std::nullopt;
  const auto number_after = [](std::string_view word, std::string_view key, auto& out) {
    if (!word.starts_with(key)) return false;
    word.remove_prefix(key.size());
    return std::from_chars(word.data(), word.data() + word.size(), out).ec == std::errc();
  };
  if (!number_after(words[1], "pid=", parsed.leader.pid) ||
      !number_after(words[2], "start=", parsed.leader.start_ticks) ||
      !words[3].starts_with("boot=")) {
    return std::nullopt;
  }
  parsed.boot = words[3].substr(5);
  return parsed;
}

JobOutcome lost(std::string why) {
  JobOutcome outcome;
  outcome.kind = JobOutcomeKind::lost;
  outcome.detail = std::move(why);
  return outcome;
}

/// The processes of an attempt that an earlier runner started: its leader's tree, and whoever else
/// on the machine names its token.
class LeftoverTree final : public process::JobTree {
 public:
  LeftoverTree(ProcessId leader, std::string token) : leader_(leader), token_(std::move(token)) {}
  void signal_all(int signal) override {
    for (const ProcessId& member : members()) process::signal_process(member, signal);
  }
  void kill_all() override { signal_all(SIGKILL); }
  bool empty() override { return members().empty(); }

 private:
  std::vector<ProcessId> members() const {
    std::vector<ProcessId> roots{leader_};
    for (const pid_t pid : process::all_processes()) {
      const std::string environment = process::read_environment(pid);
      if (process::environment_value(environment, process::kTokenVariable) != token_) continue;
      if (const auto stat = process::read_stat(pid)) roots.push_back(stat->id);
    }
    return process::with_descendants(roots);
  }
  ProcessId leader_;
  std::string token_;
};

}  // namespace

std::string JobProcesses::ref_text(const LocalJob& job) const {
  return fmt::format("1 pid={} start={} boot={}{}", job.leader.pid, job.leader.start_ticks,
                     boot_id_, job.server != nullptr ? " warm" : "");
}

Attached JobProcesses::find_again(const JobSpec& spec, const std::optional<JobRef>& ref) const {
  Attached attached;
  const auto parsed = ref ? parse_ref(ref->text) : std::nullopt;
  if (!parsed) {
    attached.outcome =
        lost(ref ? "its reference cannot be read" : "it was not started before its runner ended");
    return attached;
  }
  if (parsed->boot != boot_id_) {
    attached.outcome = lost("the machine was restarted");
    return attached;
  }
  auto tree = std::make_unique<LeftoverTree>(parsed->leader, spec.token);
  if (!tree->empty()) {
    attached.tree = std::move(tree);
    return attached;
  }
  std::error_code failure;
  const bool was_ended = std::filesystem::exists(spec.work_dir / kEndedMarker, failure);
  if (was_ended || !has_complete_outputs(spec)) {
    attached.outcome =
        lost(was_ended ? "ended with its runner" : "it ended without complete results");
    return attached;
  }
  attached.outcome.kind = JobOutcomeKind::exited;
  attached.outcome.detail = "collected after its runner had ended";
  return attached;
}

}  // namespace genesis::launch
