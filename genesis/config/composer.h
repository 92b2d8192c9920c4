#pragma once

#include <string>
#include <utility>
#include <vector>

#include "genesis/config/compose.h"
#include "genesis/config/config_repository.h"
#include "genesis/config/defaults_list.h"
#include "genesis/config/node.h"

namespace genesis::config {

/// The composed tree before anything is resolved.
struct ComposedTree {
  NodePtr tree;  ///< With the `hydra` node filled in.
  std::vector<std::pair<std::string, Scalar>> choices;
  std::vector<std::string> task_overrides;
  std::vector<std::string> hydra_overrides;
};

/// What composing starts from: which files in which order, and where they are looked for. Arguments
/// with several values are left out, whatever the request says of them.
struct DefaultsPlan {
  DefaultsList defaults;
  std::vector<SearchFolder> search_path;
};
DefaultsPlan plan_defaults(const ComposeRequest& request);

/// Loads, merges and overrides. Throws ConfigError.
ComposedTree compose_tree(const ComposeRequest& request);

}  // namespace genesis::config
