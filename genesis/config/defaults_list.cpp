#include "genesis/config/defaults_list.h"

#include <algorithm>
#include <memory>
#include <set>

#include "genesis/base/text.h"
#include "genesis/config/group_overrides.h"
#include "genesis/config/interpolation.h"
#include "genesis/config/reject.h"

namespace genesis::config {
namespace {

constexpr std::size_t kMaxDepth = 64;
constexpr std::size_t kMaxFiles = 1000;

[[noreturn]] void fail(const std::string& message) {
  throw ConfigError(Reject::composition, message);
}

DefaultsItem file_item(const std::string& path) {
  DefaultsItem item;
  item.path = path;
  return item;
}

/// A file with what its defaults list brings; without children the file stands for itself.
struct TreeNode {
  explicit TreeNode(DefaultsElement of) : element(std::move(of)) {}
  DefaultsElement element;
  std::vector<std::unique_ptr<TreeNode>> children;
};
using TreePtr = std::unique_ptr<TreeNode>;

class TreeBuilder {
 public:
  TreeBuilder(ConfigRepository& repository, GroupOverrides& overrides, UnchosenGroups unchosen)
      : repository_(repository), overrides_(overrides), unchosen_(unchosen) {}

  TreePtr build(const std::string& config_name) {
    auto root = std::make_unique<TreeNode>(DefaultsElement(file_item("")));
    root->element.is_virtual_root = true;
    auto hydra = std::make_unique<TreeNode>(DefaultsElement(file_item("hydra/config")));
    auto primary = std::make_unique<TreeNode>(DefaultsElement(file_item(config_name)));
    primary->element.primary = true;
    // Hydra's own node is merged first but walked last, so that the primary's overrides reach it.
    primary->element.set_parent("", "");
    if (!repository_.config_exists(primary->element.config_path())) {
      fail_not_found(primary->element, nullptr);
    }
    expand(*primary, nullptr, true, false, 0);
    hydra->element.set_parent("", "");
    expand(*hydra, nullptr, false, false, 0);
    root->children.push_back(std::move(hydra));
    root->children.push_back(std::move(primary));
    return root;
  }

 private:
  void expand(TreeNode& node, const TreeNode* parent, bool is_root, bool interpolated,
              std::size_t depth) {
    if (depth > kMaxDepth || ++files_ > kMaxFiles) {
      fail("in '" + node.element.config_path() + "': the defaults lists include each other");
    }
    DefaultsElement& element = node.element;
    if (!element.is_missing()) {
      if (const LoadedConfig* loaded = repository_.load(element.config_path())) {
        element.set_package_header(loaded->package);
      }
    }
    if (overrides_.deletes(element)) {
      overrides_.remove(element);
      return;
    }
    overrides_.set_known_choice(element);
    if (!element.name() || is_unchosen(element)) return;
    const LoadedConfig* loaded = repository_.load(element.config_path());
    if (loaded == nullptr) {
      if (!element.item.optional) fail_not_found(element, parent);
      element.deleted = true;
      return;
    }
    std::vector<DefaultsElement> list;
    for (const DefaultsItem& item : loaded->defaults) list.emplace_back(item);
    bool self_added = false;
    if (!list.empty() || (is_root && !overrides_.appended().empty())) {
      self_added = add_self(element, list);
    }
    if (is_root) {
      list.insert(list.end(), overrides_.appended().begin(), overrides_.appended().end());
    }
    take_override_lines(list, element, interpolated);
    expand_children(node, list, self_added, interpolated, depth);
  }

  bool is_unchosen(const DefaultsElement& element) const {
    const std::string path = element.config_path();
    if (path.size() < 3 || path.compare(path.size() - 3, 3, "???") != 0) return false;
    if (unchosen_ == UnchosenGroups::left_out) return true;
    if (!element.item.is_group) fail("in the defaults list: '" + path + "' is not a file");
    const std::string key = element.override_key();
    fail("you must choose '" + key + "', for example " + key +
         "=OPTION; there are: " + join(repository_.group_options(element.group_path()), ", "));
  }

  /// Adds _self_ at the end where the list leaves it out; true when it had none.
  static bool add_self(const DefaultsElement& of, std::vector<DefaultsElement>& list) {
    bool has_self = false;
    bool has_other = false;
    for (const DefaultsElement& element : list) {
      has_other = has_other || !element.item.is_override;
      if (!element.is_self()) continue;
      if (has_self) fail("_self_ stands twice in the defaults list of '" + of.config_path() + "'");
      has_self = true;
    }
    if ((!has_self && has_other) || list.empty()) list.emplace_back(file_item("_self_"));
    return !has_self;
  }

