#pragma once

#include <string>
#include <utility>
#include <vector>

#include "genesis/config/compose.h"
#include "genesis/config/config_repository.h"
#include "genesis/config/node.h"

namespace genesis::config {

/// The composed tree before anything is resolved.
struct ComposedTree {
  NodePtr tree;  ///< With the `hydra` node filled in.
  std::vector<std::pair<std::string, Scalar>> choices;
  std::vector<std::string> task_overrides;
};

/// Loads, merges and overrides. Throws ConfigError.
ComposedTree compose_tree(const ComposeRequest& request);

}  // namespace genesis::config
