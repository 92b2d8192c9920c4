#include "genesis/config/config_repository.h"

#include <algorithm>
#include <set>
#include <system_error>
#include <utility>

#include "genesis/base/text.h"
#include "genesis/config/hydra_defaults.h"
#include "genesis/config/interpolation.h"
#include "genesis/config/reject.h"
#include "genesis/config/yaml_load.h"

namespace genesis::config {
namespace {

constexpr std::size_t kMaxFileBytes = 8u << 20;
constexpr std::size_t kHeaderBytes = 512;

[[noreturn]] void fail(const Origin& origin, const std::string& message) {
  throw ConfigError(Reject::composition, origin.text() + ": " + message);
}

std::string with_extension(const std::string& config_path) {
  const bool has =
      config_path.size() >= 5 && config_path.compare(config_path.size() - 5, 5, ".yaml") == 0;
  return has ? config_path : config_path + ".yaml";
}

/// "# @package NAME" in the comments that begin a file.
std::optional<std::string> package_header(std::string_view text, const std::string& source) {
  std::optional<std::string> package;
  int number = 0;
  for (const std::string_view raw : split_lines(text.substr(0, kHeaderBytes))) {
    ++number;
    std::string_view line = trim(raw);
    if (line.empty()) continue;
    if (line[0] != '#') break;
    std::string_view rest = trim(line.substr(1));
    if (rest.empty() || rest[0] != '@') break;
    while (!line.empty() && line[0] == '#') line.remove_prefix(1);
    std::vector<std::string> words;
    for (const std::string_view word : split(trim(line), ' ')) {
      if (!word.empty()) words.emplace_back(word);
    }
    if (words.size() != 2) {
      throw ConfigError(Reject::composition, source + ":" + std::to_string(number) +
                                                 ": a header has the form '# @package NAME'");
    }
    if (words[0] == "@package") package = words[1];
  }
  return package;
}

void split_package(std::string& name, std::optional<std::string>& package) {
  const std::size_t at = name.find('@');
  if (at == std::string::npos) return;
  std::string after = name.substr(at + 1);
  package = after.substr(0, after.find(':'));
  name.erase(at);
}

std::string option_text(const Node& node) {
  if (node.text() == nullptr) {
    fail(node.origin, "an option in the defaults list must be a text; quote it");
  }
  return *node.text();
}

DefaultsItem group_item(const Node& node) {
  if (node.entries().size() != 1) fail(node.origin, "one group per item of the defaults list");
  const Node::Entry& entry = node.entries()[0];
  const auto* key = std::get_if<std::string>(&entry.key);
  if (key == nullptr) fail(node.origin, "the name of a group must be a text");
  DefaultsItem item;
  item.is_group = true;
  item.path = *key;
  split_package(item.path, item.package);
  std::vector<std::string> words;
  for (const std::string_view word : split(item.path, ' ')) words.emplace_back(word);
  for (std::size_t i = 0; i + 1 < words.size(); ++i) {
    if (words[i] == "optional") {
      item.optional = true;
    } else if (words[i] == "override") {
      item.is_override = true;
    } else {
      break;
    }
  }
  item.path = words.back();
  if (item.path.empty()) fail(node.origin, "a group without a name");
  const Node& value = *entry.value;
  if (value.is_list()) {
    std::vector<std::string> options;
    for (const NodePtr& option : value.items()) options.push_back(option_text(*option));
    item.value = std::move(options);
  } else if (!value.is_null()) {
    item.value = option_text(value);
  }
  return item;
}

std::vector<DefaultsItem> read_defaults(const Node& list) {
  std::vector<DefaultsItem> items;
  for (const NodePtr& node : list.items()) {
    if (node->is_map()) {
      items.push_back(group_item(*node));
      continue;
    }
    if (node->text() == nullptr) fail(node->origin, "not an item of a defaults list");
    DefaultsItem item;
    item.path = *node->text();
    split_package(item.path, item.package);
    if (item.path == "_self_" && item.package) fail(node->origin, "_self_ takes no package");
    items.push_back(std::move(item));
  }
  return items;
}

}  // namespace

ConfigRepository::ConfigRepository(const std::vector<fs::path>& folders) {
  for (const fs::path& folder : folders) {
    folders_.push_back({folders_.empty() ? "main" : "command-line", folder});
  }
}

std::optional<fs::path> ConfigRepository::find_file(const std::string& config_path) const {
  if (config_path.find('\0') != std::string::npos) return std::nullopt;
  for (const auto& [provider, folder] : folders_) {
    const fs::path file = folder / with_extension(config_path);
    std::error_code ignored;
    if (fs::is_regular_file(file, ignored)) return file;
  }
  return std::nullopt;
}

LoadedConfig ConfigRepository::read(const std::string& text, const std::string& source) const {
  LoadedConfig loaded;
  loaded.source = source;
  loaded.package = package_header(text, source);
  loaded.body = load_yaml(text, source);
  if (!loaded.body->is_map()) return loaded;
  Node* defaults = loaded.body->find("defaults");
  if (defaults == nullptr) return loaded;
  Resolver resolver(nullptr, 0);
  const Node& list = resolver.dereference(*defaults);
  if (list.is_list()) {
    loaded.defaults = read_defaults(list);
  } else if (!list.is_missing()) {
    fail(defaults->origin, "the defaults must be a list");
  }
  loaded.body->erase("defaults");
  return loaded;
}

const LoadedConfig* ConfigRepository::load(const std::string& config_path) {
  auto [it, fresh] = cache_.try_emplace(config_path);
  if (fresh) {
    try {
      if (const auto builtin = builtin_config(config_path)) {
        it->second = read(std::string(*builtin), "hydra:" + config_path);
      } else if (const auto file = find_file(config_path)) {
        auto text = read_file(*file, kMaxFileBytes);
        if (!text) throw ConfigError(Reject::missing_config, text.error().message);
        it->second = read(*text, file->string());
      }
    } catch (...) {
      cache_.erase(it);
      throw;
    }
  }
  return it->second ? &*it->second : nullptr;
}

bool ConfigRepository::config_exists(const std::string& config_path) const {
  return builtin_config(config_path) || find_file(config_path);
}

bool ConfigRepository::group_exists(const std::string& group) const {
  if (!builtin_options(group).empty() || group == "hydra") return true;
  if (group.find('\0') != std::string::npos) return false;
  return std::any_of(folders_.begin(), folders_.end(), [&group](const SearchFolder& folder) {
    std::error_code ignored;
    return fs::is_directory(folder.path / group, ignored);
  });
}

std::vector<std::string> ConfigRepository::group_options(const std::string& group) const {
  std::set<std::string> options;
  for (const std::string& option : builtin_options(group)) options.insert(option);
  for (const auto& [provider, folder] : folders_) {
    std::error_code error;
    for (fs::directory_iterator it(folder / group, error), end; !error && it != end;
         it.increment(error)) {
      std::error_code ignored;
      if (it->path().extension() == ".yaml" && it->is_regular_file(ignored)) {
        options.insert(it->path().stem().string());
      }
    }
  }
  return {options.begin(), options.end()};
}

std::vector<std::string> ConfigRepository::groups() const {
  std::set<std::string> found;
  for (const auto& [provider, folder] : folders_) {
    std::error_code error;
    for (fs::recursive_directory_iterator it(folder, error), end; !error && it != end;
         it.increment(error)) {
      std::error_code ignored;
      if (it->is_directory(ignored)) found.insert(it->path().lexically_relative(folder).string());
    }
  }
  return {found.begin(), found.end()};
}

}  // namespace genesis::config
