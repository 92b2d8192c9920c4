#pragma once

#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "genesis/config/config_repository.h"
#include "genesis/config/override.h"

namespace genesis::config {

/// One file to merge, in order.
struct ResultDefault {
  std::string config_path;
  std::string package;
  std::string override_key;  ///< Empty for files that are no group's option.
  std::string parent;        ///< The file in whose list it stands; "<root>" at the top.
  bool is_self = false;
  bool primary = false;
};

/// The walk behind the list, as --info defaults-tree shows it.
struct DefaultsTree {
  std::string label;  ///< "group: option", a file, "_self_" or "<root>".
  std::vector<DefaultsTree> children;
};

struct DefaultsList {
  std::vector<ResultDefault> items;
  std::vector<Override> config_overrides;  ///< Those that set values, not groups.
  /// Group → option taken (null for none), in the order in which they became known.
  std::vector<std::pair<std::string, Scalar>> choices;
  DefaultsTree tree;
};

/// Whether a group that must be chosen (`???`) and is not may stay without an option: it may where
/// the arguments sweep over it.
enum class UnchosenGroups { refused, left_out };

/// Walks the defaults lists from the primary configuration and applies the group overrides. Throws
/// ConfigError.
DefaultsList create_defaults_list(ConfigRepository& repository, const std::string& config_name,
                                  const std::vector<Override>& overrides,
                                  UnchosenGroups unchosen = UnchosenGroups::refused);

}  // namespace genesis::config
