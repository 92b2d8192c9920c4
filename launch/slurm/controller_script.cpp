#include "launch/slurm/controller_script.h"

#include <fmt/format.h>

#include <algorithm>

#include "genesis/base/text.h"
#include "launch/slurm/batch_script.h"

namespace genesis::launch::slurm {

namespace {

using std::chrono::seconds;

/// sbatch takes some seconds, and SLURM looks at times every half minute.
constexpr seconds kMargin{45};

std::string words_of(const std::vector<std::string>& words) {
  std::string line;
  for (const std::string& word : words) line += (line.empty() ? "" : " ") + shell_word(word);
  return line;
}

/// In names of files sbatch reads %j and the like.
std::string without_patterns(const std::string& path) {
  std::string text;
  for (const char letter : path) text.append(letter == '%' ? 2 : 1, letter);
  return text;
}

}  // namespace

Status check_plan(const ControllerPlan& plan) {
  if (plan.before < seconds{5} || plan.before * 2 > plan.time) {
    return make_error(ErrorKind::invalid_argument,
                      fmt::format("--before must be from 5 s to half of --time ({}); it is {}",
                                  format_duration(plan.time), format_duration(plan.before)));
  }
  return {};
}

std::vector<std::string> controller_sbatch(const ControllerPlan& plan) {
  const ControllerPlaces places(plan.run_folder);
  std::vector<std::string> words{"sbatch",
                                 "--parsable",
                                 "--job-name=" + plan.name,
                                 "--nodes=1",
                                 "--ntasks=1",
                                 fmt::format("--cpus-per-task={}", plan.cpus),
                                 "--mem=" + plan.memory,
                                 fmt::format("--time={}", plan.time.count()),
                                 fmt::format("--signal=B:USR1@{}", plan.before.count()),
                                 "--requeue",
                                 "--open-mode=append",
                                 "--output=" + without_patterns(places.job_log().string()),
                                 "--chdir=" + plan.cwd.string()};
  const auto add = [&](const char* flag, const std::string& value) {
    if (!value.empty()) words.push_back(fmt::format("--{}={}", flag, value));
  };
  add("partition", plan.partition);
  add("account", plan.account);
  add("qos", plan.qos);
  add("constraint", plan.constraint);
  words.insert(words.end(), plan.sbatch_args.begin(), plan.sbatch_args.end());
  words.push_back(places.script().string());
  return words;
}

std::string controller_script(const ControllerPlan& plan) {
  const ControllerPlaces places(plan.run_folder);
  std::vector<std::string> again = controller_sbatch(plan);
  again.erase(again.begin());
  std::vector<std::string> command{plan.launcher};
  command.insert(command.end(), plan.arguments.begin(), plan.arguments.end());
  const seconds patience = std::max<seconds>(plan.before - kMargin, plan.before / 2);
  return fmt::format(
             "#!/bin/bash\n"
             "# Runs a run's runner as a job; written by `genesis slurm start`.\n"
             "folder={}\nlog={}\nlimit={}\npatience={}\nagain=({})\nset -- {}\n",
             shell_word(places.folder.string()), shell_word(places.log().string()),
             std::chrono::duration_cast<seconds>(plan.time).count(), patience.count(),
             words_of(again), words_of(command)) +
         kControllerScript;
}

}  // namespace genesis::launch::slurm
