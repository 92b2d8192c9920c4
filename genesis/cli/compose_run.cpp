#include "genesis/cli/compose_run.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <optional>

#include "genesis/base/clock.h"
#include "genesis/base/files.h"
#include "genesis/base/home.h"
#include "genesis/base/option_reader.h"
#include "genesis/cli/hook_secrets.h"
#include "genesis/config/dotenv.h"
#include "genesis/config/seed_spelling.h"

namespace genesis::cli {
namespace {

Result<std::vector<fs::path>> config_folders(const LaunchArguments& arguments) {
  std::vector<fs::path> folders;
  if (arguments.config_path) {
    folders.emplace_back(*arguments.config_path);
  } else {
    GENESIS_TRY_ASSIGN(const fs::path home, home_directory());
    folders.push_back(home / "configs");
  }
  if (arguments.config_dir) folders.emplace_back(*arguments.config_dir);
  for (const fs::path& folder : folders) {
    std::error_code ignored;
    if (!fs::is_directory(folder, ignored)) {
      return make_error(
          ErrorKind::invalid_argument,
          fmt::format("the configuration folder '{}' does not exist", folder.string()));
    }
  }
  return folders;
}

/// The first `???` of a resolved configuration, as a dotted key; empty when there is none. Those of
/// evaluate_function are filled in for each evaluation.
std::string first_missing(const nlohmann::json& value, const std::string& path) {
  if (path == "evaluate_function") return {};
  if (value.is_string() && value.get_ref<const std::string&>() == "???") return path;
  if (!value.is_object()) return {};
  for (const auto& [key, child] : value.items()) {
    std::string found = first_missing(child, path.empty() ? key : path + "." + key);
    if (!found.empty()) return found;
  }
  return {};
}

/// An argument that job_config does not have although it was made from what the argument sets: what
/// adds to `job_config: ${distributed_job_config}` copies it first, before arguments are read. As
/// in Hydra, where such an argument is lost without a word.
std::optional<Error> lost_argument(const config::Composition& composition,
                                   const nlohmann::json& tree) {
  const auto from = tree.find("distributed_job_config"), to = tree.find("job_config");
  if (from == tree.end() || to == tree.end() || !from->is_object() || !to->is_object()) return {};
  if (from->value("_target_", nlohmann::json()) != to->value("_target_", nlohmann::json())) {
    return {};
  }
  for (const auto& [name, value] : from->items()) {
    const std::string key = "distributed_job_config." + name;
    const auto used = to->find(name);
    if (!composition.origin(key).starts_with("argument ")) continue;
    if (used != to->end() && *used == value) continue;
    return located(composition, key,
                   fmt::format("has no effect, since something that was chosen adds to job_config; "
                               "write job_config.{}=…",
                               name));
  }
  return {};
}

}  // namespace

tl::unexpected<Error> as_usage(Error error) {
  return make_error(ErrorKind::invalid_argument, std::move(error.message));
}

Error located(const config::Composition& composition, const std::string& key,
              const std::string& message) {
  const std::string origin = composition.origin(key);
  return {ErrorKind::invalid_argument, origin.empty()
                                           ? fmt::format("{}: {}", key, message)
                                           : fmt::format("{}: {}: {}", origin, key, message)};
}

Result<config::ComposeRequest> compose_request(const LaunchArguments& arguments) {
  const auto loaded = config::load_dotenv(".env");
  if (!loaded) return as_usage(loaded.error());
  config::ComposeRequest request;
  GENESIS_TRY_ASSIGN(request.config_dirs, config_folders(arguments));
  if (arguments.config_name) {
    request.config_name = *arguments.config_name;
    if (request.config_name.ends_with(".yaml")) {
      request.config_name.resize(request.config_name.size() - 5);
    }
  }
  request.overrides = config::rewrite_seed_spelling(arguments.overrides);
  request.now_unix_millis = SystemClock().unix_millis();
  request.hydra_values = {{"job.name", "genesis_launch"},
                          {"runtime.cwd", fs::current_path().string()}};
  return request;
}

Result<config::Composition> compose_run(config::ComposeRequest request, bool check_folder) {
  request.hydra_values["runtime.output_dir"] = "outputs";
  auto first = config::compose(request);
  if (!first) return as_usage(first.error());
  // What `hydra.run.dir` says is known only now, and other values may refer to it.
  const auto run_dir = first->text_value("hydra.run.dir");
  if (!run_dir && !check_folder) return first;
  if (!run_dir) return as_usage(run_dir.error());
  request.hydra_values["runtime.output_dir"] = fs::absolute(*run_dir).lexically_normal().string();
  auto composed = config::compose(request);
  if (!composed) return as_usage(composed.error());
  return composed;
}

Result<run::RunSpec> bind_composition(const config::Composition& composition) {
  if (!composition.resolved()) return as_usage(composition.resolved().error());
  const nlohmann::json& tree = *composition.resolved();
  if (const std::string missing = first_missing(tree, ""); !missing.empty()) {
    return tl::unexpected<Error>(
        located(composition, missing, fmt::format("a value must be given: {}=…", missing)));
  }
  if (auto lost = lost_argument(composition, tree)) {
    return tl::unexpected<Error>(*std::move(lost));
  }
  try {
    run::RunSpec spec = run::bind_run_spec(tree);
    spec.config_json = storable_config(tree, composition.written()).dump();
    return spec;
  } catch (const OptionException& failure) {
    return tl::unexpected<Error>(
        located(composition, failure.error().path, failure.error().message));
  }
}

}  // namespace genesis::cli
