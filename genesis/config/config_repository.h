#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "genesis/base/files.h"
#include "genesis/config/node.h"

namespace genesis::config {

/// One line of a defaults list as it is written, before its place in the tree is known.
struct DefaultsItem {
  bool is_group = false;
  std::string path;                    ///< Of a file ("base", "_self_"), or the group.
  std::optional<std::string> package;  ///< After '@'.
  /// Of a group: no option, one option, or several.
  std::variant<Null, std::string, std::vector<std::string>> value;
  bool optional = false;
  bool is_override = false;
};

/// A configuration file, read.
struct LoadedConfig {
  NodePtr body;                        ///< Without its defaults list.
  std::optional<std::string> package;  ///< From "# @package …".
  std::vector<DefaultsItem> defaults;
  std::string source;  ///< Path for messages.
};

/// A folder of the search path and who named it: "main", "command-line", …
struct SearchFolder {
  std::string provider;
  fs::path path;
};

/// Finds configuration files in folders, first found wins, with Hydra's own groups in front; reads
/// each once. Throws ConfigError. One thread.
class ConfigRepository {
 public:
  /// The primary folder, then those of --config-dir.
  explicit ConfigRepository(const std::vector<fs::path>& folders);

  /// Appends what `hydra.searchpath` names.
  void add_folder(SearchFolder folder) { folders_.push_back(std::move(folder)); }
  const std::vector<SearchFolder>& folders() const { return folders_; }

  /// The configuration at "group/option"; null when there is none.
  const LoadedConfig* load(const std::string& config_path);
  bool config_exists(const std::string& config_path) const;
  bool group_exists(const std::string& group) const;
  std::vector<std::string> group_options(const std::string& group) const;
  /// Every group below the folders, without Hydra's own.
  std::vector<std::string> groups() const;

 private:
  std::optional<fs::path> find_file(const std::string& config_path) const;
  LoadedConfig read(const std::string& text, const std::string& source) const;

  std::vector<SearchFolder> folders_;
  std::map<std::string, std::optional<LoadedConfig>> cache_;
};

}  // namespace genesis::config
