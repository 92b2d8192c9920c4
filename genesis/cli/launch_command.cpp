#include "genesis/cli/launch_command.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "genesis/base/home.h"
#include "genesis/cli/compose_run.h"
#include "genesis/cli/hook_secrets.h"
#include "genesis/cli/hooks_command.h"
#include "genesis/cli/launch_arguments.h"
#include "genesis/cli/launch_help.h"
#include "genesis/cli/launch_notes.h"
#include "genesis/cli/run_session.h"
#include "genesis/cli/sweep_command.h"
#include "genesis/cli/version.h"
#include "genesis/config/config_info.h"
#include "genesis/config/multirun.h"
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
  const auto yaml =
      composition.yaml(part, arguments.resolve, arguments.package.value_or(""), "hooks");
  if (!yaml) return as_usage(yaml.error());
  std::string text = *yaml;
  if (arguments.resolve && composition.resolved()) {
    text = without_hook_secrets(std::move(text), *composition.resolved(), composition.written());
  }
  fmt::print("{}", text);
  return ExitCode::ok;
}

Outcome print_info(const config::ComposeRequest& request, ShowInfo shown) {
  const config::InfoKind kind = shown == ShowInfo::defaults        ? config::InfoKind::defaults
                                : shown == ShowInfo::defaults_tree ? config::InfoKind::defaults_tree
                                : shown == ShowInfo::searchpath    ? config::InfoKind::searchpath
                                                                   : config::InfoKind::config;
  const auto text = config::config_info(request, kind);
  if (!text) return as_usage(text.error());
  if (shown == ShowInfo::all) {
    fmt::print("{}", config::info_headline(version_line("genesis_launch"), '='));
  }
  fmt::print("{}", *text);
  return ExitCode::ok;
}

Outcome try_configured_hooks(config::ComposeRequest request) {
  GENESIS_TRY_ASSIGN(const config::Composition composition, compose_run(std::move(request)));
  GENESIS_TRY_ASSIGN(const run::RunSpec spec, bind_composition(composition));
  return try_hooks(spec.hooks, {"", "", spec.task, fs::absolute(spec.output_dir).string()});
}

}  // namespace

Outcome run_launch(const std::vector<std::string>& arguments) {
  GENESIS_TRY_ASSIGN(const LaunchArguments parsed, parse_launch_arguments(arguments));
  if (parsed.help) return print_help(parsed);
  if (parsed.version) {
    fmt::print("{}\n", version_line("genesis_launch"));
    return ExitCode::ok;
  }
  GENESIS_TRY_ASSIGN(config::ComposeRequest request, compose_request(parsed));
  if (parsed.show_info != ShowInfo::none) return print_info(request, parsed.show_info);
  if (parsed.show_config != ShowConfig::none) {
    GENESIS_TRY_ASSIGN(const config::Composition shown, compose_run(std::move(request), false));
    return print_config(shown, parsed);
  }
  launch::register_builtin_backends();
  if (parsed.test_hooks) return try_configured_hooks(std::move(request));
  const config::RunMode mode = config::decide_run_mode(request, parsed.multirun);
  if (mode == config::RunMode::multirun) return run_sweep(request, parsed.quiet);
  GENESIS_TRY_ASSIGN(const config::Composition composition, compose_run(std::move(request)));
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
