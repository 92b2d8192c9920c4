#pragma once

#include <string_view>

#include "genesis/config/interpolation.h"
#include "genesis/config/node.h"

namespace genesis::config {

/// Whether a merge or an update may bring keys that are not there.
enum class NewKeys { allowed, refused };

/// Merges `source` into `target`: maps recursively, lists and scalars replaced whole, `???` keeps
/// what is there, an interpolation to a map is copied before something is merged into it. Throws
/// ConfigError (composition) when a map meets a list, or a key is new where that is refused.
void merge_into(Node& target, const Node& source, NewKeys new_keys, Resolver& resolver);

/// Sets what the dotted `key` names, making the maps on the way; a map or list is merged into one
/// that is there. With `NewKeys::refused` the key must exist. Throws ConfigError (composition).
void update(Node& root, std::string_view key, NodePtr value, NewKeys new_keys, Resolver& resolver);

/// Replaces what `key` names without merging, making the maps on the way (packages).
void place(Node& root, std::string_view key, NodePtr value);

/// OmegaConf.select: the value of a key with interpolations resolved; null when it is not there, is
/// null or `???`, or something on the way is not a container.
const Node* select_value(const Node& root, std::string_view key, Resolver& resolver);

}  // namespace genesis::config
