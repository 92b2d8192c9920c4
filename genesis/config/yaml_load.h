#pragma once

#include <string>
#include <string_view>

#include "genesis/config/node.h"

namespace genesis::config {

/// Reads one YAML document as OmegaConf.load does: yaml-cpp gives the events, the meaning of every
/// scalar, duplicate keys and merge keys are decided here (YAML 1.1 as PyYAML has it). An empty
/// document is an empty map; a lone text is a map with that key and null. `source` goes into the
/// origins. Throws ConfigError; bounded in depth and in the number of nodes that aliases may make.
NodePtr load_yaml(std::string_view text, const std::string& source);

}  // namespace genesis::config
