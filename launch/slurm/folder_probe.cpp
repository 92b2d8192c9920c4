#include "launch/slurm/folder_probe.h"

#include <fmt/format.h>

#include "genesis/base/hash.h"
#include "genesis/base/text.h"
#include "launch/slurm/batch_script.h"
#include "launch/slurm/probe_run.h"

namespace genesis::launch::slurm {

namespace fs = std::filesystem;

namespace {

using std::chrono::milliseconds;

constexpr const char* kWhatToDo =
    "put output_dir on a file system that the nodes share under the same path (ask which is; often "
    "a home or scratch folder), or choose another partition; slurm.probe=false skips this check";

std::string on_node(const JobReport& report) {
  const bool known = !report.node.empty() && report.node != "(null)";
  return known ? "node " + to_valid_utf8(report.node) : "a node";
}

}  // namespace

std::string probe_script(const fs::path& folder, std::string_view nonce, int tries) {
  return fmt::format("#!/bin/sh\nfolder={}\nnonce={}\nmost={}\n", shell_word(folder.string()),
                     shell_word(nonce), tries) +
         kProbeScript;
}

std::vector<std::string> probe_sbatch(const SlurmOptions& options, const std::string& name,
                                      const fs::path& script) {
  std::vector<std::string> words{
      "sbatch",    "--parsable",         "--job-name=" + name, "--no-requeue",
      "--nodes=1", "--ntasks=1",         "--cpus-per-task=1",  "--mem=100M",
      "--time=1",  "--output=/dev/null", "--chdir=/"};
  const auto add = [&](const char* flag, const std::string& value) {
    if (!value.empty()) words.push_back(fmt::format("--{}={}", flag, value));
  };
  add("partition", options.partition);
  add("account", options.account);
  add("qos", options.qos);
  add("constraint", options.constraint);
  add("nodelist", options.nodelist);
  add("exclude", options.exclude);
  add("reservation", options.reservation);
  words.insert(words.end(), options.sbatch_args.begin(), options.sbatch_args.end());
  words.push_back(script.string());
  return words;
}

ProbeVerdict shared_verdict(const ProbeAnswer& answer, milliseconds file_wait) {
  ProbeVerdict verdict;
  verdict.result = ProbeResult::shared;
  verdict.text = fmt::format("the run's folder is shared with node {}: a file there and back in {}",
                             answer.node, format_duration(answer.round_trip));
  if (answer.round_trip * 2 > file_wait) {
    verdict.text +=
        fmt::format("; that is slow for slurm.file_wait={}: raise it, or jobs are taken for lost",
                    format_duration(file_wait));
  }
  return verdict;
}

ProbeVerdict verdict_of_end(const JobReport& report, const fs::path& run_folder) {
  ProbeVerdict verdict;
  const std::string folder = run_folder.string();
  const std::string node = on_node(report);
  std::string what;
  if (report.state == JobState::failed && report.signal == 0) {
    switch (report.exit_code) {
      case 41:
        what = fmt::format("'{}' is not there on {}", folder, node);
        break;
      case 42:
        what = fmt::format("'{}' on {} is another folder: what this machine wrote is not in it",
                           folder, node);
        break;
      case 43:
        what = fmt::format("{} cannot write to '{}'", node, folder);
        break;
      case 44:
        what =
            fmt::format("what is written to '{}' here is not seen on {} within 50 s", folder, node);
        break;
      default:
        break;
    }
  } else if (report.state == JobState::completed) {
    what = fmt::format("what {} wrote to '{}' is not seen here", node, folder);
  }
  if (what.empty()) {
    verdict.text = fmt::format(
        "whether the run's folder is shared is not known: the probe ended {} ({}:{}) on {}",
        to_valid_utf8(report.state_name), report.exit_code, report.signal, node);
    return verdict;
  }
  verdict.result = ProbeResult::not_shared;
  verdict.text =
      fmt::format("the run's folder is not shared with the nodes: {}; {}", what, kWhatToDo);
  return verdict;
}

std::string probe_key(const fs::path& run_folder, const std::string& partition,
                      const std::string& configuration) {
  const std::string where = run_folder.parent_path().string();
  return sha256_hex(fmt::format("{}\n{}\n{}", configuration, partition, where)).substr(0, 24);
}

}  // namespace genesis::launch::slurm
