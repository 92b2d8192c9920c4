#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "genesis/config/scalar.h"

namespace genesis::config {

/// Where a value was written: a file and line, or a command-line argument.
struct Origin {
  std::shared_ptr<const std::string> source;  ///< Path, or the argument; null when built in.
  int line = 0;                               ///< From 1; 0 for an argument.
  std::string text() const;                   ///< "configs/x.yaml:12", "argument 'a=1'", or "".
};

/// What a leaf of Hydra's own node accepts; everything else in a configuration is `any`.
enum class LeafType : unsigned char {
  any,
  text,
  optional_text,
  optional_bool,
  integer,
  optional_integer,
  optional_mode,  ///< RUN or MULTIRUN
};

class Node;
using NodePtr = std::unique_ptr<Node>;

/// One node of a configuration tree; owns its children and knows its parent. One thread.
class Node {
 public:
  enum class Kind { scalar, map, list };
  struct Entry {
    Scalar key;
    NodePtr value;
  };

  static NodePtr make_scalar(Scalar value, Origin origin = {});
  static NodePtr make_map(Origin origin = {});
  static NodePtr make_list(Origin origin = {});
  NodePtr clone() const;

  Kind kind() const { return kind_; }
  bool is_scalar() const { return kind_ == Kind::scalar; }
  bool is_map() const { return kind_ == Kind::map; }
  bool is_list() const { return kind_ == Kind::list; }
  bool is_container() const { return kind_ != Kind::scalar && !literal; }
  bool is_missing() const { return is_scalar() && config::is_missing(scalar_); }
  bool is_null() const { return is_scalar() && std::holds_alternative<Null>(scalar_); }
  bool is_interpolation() const {
    return is_scalar() && !literal && config::is_interpolation(scalar_);
  }

  const Scalar& scalar() const { return scalar_; }
  const std::string* text() const { return std::get_if<std::string>(&scalar_); }
  void set_scalar(Scalar value, Origin from);

  const std::vector<Entry>& entries() const { return entries_; }
  const std::vector<NodePtr>& items() const { return items_; }
  Node* find_key(const Scalar& key) const;
  Node* find(std::string_view key) const;
  /// Replaces the value of `key` in place, or appends a new entry.
  Node& set(const Scalar& key, NodePtr value);
  Node& append(NodePtr value);
  void replace_item(std::size_t index, NodePtr value);
  NodePtr take(std::string_view key);  ///< Removes and returns; null when absent.
  bool erase(std::string_view key) { return take(key) != nullptr; }
  void erase_item(std::size_t index);
  void clear_items() { items_.clear(); }

  Node* parent() const { return parent_; }
  void set_parent(Node* parent) { parent_ = parent; }
  const Node& root() const;
  /// "a.b[0]".
  std::string path() const;

  Origin origin;
  LeafType type = LeafType::any;
  bool closed = false;   ///< Part of Hydra's own schema: no new keys.
  bool literal = false;  ///< A plain value that a resolver made: text in it is not resolved again.

 private:
  Kind kind_ = Kind::scalar;
  Scalar scalar_;
  std::vector<Entry> entries_;
  std::vector<NodePtr> items_;
  Node* parent_ = nullptr;
};

/// str(container) as Python prints it, strings quoted; str(value) for a scalar.
std::string python_str(const Node& node);
/// Equality as OmegaConf sees it (without resolving): order of keys does not count.
bool python_equal(const Node& a, const Node& b);

}  // namespace genesis::config
