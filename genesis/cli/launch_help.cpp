#include "genesis/cli/launch_help.h"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "genesis/base/text.h"

namespace genesis::cli {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kHelp =
    R"(Evolves a program: samples parents, mutates them, evaluates the children in parallel, and records
everything in a results folder that any later command can continue.

Usage: genesis_launch [options] [overrides]

Examples:
  genesis_launch task=circle_packing                        the demo task, in a new dated folder
  genesis_launch task=circle_packing output_dir=results/a   a named run; the same command again
                                                            continues it
  genesis_launch task=circle_packing evo_config.num_generations=500 evo_config.max_parallel_jobs=8
  genesis_launch --config-dir my_task task=my_task variant=default
                                                            a task made by `genesis init my_task`
  genesis_launch task=circle_packing --cfg job --resolve    show the configuration, run nothing
  genesis_launch -m seed=1,2,3 database=island_small,island_large output_dir=results/s
                                                            six runs, one for each combination

Overrides (as Hydra writes them):
  key.sub=value      change a setting          group=option    choose a file of a group
  +key=value         add a setting             ++key=value     add or change
  ~key               remove a setting          a=[1,2] a={b: 1} a='x y' a=null a=${other.key}
With -m, several values: a=1,2  a=choice(x,y)  a=range(1,10,3)  group=glob(*,exclude=x*)

Options:
  -h, --help               this text
      --version            the version
  -m, --multirun           a sweep: a run for each combination of values, below output_dir; one
                           after another, or all over one launcher with sweep.share_pool=true
  -q, --quiet              no progress, no summary; errors only
  -c, --cfg job|hydra|all  print the configuration and stop
      --resolve            with --cfg: interpolations replaced by their values
  -p, --package PACKAGE    with --cfg: only this part of it
  -i, --info [WHAT]        how the configuration comes about, and stop: defaults, defaults-tree,
                           searchpath, config, all
      --test-hooks         tell the configuration's hooks of a made-up event, and stop
  -r, --run                what happens without -m, --cfg, --info and --test-hooks
  -cd, --config-dir DIR    one more folder to look for groups and their options
  -cn, --config-name NAME  another main file than config
  -cp, --config-path DIR   another folder instead of Genesis's own configs
)";

constexpr std::string_view kEnd = R"(
A .env file in the working directory sets environment variables (the shell's own win).
Ctrl-C finishes the running evaluations and stops; a second one ends them. Either way the same
command, or `genesis resume RUN`, continues. A sweep is continued by the same command with the same
output_dir: what has finished is not run again. `genesis --help` tells how to look at runs.

Exit codes: 0 finished, 1 the run (of a sweep: one of them) failed, 2 wrong usage or configuration,
3 the folder is in use or holds a run with another configuration or evaluator, 4 the evaluator
changed under the run, 130 interrupted.
)";

std::vector<fs::path> sorted_entries(const fs::path& folder) {
  std::vector<fs::path> entries;
  std::error_code failure;
  for (fs::directory_iterator it(folder, failure), end; !failure && it != end;
       it.increment(failure)) {
    entries.push_back(it->path());
  }
  std::sort(entries.begin(), entries.end());
  return entries;
}

std::string options_of(const fs::path& group) {
  std::vector<std::string> names;
  for (const fs::path& file : sorted_entries(group)) {
    if (file.extension() == ".yaml") names.push_back(file.stem().string());
  }
  return join(names, ", ");
}

}  // namespace

std::string launch_help(const fs::path& configs) {
  std::string text(kHelp);
  std::string groups;
  for (const fs::path& entry : sorted_entries(configs)) {
    std::error_code ignored;
    if (!fs::is_directory(entry, ignored)) continue;
    const std::string options = options_of(entry);
    if (!options.empty())
      groups += fmt::format("  {:<12} {}\n", entry.filename().string(), options);
  }
  if (!groups.empty()) text += "\nGroups and their options (group=option):\n" + groups;
  text += kEnd;
  return text;
}

}  // namespace genesis::cli
