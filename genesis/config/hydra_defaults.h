#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "genesis/config/node.h"

namespace genesis::config {

/// The configuration that Hydra itself brings: the `hydra` node and the groups below it.
std::optional<std::string_view> builtin_config(std::string_view config_path);
/// Options of a built-in group ("hydra/job_logging"), sorted; empty when there is no such group.
std::vector<std::string> builtin_options(std::string_view group);
/// Whether `hydra.sweeper` is the sweeper that Hydra brings.
bool is_basic_sweeper(const Node& sweeper);
/// Marks Hydra's own node as what it is: fields with types, no new keys.
void apply_hydra_types(Node& hydra);

}  // namespace genesis::config
