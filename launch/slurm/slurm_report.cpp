#include "launch/slurm/slurm_report.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>

#include "genesis/base/hash.h"
#include "genesis/base/text.h"
#include "launch/command_options.h"
#include "launch/slurm/batch_script.h"
#include "launch/slurm/slurm_reasons.h"

namespace genesis::launch::slurm {

namespace {

using nlohmann::json;

constexpr std::string_view kController = "-controller";
constexpr std::size_t kRunDigits = 12;

bool is_alive(const JobRow& row) {
  return !has_ended(row.state);
}

bool is_waiting(const JobRow& row) {
  return row.state == JobState::waiting;
}

std::string count_text(const std::vector<JobRow>& rows) {
  std::size_t running = 0, waiting = 0, ending = 0, ended = 0;
  for (const JobRow& row : rows) {
    if (has_ended(row.state)) {
      ++ended;
    } else if (is_waiting(row)) {
      ++waiting;
    } else if (row.state == JobState::ending) {
      ++ending;
    } else {
      ++running;
    }
  }
  std::string text = fmt::format("{} running, {} waiting", running, waiting);
  if (ending > 0) text += fmt::format(", {} ending", ending);
  if (ended > 0) text += fmt::format(" ({} ended lately)", ended);
  return text;
}

std::string heading_of(const RunFacts& run) {
  const std::string id = run.id.empty() ? "" : fmt::format("run {}, ", run.id.substr(0, 8));
  return fmt::format("{}  ({}{})\n", run.folder.string(), id, run.status);
}

/// What of the run it is: the part of its name after the run's.
std::string what_of(const JobRow& row) {
  if (is_controller(row)) return "controller";
  const std::string prefix = run_prefix_of(row);
  if (!mark_of(row.name, prefix).empty()) return "evaluation";
  return prefix.empty() ? row.name : row.name.substr(prefix.size());
}

std::string why_of(const JobRow& row) {
  if (!is_waiting(row)) return "";
  std::string why = explain_reason(row.reason).words;
  if (!row.start.empty()) why += "; start expected " + row.start;
  return why;
}

std::string rows_text(const std::vector<JobRow>& rows) {
  std::vector<std::vector<std::string>> lines{
      {"JOB", "WHAT", "STATE", "NODES", "PARTITION", "SUBMITTED", "RAN", "LIMIT", "WHY"}};
  for (const JobRow& row : rows) {
    if (!is_alive(row)) continue;
    lines.push_back({row.id, what_of(row), row.state_name, row.nodes.empty() ? "-" : row.nodes,
                     row.partition, row.submitted, row.used, row.limit, why_of(row)});
  }
  return lines.size() == 1 ? std::string() : table(lines);
}

}  // namespace

std::string controller_name(const std::filesystem::path& run_folder) {
  return fmt::format("genesis-{}{}", sha256_hex(run_folder.string()).substr(0, kRunDigits),
                     kController);
}

bool is_controller(const JobRow& row) {
  return row.name.starts_with("genesis-") && row.name.ends_with(kController);
}

std::string run_prefix_of(const JobRow& row) {
  constexpr std::string_view kOurs = "genesis-";
  const std::size_t length = kOurs.size() + kRunDigits + 1;
  if (!row.name.starts_with(kOurs) || row.name.size() <= length) return {};
  const std::string prefix = row.name.substr(0, length);
  const std::string_view digits = std::string_view(prefix).substr(kOurs.size(), kRunDigits);
  const bool plain = digits.find_first_not_of("0123456789abcdef") == std::string_view::npos;
  return plain && prefix.back() == '-' ? prefix : std::string();
}

std::vector<JobRow> jobs_of_run(const std::vector<JobRow>& all, const RunFacts& run) {
  const std::string prefix = job_name_prefix(run.id);
  const std::string controller = controller_name(run.folder);
  std::vector<JobRow> rows;
  std::copy_if(all.begin(), all.end(), std::back_inserter(rows), [&](const JobRow& row) {
    return row.name == controller || (!run.id.empty() && run_prefix_of(row) == prefix);
  });
  // The controller first, then as SLURM has them.
  std::stable_partition(rows.begin(), rows.end(), is_controller);
  return rows;
}

namespace {

std::string runner_words(const RunFacts& run, const std::vector<JobRow>& rows) {
  const bool controlled = std::any_of(rows.begin(), rows.end(), [](const JobRow& row) {
    return is_controller(row) && is_alive(row);
  });
  if (controlled) return "none lives now; its controller is in SLURM";
  if (run.status == "finished") return "none lives, nor is one needed";
  return "none lives; `genesis resume` continues the run";
}

}  // namespace

std::string status_text(const RunFacts& run, const std::vector<JobRow>& rows) {
  std::string text = heading_of(run);
  text += fmt::format("  {:<12} {}\n", "runner",
                      run.owner.empty() ? runner_words(run, rows) : run.owner);
  text += fmt::format("  {:<12} {}\n", "jobs", count_text(rows));
  for (const auto& [name, line] : run.usage) text += fmt::format("  {:<12} {}\n", name, line);
  const std::string listed = rows_text(rows);
  return listed.empty() ? text : text + "\n" + listed;
}

json status_json(const RunFacts& run, const std::vector<JobRow>& rows) {
  const auto or_null = [](const std::string& text) {
    return text.empty() ? json(nullptr) : json(text);
  };
  json jobs = json::array();
  for (const JobRow& row : rows) {
    const Reason reason = explain_reason(row.reason);
    jobs.push_back({{"id", row.id},
                    {"name", row.name},
                    {"what", what_of(row)},
                    {"state", row.state_name},
                    {"ended", has_ended(row.state)},
                    {"reason", is_waiting(row) ? json(reason.code) : json(nullptr)},
                    {"reason_words", is_waiting(row) ? json(reason.words) : json(nullptr)},
                    {"waits_forever", is_waiting(row) && reason.waits_forever},
                    {"partition", row.partition},
                    {"nodes", or_null(row.nodes)},
                    {"submitted", or_null(row.submitted)},
                    {"start", or_null(row.start)},
                    {"used", or_null(row.used)},
                    {"limit", or_null(row.limit)},
                    {"cpus", row.cpus},
                    {"work_dir", row.work_dir}});
  }
  return {{"run", run.folder.string()},
          {"run_id", run.id},
          {"status", run.status},
          {"runner", or_null(run.owner)},
          {"jobs", jobs}};
}

std::string holder_of(const RunFacts& run, const std::vector<JobRow>& rows) {
  if (!run.owner.empty()) return run.owner;
  for (const JobRow& row : rows) {
    if (is_controller(row) && is_alive(row)) {
      return fmt::format("its controller, job {} ({})", row.id, row.state_name);
    }
  }
  return {};
}

std::string sweep_text(const std::vector<SweepGroup>& groups) {
  std::string text;
  for (const SweepGroup& group : groups) {
    text +=
        fmt::format("{}{}: ", text.empty() ? "" : "\n",
                    group.run.empty() ? "a run whose folder is not found from here" : group.run);
    text += group.held.empty() ? "nobody holds it\n" : "held by " + group.held + ": left alone\n";
    text += rows_text(group.jobs);
  }
  return text;
}

std::vector<std::string> trial_command(const JobRow& row) {
  std::vector<std::string> words{"sbatch", "--test-only", "--wrap=true",
                                 fmt::format("--cpus-per-task={}", std::max(row.cpus, 1))};
  const std::string partition = row.partition;
  if (!partition.empty()) words.push_back("--partition=" + partition);
  const auto seconds = listed_seconds(row.limit);
  if (seconds) words.push_back(fmt::format("--time={}", std::max(1LL, (*seconds + 59) / 60)));
  if (!row.memory.empty() && row.memory != "0") words.push_back("--mem=" + row.memory);
  return words;
}

namespace {

/// The jobs that wait for the same thing.
struct Waiting {
  Reason reason;
  std::vector<JobRow> rows;
};

std::vector<Waiting> by_reason(const std::vector<JobRow>& rows) {
  std::vector<Waiting> groups;
  for (const JobRow& row : rows) {
    if (!is_waiting(row)) continue;
    Reason reason = explain_reason(row.reason);
    const auto same = std::find_if(groups.begin(), groups.end(), [&](const Waiting& group) {
      return group.reason.code == reason.code;
    });
    if (same != groups.end()) {
      same->rows.push_back(row);
    } else {
      groups.push_back({std::move(reason), {row}});
    }
  }
  return groups;
}

std::string expected_start(const Waiting& group, const Explained& known) {
  std::string first;
  for (const JobRow& row : group.rows) {
    if (!row.start.empty() && (first.empty() || row.start < first)) first = row.start;
  }
  if (!first.empty()) return "SLURM expects the first of them to start " + first;
  for (const auto& [id, when] : known.trials) {
    if (id == group.rows.front().id && !when.empty()) {
      return "SLURM has no estimate; one submitted now would start " + when;
    }
  }
  return "SLURM has no estimate of the start";
}

std::string waiting_text(const Waiting& group, const Explained& known) {
  std::string ids;
  constexpr std::size_t kShown = 5;
  for (std::size_t i = 0; i < std::min(kShown, group.rows.size()); ++i) {
    ids += (i == 0 ? "" : ", ") + group.rows[i].id;
  }
  if (group.rows.size() > kShown) ids += ", …";
  std::string text = fmt::format(
      "\n{} job{} wait{} ({}): {}\n  {}\n", group.rows.size(), group.rows.size() == 1 ? "" : "s",
      group.rows.size() == 1 ? "s" : "", ids, group.reason.code, group.reason.words);
  if (group.reason.waits_forever) text += "  waits for ever, unless somebody changes something\n";
  if (!group.reason.remedy.empty()) text += fmt::format("  what to do: {}\n", group.reason.remedy);
  if (!group.reason.waits_forever) text += fmt::format("  {}\n", expected_start(group, known));
  return text;
}

/// What jobs of it ask for, where that is more than it allows.
std::string time_conflict(const PartitionRow& partition, const std::vector<JobRow>& rows) {
  const auto most = listed_seconds(partition.max_time);
  if (!most) return {};
  for (const JobRow& row : rows) {
    const auto asked = listed_seconds(row.limit);
    if (is_waiting(row) && asked && *asked > *most) {
      return fmt::format("    job {} asks for {}, which is more than its {}\n", row.id, row.limit,
                         partition.max_time);
    }
  }
  return {};
}

std::string partition_text(const PartitionRow& partition, const std::vector<JobRow>& rows) {
  std::string text = fmt::format("  {} ({}): time at most {}", partition.name, partition.state,
                                 partition.max_time.empty() ? "?" : partition.max_time);
  if (!partition.default_time.empty() && partition.default_time != "NONE") {
    text += fmt::format(" (usual {})", partition.default_time);
  }
  text += fmt::format(", nodes per job {}, {} nodes with {} processors", partition.max_nodes,
                      partition.total_nodes, partition.total_cpus);
  text += partition.default_memory.empty()
              ? ", a job that names no memory gets all of a node's"
              : ", memory where none is named: " + partition.default_memory;
  return text + "\n" + time_conflict(partition, rows);
}

std::vector<std::string> names_in(const std::string& list) {
  std::vector<std::string> names;
  for (const std::string_view name : split(list, ',')) names.emplace_back(name);
  return names;
}

std::string limits_text(const Explained& known) {
  std::map<std::string, std::vector<JobRow>> used;
  for (const JobRow& row : known.rows) {
    if (!is_alive(row)) continue;
    for (const std::string& name : names_in(row.partition)) used[name].push_back(row);
  }
  std::string text = "\npartitions\n";
  for (const PartitionRow& partition : known.partitions) {
    const auto found = used.find(partition.name);
    if (found == used.end() && !(used.empty() && partition.is_default)) continue;
    text += partition_text(partition, found == used.end() ? std::vector<JobRow>() : found->second);
  }
  const SiteConfig& site = known.site;
  text += fmt::format("\ncluster\n  {}, SLURM {}", site.cluster.empty() ? "unnamed" : site.cluster,
                      site.version.empty() ? "of unknown version" : site.version);
  if (site.max_array_size) {
    text += *site.max_array_size < 2
                ? ": no arrays (MaxArraySize)"
                : fmt::format(": arrays of at most {} tasks (MaxArraySize)", *site.max_array_size);
  }
  if (site.max_job_count)
    text += fmt::format(", {} jobs of all users (MaxJobCount)", *site.max_job_count);
  return text + (site.has_accounting() ? ", accounting on\n" : ", accounting off\n");
}

}  // namespace

std::string explain_text(const Explained& known) {
  const RunFacts& run = known.run;
  std::string text = heading_of(run);
  text += fmt::format("  jobs in SLURM: {}\n", count_text(known.rows));
  const std::string held = holder_of(run, known.rows);
  const bool alive = std::any_of(known.rows.begin(), known.rows.end(), is_alive);
  if (held.empty() && alive) {
    text +=
        "  no runner lives that would collect them: `genesis resume RUN` goes on with them, "
        "`genesis slurm sweep RUN --yes` ends them\n";
  } else if (!held.empty() && !alive) {
    text += "  nothing waits in SLURM: the run proposes, or has as many jobs as it was told to\n";
  }
  for (const Waiting& group : by_reason(known.rows)) text += waiting_text(group, known);
  text += limits_text(known);
  if (!known.folder_probe.empty()) text += fmt::format("\nfolder\n  {}\n", known.folder_probe);
  text += "\nused so far\n";
  if (run.usage.empty()) text += "  nothing that has been counted yet\n";
  for (const auto& [name, line] : run.usage) text += fmt::format("  {:<12} {}\n", name, line);
  return text;
}

}  // namespace genesis::launch::slurm