  void take_override_lines(std::vector<DefaultsElement>& list, const DefaultsElement& parent,
                           bool interpolated) {
    bool seen = false;
    for (DefaultsElement& element : list) {
      if (element.is_self()) continue;
      element.set_parent(parent.group_path(), parent.final_package());
      if (seen && !element.item.is_override && !element.external) {
        fail("in '" + parent.config_path() +
             "': overrides must stand at the end of the defaults "
             "list, after '" +
             element.item.path + "'");
      }
      if (!element.item.is_group || !element.item.is_override) continue;
      seen = true;
      if (interpolated) {
        fail("in '" + parent.config_path() +
             "': an override is not allowed below a group that was chosen by an interpolation");
      }
      overrides_.add_line(parent.config_path(), element);
    }
  }

  void expand_children(TreeNode& node, std::vector<DefaultsElement>& list, bool self_added,
                       bool interpolated, std::size_t depth) {
    const DefaultsElement& parent = node.element;
    std::vector<TreePtr> children;  // last first, so that later lines' overrides reach earlier ones
    std::vector<TreeNode*> deferred;
    for (auto it = list.rbegin(); it != list.rend(); ++it) {
      DefaultsElement& element = *it;
      if (element.is_self()) {
        children.push_back(std::make_unique<TreeNode>(element));
        continue;
      }
      if (element.item.is_override) continue;
      element.set_parent(parent.group_path(), parent.final_package());
      overrides_.apply_to(element);
      if (element.is_options()) {
        expand_options(node, element, children, interpolated, depth);
        continue;
      }
      children.push_back(std::make_unique<TreeNode>(element));
      if (element.is_interpolation()) {
        deferred.push_back(children.back().get());
      } else {
        expand(*children.back(), &node, false, interpolated, depth + 1);
      }
    }
    if (!deferred.empty()) resolve_deferred(node, list, self_added, deferred, depth);
    std::reverse(children.begin(), children.end());
    node.children = std::move(children);
  }

  void expand_options(TreeNode& node, const DefaultsElement& group, std::vector<TreePtr>& children,
                      bool interpolated, std::size_t depth) {
    const auto& options = std::get<std::vector<std::string>>(group.item.value);
    for (auto it = options.rbegin(); it != options.rend(); ++it) {
      if (it->find("${") != std::string::npos) {
        fail("in '" + node.element.config_path() + "': no interpolation in a list of options");
      }
      DefaultsItem item = file_item(group.item.path + "/" + *it);
      item.package = group.item.package;
      item.optional = group.item.optional;
      auto child = std::make_unique<TreeNode>(DefaultsElement(std::move(item)));
      child->element.set_parent(node.element.group_path(), node.element.final_package());
      expand(*child, &node, false, interpolated, depth + 1);
      children.push_back(std::move(child));
    }
  }

  /// `group: ${other}`: resolved once every other line of the list is known.
  void resolve_deferred(TreeNode& node, const std::vector<DefaultsElement>& list, bool self_added,
                        const std::vector<TreeNode*>& deferred, std::size_t depth) {
    const NodePtr choices = interpolation_map(list, self_added);
    for (TreeNode* child : deferred) {
      DefaultsElement& element = child->element;
      const std::string text =
          element.item.is_group ? std::get<std::string>(element.item.value) : element.config_path();
      NodePtr holder = Node::make_map();
      holder->set_parent(choices.get());
      const Node& value = holder->set(std::string("option"), Node::make_scalar(text));
      Resolver resolver(nullptr, 0);
      const Node& resolved = resolver.dereference(value);
      if (resolved.text() == nullptr) {
        fail("in '" + node.element.config_path() + "': '" + text + "' does not name an option");
      }
      if (element.item.is_group) {
        element.item.value = *resolved.text();
      } else {
        element.item.path = *resolved.text();
      }
      element.set_parent(node.element.group_path(), node.element.final_package());
      expand(*child, &node, false, true, depth + 1);
    }
  }

