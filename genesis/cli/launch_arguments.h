#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "genesis/base/error.h"

namespace genesis::cli {

/// What `--cfg` shows instead of running.
enum class ShowConfig { none, job, hydra, all };

/// What `--info` shows instead of running.
enum class ShowInfo { none, all, config, defaults, defaults_tree, searchpath };

/// The command line of genesis_launch, as Hydra users write it: options anywhere, everything else
/// an override.
struct LaunchArguments {
  std::vector<std::string> overrides;
  ShowConfig show_config = ShowConfig::none;
  ShowInfo show_info = ShowInfo::none;
  bool run = false;       ///< --run / -r: what happens anyway.
  bool multirun = false;  ///< --multirun / -m
  bool resolve = false;
  bool test_hooks = false;  ///< --test-hooks: tell the hooks of a made-up event instead of running.
  std::optional<std::string> package;      ///< --package / -p, with --cfg.
  std::optional<std::string> config_dir;   ///< --config-dir / -cd: an extra search folder.
  std::optional<std::string> config_name;  ///< --config-name / -cn
  std::optional<std::string> config_path;  ///< --config-path / -cp: instead of our configs/.
  bool help = false;
  bool version = false;
  bool quiet = false;
};

/// Reads them; kind `invalid_argument` for unknown options (with the nearest), missing values and
/// options that exclude each other.
Result<LaunchArguments> parse_launch_arguments(std::span<const std::string> arguments);

}  // namespace genesis::cli
