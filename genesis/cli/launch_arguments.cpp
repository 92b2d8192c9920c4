#include "genesis/cli/launch_arguments.h"

#include <fmt/format.h>

#include <algorithm>
#include <functional>

#include "genesis/base/text.h"

namespace genesis::cli {
namespace {

/// One option: its spellings and what it does. `wants_value` options take "--x v", "--x=v", "-x v".
struct Option {
  std::vector<std::string> names;
  bool wants_value = false;
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

Status refuse_multirun(LaunchArguments&, const std::string&) {
  return make_error(ErrorKind::unsupported,
                    "--multirun: sweeps come with a later version; start one run per value, each "
                    "with its own output_dir=…");
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
      {{"--help", "-h"}, false, flag(&LaunchArguments::help)},
      {{"--version"}, false, flag(&LaunchArguments::version)},
      {{"--quiet", "-q"}, false, flag(&LaunchArguments::quiet)},
      {{"--cfg", "-c"}, true, set_show_config},
      {{"--resolve"}, false, flag(&LaunchArguments::resolve)},
      {{"--package", "-p"}, true, text(&LaunchArguments::package)},
      {{"--config-dir", "-cd"}, true, text(&LaunchArguments::config_dir)},
      {{"--config-name", "-cn"}, true, text(&LaunchArguments::config_name)},
      {{"--config-path", "-cp"}, true, text(&LaunchArguments::config_path)},
      {{"--multirun", "-m"}, false, refuse_multirun},
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
    if (option->wants_value && equals != std::string::npos) {
      value = argument.substr(equals + 1);
    } else if (option->wants_value) {
      if (++i == arguments.size()) {
        return make_error(ErrorKind::invalid_argument, fmt::format("{} needs a value", name));
      }
      value = arguments[i];
    } else if (equals != std::string::npos) {
      return make_error(ErrorKind::invalid_argument, fmt::format("{} takes no value", name));
    }
    GENESIS_TRY(option->set(out, value));
  }
  if (out.show_config == ShowConfig::none && (out.resolve || out.package)) {
    return make_error(ErrorKind::invalid_argument,
                      fmt::format("{} says what --cfg prints; add --cfg job",
                                  out.resolve ? "--resolve" : "--package"));
  }
  return out;
}

}  // namespace genesis::cli