  NodePtr interpolation_map(const std::vector<DefaultsElement>& list, bool self_added) const {
    NodePtr choices = Node::make_map();
    for (const auto& [key, option] : overrides_.known_choices()) {
      choices->set(key, Node::make_scalar(option));
    }
    NodePtr defaults = Node::make_list();
    for (const DefaultsElement& element : list) {
      if (element.is_self() && (self_added || !element.parent_group)) continue;
      if (!element.item.is_group) {
        defaults->append(Node::make_scalar(element.config_path()));
        continue;
      }
      NodePtr item = Node::make_map();
      const auto name = element.name();
      item->set(element.override_key(), Node::make_scalar(name ? Scalar(*name) : Scalar(Null{})));
      defaults->append(std::move(item));
    }
    choices->set(std::string("defaults"), std::move(defaults));
    return choices;
  }

  [[noreturn]] void fail_not_found(const DefaultsElement& element, const TreeNode* parent) const {
    std::string message;
    if (parent != nullptr) message = "in '" + parent->element.config_path() + "': ";
    const std::string path = element.config_path();
    if (element.primary) {
      message += "cannot find the primary configuration '" + path + "'";
    } else if (element.item.is_group) {
      const std::string group = element.group_path();
      const std::vector<std::string> options = repository_.group_options(group);
      message +=
          "could not find '" + path + "'" + did_you_mean(element.name().value_or(""), options);
      if (!options.empty()) {
        message += "; available options in '" + group + "': " + join(options, ", ");
      }
    } else {
      message += "could not load '" + path + "'";
    }
    std::vector<std::string> folders;
    for (const SearchFolder& folder : repository_.folders())
      folders.push_back(folder.path.string());
    message += " (searched in " + join(folders, ", ") + ")";
    throw ConfigError(Reject::missing_config, message);
  }

  ConfigRepository& repository_;
  GroupOverrides& overrides_;
  UnchosenGroups unchosen_;
  std::size_t files_ = 0;
};

std::string path_of(const TreeNode* node) {
  return node == nullptr ? std::string() : node->element.config_path();
}

/// `above`: the node, the one it stands in, and so on up.
void collect(const TreeNode& node, std::vector<const TreeNode*>& above,
             std::vector<ResultDefault>& out) {
  if (!node.children.empty()) {
    above.push_back(&node);
    for (const TreePtr& child : node.children) collect(*child, above, out);
    above.pop_back();
    return;
  }
  const DefaultsElement& element = node.element;
  if (element.is_virtual_root || element.deleted || element.is_missing() || !element.name()) return;
  const TreeNode* parent = above.empty() ? nullptr : above.back();
  ResultDefault result;
  if (element.is_self()) {
    result.config_path = parent->element.config_path();
    result.package = parent->element.final_package();
    result.primary = parent->element.primary;
    result.is_self = true;
    result.parent = above.size() < 2 ? "" : path_of(above[above.size() - 2]);
  } else {
    result.config_path = element.config_path();
    result.package = element.final_package();
    result.primary = element.primary;
    result.parent = path_of(parent);
    if (element.item.is_group) result.override_key = element.override_key();
  }
  out.push_back(std::move(result));
}

DefaultsTree labelled(const TreeNode& node) {
  const DefaultsElement& element = node.element;
  DefaultsTree tree;
  tree.label = element.item.is_group
                   ? element.override_key() + ": " + element.name().value_or("null")
                   : element.config_path();
  for (const TreePtr& child : node.children) tree.children.push_back(labelled(*child));
  return tree;
}

void refuse_duplicates(const std::vector<ResultDefault>& items) {
  std::set<std::string> seen;
  for (const ResultDefault& item : items) {
    if (item.is_self || item.override_key.empty()) continue;
    if (!seen.insert(item.override_key).second) {
      fail("'" + item.override_key + "' stands more than once in the final defaults list");
    }
  }
}

}  // namespace

DefaultsList create_defaults_list(ConfigRepository& repository, const std::string& config_name,
                                  const std::vector<Override>& overrides, UnchosenGroups unchosen) {
  GroupOverrides groups(repository, overrides);
  const TreePtr tree = TreeBuilder(repository, groups, unchosen).build(config_name);
  DefaultsList result;
  std::vector<const TreeNode*> above;
  collect(*tree, above, result.items);
  result.tree = labelled(*tree);
  refuse_duplicates(result.items);
  groups.check_all_used();
  result.config_overrides = groups.config_overrides();
  result.choices = groups.known_choices();
  return result;
}

}  // namespace genesis::config
