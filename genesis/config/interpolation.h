#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "genesis/config/interpolation_parse.h"
#include "genesis/config/node.h"

namespace genesis::config {

/// "a.b[c].d" into its keys; a leading dot gives a leading empty key.
std::vector<std::string> split_key_path(std::string_view key);

/// Resolves `${…}` against the tree that the nodes live in. Nodes that resolvers make belong to the
/// Resolver. The tree must not change while a result is in use. Throws ConfigError. One thread.
class Resolver {
 public:
  /// `hydra_tree` is the whole configuration for `${hydra:…}`, or null before it is known.
  Resolver(const Node* hydra_tree, std::int64_t now_unix_millis)
      : hydra_tree_(hydra_tree), now_unix_millis_(now_unix_millis) {}

  /// The node itself, or what its interpolation stands for.
  const Node& dereference(const Node& node);
  /// The same; null when it cannot be resolved.
  const Node* try_dereference(const Node& node);
  /// A copy of the tree with everything resolved; `???` stays. `missing_is_error` false turns an
  /// interpolation to `???` into `???`, as `--resolve` prints it. `origins` gets path → origin.
  NodePtr resolve(const Node& node, bool missing_is_error,
                  std::map<std::string, Origin>* origins = nullptr);
  /// What `key` names from `from` (relative to it, not to the root); null when it is not there.
  const Node* select(const Node& from, std::string_view key, bool missing_is_error);
  /// The same without `???` as an error; null also when something on the way is no container.
  const Node* find(const Node& from, std::string_view key);

 private:
  struct Scope {
    const Node* container;  ///< Holds the interpolation; relative keys start here.
    const Node* node;       ///< The node that holds the interpolation.
  };

  const Node& evaluate(const Expression& expression, const Scope& scope);
  const Node& evaluate(const Interpolation& interpolation, const Scope& scope);
  const Node& evaluate_path(const Interpolation& interpolation, const Scope& scope);
  const Node& evaluate_resolver(const Interpolation& interpolation, const Scope& scope);
  std::string joined_text(const std::vector<TextPart>& parts, const Scope& scope, bool names);
  const Node* select_from_root(const Scope& scope, std::string_view key, bool missing_is_error);
  const Node& resolve_dict(const std::string& name, const std::string& key, const Scope& scope);
  const Node& resolve_env(const std::vector<const Node*>& arguments);
  const Node& resolve_create(const Node& source, const Scope& scope);
  const Node& resolve_now(const std::string& pattern);
  const Node& keep(NodePtr node);
  const Node& keep_literal(Scalar value);

  const Node* hydra_tree_;
  std::int64_t now_unix_millis_;
  std::vector<NodePtr> made_;
  std::vector<const Node*> path_;  ///< Nodes being resolved, to find cycles.
  std::size_t work_ = 0;
};

}  // namespace genesis::config
