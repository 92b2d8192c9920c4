#pragma once

#include <string>
#include <string_view>

#include "genesis/base/error.h"
#include "genesis/config/compose.h"

namespace genesis::config {

/// What `--info` shows.
enum class InfoKind { config, defaults, defaults_tree, searchpath };

/// How a configuration comes about, in Hydra's layout: the folders that are searched, the tree of
/// defaults lists, the list that results from it, and (with `config`) all of them and the
/// configuration itself. Sections begin with an empty line, as Hydra prints them.
Result<std::string> config_info(const ComposeRequest& request, InfoKind kind);
/// The same; throws ConfigError.
std::string config_info_or_throw(const ComposeRequest& request, InfoKind kind);

/// A headline with a line of `filler` below it.
std::string info_headline(std::string_view text, char filler);

}  // namespace genesis::config
