#include "genesis/cli/launch_arguments.h"

#include <fmt/format.h>

#include <algorithm>
#include <functional>

#include "genesis/base/text.h"

namespace genesis::cli {
namespace {

enum class Takes { nothing, value, optional_value };

/// One option: its spellings and what it does. Those with a value take "--x v", "--x=v", "-x v"; an
/// optional one is empty when it is left out, and never looks like an override.
struct Option {
  std::vector<std::string> names;
  Takes takes = Takes::nothing;
  std::function<Status(LaunchArguments&, const std::string&)> set;
};

Status set_show_config(LaunchArguments& out, const std::string& value) {
  if (value == "job") {
    out.show_config = ShowConfig::job;
  } else if (value == "hydra") {
    out.show_config = ShowConfig::hydra;
  } else if (value == "all") {
    out.show_config = ShowConfig::all;
  } else {
    return make_error(ErrorKind::invalid_argument,
                      fmt::format("--cfg shows job, hydra or all, not '{}'", value));
  }
  return {};
}

Status set_show_info(LaunchArguments& out, const std::string& value) {
  static const std::vector<std::pair<std::string, ShowInfo>> kinds = {
      {"all", ShowInfo::all},
      {"config", ShowInfo::config},
      {"defaults", ShowInfo::defaults},
      {"defaults-tree", ShowInfo::defaults_tree},
      {"searchpath", ShowInfo::searchpath}};
  std::vector<std::string> names;
  for (const auto& [name, kind] : kinds) {
    if (value == name || (value.empty() && kind == ShowInfo::all)) {
      out.show_info = kind;
      return {};
    }
    names.push_back(name);
  }
  if (value == "plugins") {
    return make_error(ErrorKind::invalid_argument,
                      "--info plugins: there are none here; launchers are built in, and `genesis "
                      "doctor` says which of them work on this machine");
  }
  return make_error(ErrorKind::invalid_argument,
                    fmt::format("--info shows {}, not '{}'{}", join(names, ", "), value,
                                did_you_mean(value, names)));
}

/// Or like an option: what cannot be the value of one.
bool looks_like_override(const std::string& argument) {
  return argument.empty() || argument.find('=') != std::string::npos ||
         std::string_view("-+~").find(argument[0]) != std::string_view::npos;
}

Status check_combinations(const LaunchArguments& out) {
  if (out.show_config == ShowConfig::none && (out.resolve || out.package)) {
    return make_error(ErrorKind::invalid_argument,
                      fmt::format("{} says what --cfg prints; add --cfg job",
                                  out.resolve ? "--resolve" : "--package"));
  }
  std::vector<std::string> commands;
  if (out.run) commands.emplace_back("--run");
  if (out.multirun) commands.emplace_back("--multirun");
  if (out.show_config != ShowConfig::none) commands.emplace_back("--cfg");
  if (out.show_info != ShowInfo::none) commands.emplace_back("--info");
  if (out.test_hooks) commands.emplace_back("--test-hooks");
  if (commands.size() > 1) {
    return make_error(ErrorKind::invalid_argument,
                      fmt::format("{} exclude each other; give one", join(commands, " and ")));
  }
  return {};
}

std::vector<Option> make_options() {
  using Text = std::optional<std::string> LaunchArguments::*;
  using Flag = bool LaunchArguments::*;
  const auto text = [](Text member) {
    return [member](LaunchArguments& out, const std::string& value) {
      out.*member = value;
      return Status{};
    };
  };
  const auto flag = [](Flag member) {
    return [member](LaunchArguments& out, const std::string&) {
      out.*member = true;
      return Status{};
    };
  };
  return {
      {{"--help", "-h"}, Takes::nothing, flag(&LaunchArguments::help)},
      {{"--version"}, Takes::nothing, flag(&LaunchArguments::version)},
      {{"--quiet", "-q"}, Takes::nothing, flag(&LaunchArguments::quiet)},
      {{"--cfg", "-c"}, Takes::value, set_show_config},
      {{"--resolve"}, Takes::nothing, flag(&LaunchArguments::resolve)},
      {{"--package", "-p"}, Takes::value, text(&LaunchArguments::package)},
      {{"--config-dir", "-cd"}, Takes::value, text(&LaunchArguments::config_dir)},
      {{"--config-name", "-cn"}, Takes::value, text(&LaunchArguments::config_name)},
      {{"--config-path", "-cp"}, Takes::value, text(&LaunchArguments::config_path)},
      {{"--run", "-r"}, Takes::nothing, flag(&LaunchArguments::run)},
      {{"--multirun", "-m"}, Takes::nothing, flag(&LaunchArguments::multirun)},
      {{"--test-hooks"}, Takes::nothing, flag(&LaunchArguments::test_hooks)},
      {{"--info", "-i"}, Takes::optional_value, set_show_info},
  };
}

const Option* find_option(const std::vector<Option>& options, std::string_view name) {
  for (const Option& option : options) {
    if (std::find(option.names.begin(), option.names.end(), name) != option.names.end()) {
      return &option;
    }
  }
  return nullptr;
}

tl::unexpected<Error> unknown_option(const std::vector<Option>& options, const std::string& name) {
  std::vector<std::string> known;
  for (const Option& option : options) {
    for (const std::string& spelling : option.names) {
      if (spelling.rfind("--", 0) == 0) known.push_back(spelling);
    }
  }
  return make_error(
      ErrorKind::invalid_argument,
      fmt::format("unknown option '{}'{} (--help lists them)", name, did_you_mean(name, known)));
}

}  // namespace

Result<LaunchArguments> parse_launch_arguments(std::span<const std::string> arguments) {
  const std::vector<Option> options = make_options();
  LaunchArguments out;
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    const std::string& argument = arguments[i];
    if (argument.size() < 2 || argument[0] != '-') {
      out.overrides.push_back(argument);
      continue;
    }
    if (argument == "--") {  // the rest are overrides, whatever they look like
      out.overrides.insert(out.overrides.end(),
                           arguments.begin() + static_cast<std::ptrdiff_t>(i) + 1, arguments.end());
      break;
    }
    const std::size_t equals = argument.find('=');
    const std::string name = argument.substr(0, equals);
    const Option* option = find_option(options, name);
    if (option == nullptr) return unknown_option(options, name);
    std::string value;
    if (option->takes != Takes::nothing && equals != std::string::npos) {
      value = argument.substr(equals + 1);
    } else if (option->takes == Takes::optional_value) {
      if (i + 1 < arguments.size() && !looks_like_override(arguments[i + 1])) {
        value = arguments[++i];
      }
    } else if (option->takes == Takes::value) {
      if (++i == arguments.size()) {
        return make_error(ErrorKind::invalid_argument, fmt::format("{} needs a value", name));
      }
      value = arguments[i];
    } else if (equals != std::string::npos) {
      return make_error(ErrorKind::invalid_argument, fmt::format("{} takes no value", name));
    }
    GENESIS_TRY(option->set(out, value));
  }
  GENESIS_TRY(check_combinations(out));
  return out;
}

}  // namespace genesis::cli
