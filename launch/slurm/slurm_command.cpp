#include "launch/slurm/slurm_command.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <utility>

#include "genesis/base/files.h"
#include "genesis/base/text.h"
#include "launch/command_options.h"
#include "launch/slurm/batch_script.h"
#include "launch/slurm/controller_command.h"
#include "launch/slurm/slurm_ask.h"
#include "launch/slurm/slurm_doctor.h"
#include "launch/slurm/slurm_reasons.h"
#include "launch/slurm/slurm_report.h"

namespace genesis::launch::slurm {

namespace fs = std::filesystem;

namespace {

constexpr std::size_t kCancelsAtATime = 200;

/// What these commands may be given; each reads what it has options for.
struct SlurmArguments {
  FindRun find_run;
  std::string run;
  bool as_json = false;
  bool yes = false;
  bool lost = false;
};
using Given = std::shared_ptr<SlurmArguments>;

Result<int> status(const Given& given) {
  GENESIS_TRY_ASSIGN(const RunFacts run, run_or_its_folder(given->run, given->find_run));
  GENESIS_TRY_ASSIGN(const auto jobs, list_jobs());
  const auto rows = jobs_of_run(jobs, run);
  if (given->as_json) {
    fmt::print("{}\n", status_json(run, rows).dump(2, ' ', false,
                                                   nlohmann::json::error_handler_t::replace));
  } else {
    fmt::print("{}", status_text(run, rows));
  }
  return 0;
}

/// A trial for the first job of each reason that SLURM gives no estimate for and that can start at
/// all.
std::vector<std::pair<std::string, std::string>> try_starts(const std::vector<JobRow>& rows) {
  constexpr std::size_t kMostTrials = 3;
  std::map<std::string, const JobRow*> first;
  for (const JobRow& row : rows) {
    if (row.state != JobState::waiting || !row.start.empty()) continue;
    const Reason reason = explain_reason(row.reason);
    if (!reason.waits_forever) first.emplace(reason.code, &row);
  }
  std::vector<std::pair<std::string, std::string>> trials;
  for (const auto& [code, row] : first) {
    if (trials.size() == kMostTrials) break;
    const CommandEnd end = ask_and_wait(trial_command(*row), std::chrono::seconds{20});
    trials.emplace_back(row->id, parse_test_only(end.output).value_or(""));
  }
  return trials;
}

Result<int> explain(const Given& given) {
  Explained known;
  GENESIS_TRY_ASSIGN(known.run, run_or_its_folder(given->run, given->find_run));
  GENESIS_TRY_ASSIGN(const auto jobs, list_jobs());
  known.rows = jobs_of_run(jobs, known.run);
  GENESIS_TRY_ASSIGN(const std::string partitions,
                     answer_of({"scontrol", "--oneliner", "show", "partition"}));
  known.partitions = parse_partitions(partitions);
  GENESIS_TRY_ASSIGN(const std::string site, answer_of({"scontrol", "show", "config"}));
  known.site = parse_site_config(site).value_or(SiteConfig());
  known.trials = try_starts(known.rows);
  const fs::path probe = known.run.folder / ".genesis" / "slurm" / "probe.txt";
  known.folder_probe = to_valid_utf8(trim(read_file(probe, 1u << 16, false).value_or("")));
  fmt::print("{}", explain_text(known));
  return 0;
}

std::vector<JobRow> alive(const std::vector<JobRow>& rows) {
  std::vector<JobRow> left;
  std::copy_if(rows.begin(), rows.end(), std::back_inserter(left), [](const JobRow& row) {
    return !has_ended(row.state) && row.state != JobState::ending;
  });
  return left;
}

/// The run whose folder a job works in, or none that can be seen from here.
std::optional<RunFacts> run_around(const std::string& work_dir, const std::string& prefix,
                                   const FindRun& find_run) {
  std::error_code ignored;
  for (fs::path folder(work_dir); folder.has_relative_path(); folder = folder.parent_path()) {
    if (!fs::is_directory(folder / ".genesis", ignored)) continue;
    auto run = find_run(folder.string());
    if (run && job_name_prefix(run->id) == prefix) return std::move(*run);
  }
  return std::nullopt;
}

SweepGroup group_of(const RunFacts& run, const std::vector<JobRow>& jobs) {
  const auto rows = jobs_of_run(jobs, run);
  SweepGroup group;
  group.run = run.folder.string();
  group.held = holder_of(run, rows);
  group.jobs = alive(rows);
  return group;
}

std::vector<SweepGroup> groups_of(const std::vector<JobRow>& jobs, const FindRun& find_run) {
  std::map<std::string, std::vector<JobRow>> by_prefix;
  for (const JobRow& row : alive(jobs)) {
    const std::string prefix = run_prefix_of(row);
    if (!prefix.empty() && !is_controller(row)) by_prefix[prefix].push_back(row);
  }
  std::vector<SweepGroup> groups;
  for (auto& [prefix, rows] : by_prefix) {
    const auto run = run_around(rows.front().work_dir, prefix, find_run);
    if (run) {
      groups.push_back(group_of(*run, jobs));
    } else {
      groups.push_back({"", "", std::move(rows)});
    }
  }
  return groups;
}

/// How many were told to end.
Result<std::size_t> cancel(const std::vector<JobRow>& rows) {
  for (std::size_t at = 0; at < rows.size(); at += kCancelsAtATime) {
    std::vector<std::string> words{"scancel"};
    for (std::size_t i = at; i < std::min(rows.size(), at + kCancelsAtATime); ++i) {
      words.push_back(rows[i].id);
    }
    GENESIS_TRY(answer_of(std::move(words)));
  }
  return rows.size();
}

Result<int> sweep(const Given& given) {
  std::vector<SweepGroup> groups;
  if (given->run.empty()) {
    GENESIS_TRY_ASSIGN(const auto jobs, list_jobs());
    groups = groups_of(jobs, given->find_run);
  } else {
    GENESIS_TRY_ASSIGN(const RunFacts run, given->find_run(given->run));
    // Asked after the owner: who has gone meanwhile has said what it does with its jobs.
    GENESIS_TRY_ASSIGN(const auto jobs, list_jobs());
    groups.push_back(group_of(run, jobs));
  }
  std::erase_if(groups, [](const SweepGroup& group) { return group.jobs.empty(); });
  if (groups.empty()) {
    fmt::print("No job of {} is left in SLURM.\n",
               given->run.empty() ? "a run of Genesis" : "this run");
    return 0;
  }
  fmt::print("{}", sweep_text(groups));
  const auto is_ours_to_end = [&](const SweepGroup& group) {
    return group.held.empty() && (!group.run.empty() || given->lost);
  };
  std::size_t can_end = 0, ended = 0;
  for (const SweepGroup& group : groups) {
    if (!is_ours_to_end(group)) continue;
    can_end += group.jobs.size();
    if (!given->yes) continue;
    GENESIS_TRY_ASSIGN(const std::size_t told, cancel(group.jobs));
    ended += told;
  }
  if (given->yes) {
    fmt::print("\nEnded {} job{}.\n", ended, ended == 1 ? "" : "s");
  } else {
    fmt::print("\nNothing was ended. With --yes {} would be.\n",
               can_end == 1 ? "one job" : fmt::format("{} jobs", can_end));
  }
  const bool some_lost = std::any_of(groups.begin(), groups.end(),
                                     [](const SweepGroup& group) { return group.run.empty(); });
  if (some_lost && !given->lost) {
    fmt::print("Jobs of runs that are not found from here are ended only with --lost too.\n");
  }
  return 0;
}

using Task = Result<int> (*)(const Given&);

Command make(const Given& given, const char* name, const char* summary, const char* examples,
             Task task) {
  Command command;
  command.name = name;
  command.summary = summary;
  command.examples = examples;
  command.run = [given, task] { return task(given); };
  return command;
}

CommandArgument run_argument(const Given& given, bool required) {
  return {"RUN", "The run's folder", required, false, text_into(given->run)};
}

Command status_command(const Given& given) {
  Command command =
      make(given, "status", "List a run's jobs in SLURM: state, node, times, why they wait",
           "  genesis slurm status results/first\n"
           "  genesis slurm status results/first --json | jq '.jobs[].reason_words'\n\n"
           "One squeue, whatever the number of jobs. How the search stands: genesis status.",
           status);
  command.arguments = {run_argument(given, true)};
  command.options = {{"--json", "", "One JSON object", set_flag(given->as_json)}};
  return command;
}

Command explain_command(const Given& given) {
  Command command = make(
      given, "explain", "Say why a run's jobs wait, when they may start, and what to do about it",
      "  genesis slurm explain results/first\n\n"
      "SLURM's reasons in words, its estimate of the start (or what a trial with `sbatch "
      "--test-only`\n"
      "says), the limits of the partitions that the jobs are in, and what the run has used so far.",
      explain);
  command.arguments = {run_argument(given, true)};
  return command;
}

Command sweep_command(const Given& given) {
  Command command =
      make(given, "sweep",
           "Find the jobs that runs left in SLURM with nobody to collect them, and end them",
           "  genesis slurm sweep                      what there is, of all runs; ends nothing\n"
           "  genesis slurm sweep results/first --yes  ends what this run left\n\n"
           "Jobs of a run whose runner lives, or whose controller waits in SLURM, are left alone. "
           "A run\n"
           "that goes on (genesis resume) takes its jobs up again: sweep is for runs that do not.",
           sweep);
  command.arguments = {run_argument(given, false)};
  command.options = {{"--yes", "", "End them", set_flag(given->yes)},
                     {"--lost", "", "Also jobs of runs whose folder is not found from here",
                      set_flag(given->lost)}};
  return command;
}

}  // namespace

Command slurm_command(const FindRun& find_run) {
  const auto given = std::make_shared<SlurmArguments>();
  given->find_run = find_run;
  Command command;
  command.name = "slurm";
  command.summary = "Look after what runs have in a SLURM cluster";
  command.examples =
      R"(  genesis doctor slurm                     is there a cluster, and what does it allow
  genesis_launch task=circle_packing cluster=remote output_dir=results/first
  genesis slurm status results/first       its jobs
  genesis slurm explain results/first      why they wait
  genesis slurm sweep                      what runs left behind
  genesis slurm start task=… output_dir=…  the runner as a job too, where login nodes end long processes

Nothing here needs the run to be running. docs/slurm.md tells the rest.)";
  command.commands = {status_command(given),   explain_command(given),   sweep_command(given),
                      start_command(find_run), attach_command(find_run), stop_command(find_run)};
  command.doctor = &slurm_doctor;
  return command;
}

}  // namespace genesis::launch::slurm
