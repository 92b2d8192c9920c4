#include "genesis/config/compose.h"

#include <algorithm>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include "genesis/base/text.h"
#include "genesis/config/composer.h"
#include "genesis/config/interpolation.h"
#include "genesis/config/node_json.h"
#include "genesis/config/yaml_dump.h"

namespace genesis::config {
struct Composition::Data {
  NodePtr tree;  ///< Everything, unresolved, `hydra` included.
  NodePtr job;   ///< The same without `hydra`.
  std::int64_t now_unix_millis = 0;
  std::vector<std::string> task_overrides;
  Result<nlohmann::json> resolved;
  nlohmann::json choices;
  std::map<std::string, Origin> origins;
};

Composition::Composition(std::unique_ptr<Data> data) : data_(std::move(data)) {}
Composition::Composition(Composition&&) noexcept = default;
Composition& Composition::operator=(Composition&&) noexcept = default;
Composition::~Composition() = default;

const Result<nlohmann::json>& Composition::resolved() const {
  return data_->resolved;
}
const nlohmann::json& Composition::choices() const {
  return data_->choices;
}
const std::vector<std::string>& Composition::task_overrides() const {
  return data_->task_overrides;
}

std::string Composition::origin(std::string_view key_path) const {
  std::string path(key_path);
  while (!path.empty()) {
    const auto it = data_->origins.find(path);
    if (it != data_->origins.end()) return it->second.text();
    const std::size_t cut = path.find_last_of(".[");
    path.erase(cut == std::string::npos ? 0 : cut);
  }
  return {};
}

Result<std::string> Composition::text_value(std::string_view key_path) const {
  try {
    Resolver resolver(data_->tree.get(), data_->now_unix_millis);
    const Node* node = resolver.select(*data_->tree, key_path, true);
    if (node == nullptr) {
      return make_error(ErrorKind::not_found, "there is no key '" + std::string(key_path) + "'");
    }
    return python_str(*node);
  } catch (const ConfigError& error) {
    return make_error(ErrorKind::invalid_argument, std::string(key_path) + ": " + error.what());
  }
}

nlohmann::json Composition::written() const {
  return to_json(*data_->job);
}

Result<std::string> Composition::yaml(ConfigPart part, bool resolve, std::string_view package,
                                      std::string_view as_written) const {
  try {
    NodePtr shown = part == ConfigPart::job ? data_->job->clone() : data_->tree->clone();
    if (part == ConfigPart::hydra) {
      NodePtr only = Node::make_map();
      only->set(std::string("hydra"), shown->take("hydra"));
      shown = std::move(only);
    }
    Resolver resolver(data_->tree.get(), data_->now_unix_millis);
    if (package == "_global_") package = "";
    const Node* chosen = resolver.select(*shown, package, false);
    if (chosen == nullptr) {
      return make_error(ErrorKind::not_found,
                        "--package: there is no key '" + std::string(package) + "'");
    }
    if (!chosen->is_container()) return python_str(*chosen) + "\n";
    std::string text = package.empty() ? "" : "# @package " + std::string(package) + "\n";
    const bool below = !as_written.empty() && (package == as_written ||
                                               package.starts_with(std::string(as_written) + "."));
    if (!resolve || below) return text + dump_yaml(*chosen);
    NodePtr resolved = resolver.resolve(*chosen, false);
    const Node* kept = !as_written.empty() && package.empty() ? chosen->find(as_written) : nullptr;
    if (kept != nullptr) resolved->set(std::string(as_written), kept->clone());
    return text + dump_yaml(*resolved);
  } catch (const ConfigError& error) {
    return tl::unexpected<Error>(error.to_error());
  }
}

Status Composition::write_hydra_folder(const fs::path& output_dir) const {
  const Node* hydra = data_->tree->find("hydra");
  const Node* subdir = hydra->find("output_subdir");
  if (subdir == nullptr || subdir->is_null()) return {};
  GENESIS_TRY_ASSIGN(const std::string name, text_value("hydra.output_subdir"));
  NodePtr only = Node::make_map();
  Node& copy = only->set(std::string("hydra"), hydra->clone());
  if (Node* runtime = copy.find("runtime")) {
    runtime->set(std::string("output_dir"),
                 Node::make_scalar(fs::absolute(output_dir).lexically_normal().string()));
  }
  NodePtr overrides = Node::make_list();
  for (const std::string& text : data_->task_overrides) overrides->append(Node::make_scalar(text));
  const fs::path folder = output_dir / name;
  GENESIS_TRY(make_directories(folder));
  GENESIS_TRY(write_file_atomic(folder / "config.yaml", dump_yaml(*data_->job)));
  GENESIS_TRY(write_file_atomic(folder / "hydra.yaml", dump_yaml(*only)));
  return write_file_atomic(folder / "overrides.yaml", dump_yaml(*overrides));
}

Composition Composition::from_tree(ComposedTree composed, std::int64_t now_unix_millis) {
  auto data = std::make_unique<Data>();
  data->tree = std::move(composed.tree);
  data->now_unix_millis = now_unix_millis;
  data->task_overrides = std::move(composed.task_overrides);
  data->choices = nlohmann::json::object();
  for (const auto& [group, option] : composed.choices) {
    data->choices[group] = to_json(*Node::make_scalar(option));
  }
  data->job = data->tree->clone();
  data->job->erase("hydra");
  try {
    Resolver resolver(data->tree.get(), now_unix_millis);
    data->resolved = to_json(*resolver.resolve(*data->job, true, &data->origins));
  } catch (const ConfigError& error) {
    data->resolved = tl::unexpected<Error>(error.to_error());
  }
  return Composition(std::move(data));
}

Composition compose_or_throw(const ComposeRequest& request) {
  return Composition::from_tree(compose_tree(request), request.now_unix_millis);
}

Result<Composition> compose(const ComposeRequest& request) {
  try {
    return compose_or_throw(request);
  } catch (const ConfigError& error) {
    return tl::unexpected<Error>(error.to_error());
  }
}

std::vector<std::pair<std::string, std::vector<std::string>>> list_groups(
    const std::vector<fs::path>& config_dirs) {
  const ConfigRepository repository(config_dirs);
  std::vector<std::pair<std::string, std::vector<std::string>>> result;
  for (const std::string& group : repository.groups()) {
    result.emplace_back(group, repository.group_options(group));
  }
  return result;
}

}  // namespace genesis::config
