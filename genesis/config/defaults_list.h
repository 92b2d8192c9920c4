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
  bool is_self = false;
  bool primary = false;
};

struct DefaultsList {
  std::vector<ResultDefault> items;
  std::vector<Override> config_overrides;  ///< Those that set values, not groups.
  /// Group → option taken (null for none), in the order in which they became known.
  std::vector<std::pair<std::string, Scalar>> choices;
};

/// Walks the defaults lists from the primary configuration and applies the group overrides. Throws
/// ConfigError.
DefaultsList create_defaults_list(ConfigRepository& repository, const std::string& config_name,
                                  const std::vector<Override>& overrides);

}  // namespace genesis::config
