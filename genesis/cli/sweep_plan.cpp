#include "genesis/cli/sweep_plan.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>

#include "genesis/base/files.h"
#include "genesis/base/option_reader.h"
#include "genesis/base/text.h"
#include "genesis/cli/compose_run.h"
#include "genesis/config/override.h"
#include "genesis/config/reject.h"

namespace genesis::cli {
namespace {

tl::unexpected<Error> usage(std::string message) {
  return make_error(ErrorKind::invalid_argument, std::move(message));
}

/// What the arguments say about where the sweep goes, and of what must not be swept over.
struct GivenPlaces {
  std::string sweep_dir;  ///< The arguments, "" when there is none.
  std::string output_dir;
};

Result<GivenPlaces> look_at_arguments(const config::ComposeRequest& request) {
  GivenPlaces given;
  for (const std::string& argument : request.overrides) {
    config::Override parsed;
    try {
      parsed = config::parse_override(argument);
    } catch (const config::ConfigError& error) {
      return usage(error.what());
    }
    if (parsed.key == "hydra.sweep.dir") given.sweep_dir = argument;
    if (parsed.key == "output_dir") given.output_dir = argument;
    if (!parsed.is_sweep()) continue;
    if (parsed.key == "output_dir") {
      return usage(fmt::format(
          "argument '{}': output_dir is the folder of the whole sweep and cannot be swept over; "
          "hydra.sweep.subdir names the jobs' folders below it",
          argument));
    }
    if (parsed.key.starts_with("sweep.") || parsed.key == "sweep") {
      return usage(
          fmt::format("argument '{}': '{}' is about the sweep as a whole and cannot be "
                      "swept over",
                      argument, parsed.key));
    }
  }
  if (!given.sweep_dir.empty() && !given.output_dir.empty()) {
    return usage(fmt::format("'{}' and '{}' both name the sweep's folder; give one of them",
                             given.sweep_dir, given.output_dir));
  }
  return given;
}

Result<fs::path> sweep_folder(const config::Multirun& multirun, const GivenPlaces& given) {
  const auto dir =
      multirun.own().text_value(given.output_dir.empty() ? "hydra.sweep.dir" : "output_dir");
  if (!dir) return as_usage(dir.error());
  const fs::path folder = fs::absolute(*dir).lexically_normal();
  return folder.has_filename() ? folder : folder.parent_path();
}

/// "@_global_" is what the pre-pass adds to the names of our own groups.
std::string as_typed(std::string argument) {
  static constexpr std::string_view kGlobal = "@_global_=";
  const std::size_t at = argument.find(kGlobal);
  if (at != std::string::npos && at < argument.find('=')) argument.erase(at, kGlobal.size() - 1);
  return argument;
}

/// The arguments that differ between jobs; all of them when none does.
std::vector<std::string> titles_of(const std::vector<config::SweepJob>& jobs) {
  std::vector<bool> differs(jobs.front().overrides.size(), false);
  for (const config::SweepJob& job : jobs) {
    for (std::size_t i = 0; i < differs.size(); ++i) {
      if (job.overrides[i] != jobs.front().overrides[i]) differs[i] = true;
    }
  }
  const bool all = std::find(differs.begin(), differs.end(), true) == differs.end();
  std::vector<std::string> titles;
  for (const config::SweepJob& job : jobs) {
    std::vector<std::string> shown;
    for (std::size_t i = 0; i < differs.size(); ++i) {
      if (all || differs[i]) shown.push_back(as_typed(job.overrides[i]));
    }
    titles.push_back(join(shown, " "));
  }
  return titles;
}

tl::unexpected<Error> no_jobs(const config::ComposeRequest& request) {
  std::string empty;
  for (const std::string& argument : request.overrides) {
    if (argument.find("glob(") != std::string::npos || argument.find("range(") != std::string::npos)
      empty += " '" + argument + "'";
  }
  return usage("the sweep has no jobs: nothing matches" +
               (empty.empty() ? " its arguments" : empty));
}

Result<SweepSettings> bind_settings(const config::Composition& composition) {
  SweepSettings settings;
  const nlohmann::json& config = *composition.resolved();
  if (!config.contains("sweep")) return settings;
  try {
    OptionReader reader(config["sweep"], "sweep");
    reader.read("share_pool", settings.share_pool);
    reader.read("max_parallel_jobs", settings.max_parallel_jobs);
    if (settings.max_parallel_jobs.value_or(1) < 1 || settings.max_parallel_jobs > 100'000) {
      reader.fail("max_parallel_jobs", "must be between 1 and 100000");
    }
    reader.read("max_runs", settings.max_runs);
    if (settings.max_runs.value_or(1) < 1) reader.fail("max_runs", "must be 1 or more");
    reader.finish();
  } catch (const OptionException& failure) {
    return usage(located(composition, failure.error().path, failure.error().message).message);
  }
  return settings;
}

/// Composes and binds every job once, so that nothing is wrong with the last one when the first has
/// run for a day.
Status check_entries(SweepPlan& plan) {
  std::map<fs::path, std::size_t> folders;
  for (SweepEntry& entry : plan.entries) {
    auto run = compose_entry(plan, entry);
    if (!run) {
      return usage(
          fmt::format("job {} ({}): {}", entry.job.number, entry.title, run.error().message));
    }
    if (entry.job.number == 0) {
      GENESIS_TRY_ASSIGN(plan.settings, bind_settings(run->composition));
    }
    entry.folder = run->spec.output_dir;
    if (entry.folder == plan.folder) {
      return usage(
          fmt::format("job {} ({}) would run in the folder of the sweep itself; "
                      "hydra.sweep.subdir must name one below it",
                      entry.job.number, entry.title));
    }
    const auto [at, fresh] = folders.emplace(entry.folder, entry.job.number);
    if (!fresh) {
      return usage(
          fmt::format("jobs {} and {} would share the folder '{}'; hydra.sweep.subdir "
                      "must tell them apart",
                      at->second, entry.job.number, entry.folder.string()));
    }
  }
  return {};
}

}  // namespace

Result<SweepRun> compose_entry(const SweepPlan& plan, const SweepEntry& entry) {
  auto composed = plan.multirun.compose_job(entry.job, plan.places);
  if (!composed) return as_usage(composed.error());
  GENESIS_TRY_ASSIGN(run::RunSpec spec, bind_composition(*composed));
  return SweepRun{std::move(*composed), std::move(spec)};
}

Result<SweepPlan> plan_sweep(const config::ComposeRequest& request) {
  GENESIS_TRY_ASSIGN(const GivenPlaces given, look_at_arguments(request));
  auto multirun = config::Multirun::plan(request);
  if (!multirun) return as_usage(multirun.error());
  if (multirun->jobs().empty()) return no_jobs(request);
  GENESIS_TRY_ASSIGN(const fs::path folder, sweep_folder(*multirun, given));
  SweepPlan plan{std::move(*multirun), {folder.string(), "output_dir"}, folder, {}, {}};
  const std::vector<std::string> titles = titles_of(plan.multirun.jobs());
  for (const config::SweepJob& job : plan.multirun.jobs()) {
    plan.entries.push_back({job, titles[job.number], {}});
  }
  GENESIS_TRY(check_entries(plan));
  return plan;
}

}  // namespace genesis::cli
