#include "genesis/cli/launch_command.h"

#include <fmt/format.h>

#include "genesis/base/home.h"
#include "genesis/cli/compose_run.h"
#include "genesis/cli/launch_arguments.h"
#include "genesis/cli/launch_help.h"
#include "genesis/cli/run_session.h"
#include "genesis/cli/version.h"
#include "launch/registry.h"

namespace genesis::cli {
namespace {

Outcome print_help(const LaunchArguments& arguments) {
  fs::path configs;
  if (arguments.config_path) {
    configs = *arguments.config_path;
  } else if (const auto home = home_directory()) {
    configs = *home / "configs";
  }
  fmt::print("{}", launch_help(configs));
  return ExitCode::ok;
}

Outcome print_config(const config::Composition& composition, const LaunchArguments& arguments) {
  const config::ConfigPart part =
      arguments.show_config == ShowConfig::hydra ? config::ConfigPart::hydra
      : arguments.show_config == ShowConfig::all ? config::ConfigPart::all
                                                 : config::ConfigPart::job;
  GENESIS_TRY_ASSIGN(const std::string yaml,
                     composition.yaml(part, arguments.resolve, arguments.package.value_or("")));
  fmt::print("{}", yaml);
  return ExitCode::ok;
}

/// What a person who comes from ShinkaEvolve must know before the run, one line each.
std::string launch_notes(const run::RunSpec& spec) {
  std::string text = fmt::format(
      "num_generations={} counts recorded programs beyond the initial one; ShinkaEvolve counts "
      "proposals, failed ones and duplicates included\n",
      spec.evo.num_generations);
  text += run::inert_notice(spec.inert);
  return text;
}

}  // namespace

Outcome run_launch(const std::vector<std::string>& arguments) {
  GENESIS_TRY_ASSIGN(const LaunchArguments parsed, parse_launch_arguments(arguments));
  if (parsed.help) return print_help(parsed);
  if (parsed.version) {
    fmt::print("{}\n", version_line("genesis_launch"));
    return ExitCode::ok;
  }
  GENESIS_TRY_ASSIGN(const config::Composition composition, compose_run(parsed));
  if (parsed.show_config != ShowConfig::none) return print_config(composition, parsed);

  launch::register_builtin_backends();
  GENESIS_TRY_ASSIGN(run::RunSpec spec, bind_composition(composition));
  SessionOptions session;
  session.quiet = parsed.quiet;
  // Only now is it certain that the folder is ours and that its run has this configuration.
  session.on_prepared = [&, notes = launch_notes(spec), folder = spec.output_dir](bool resumed) {
    if (!parsed.quiet && !resumed) fmt::print("{}", notes);
    return composition.write_hydra_folder(folder);
  };
  return run_session(std::move(spec), session);
}

}  // namespace genesis::cli
