#pragma once

#include <string>

#include "genesis/config/node.h"

namespace genesis::config {

/// The text that OmegaConf.to_yaml gives (PyYAML's block style, 80 columns, unicode kept): what
/// `.hydra/config.yaml` and `--cfg` hold. Reads back as the same values.
std::string dump_yaml(const Node& node);

}  // namespace genesis::config
