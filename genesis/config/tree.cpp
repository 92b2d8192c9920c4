#include "genesis/config/tree.h"

#include <algorithm>
#include <cctype>
#include <optional>
#include <utility>
#include <vector>

#include "genesis/base/text.h"
#include "genesis/config/reject.h"

namespace genesis::config {
namespace {

[[noreturn]] void fail(const Origin& origin, const std::string& message) {
  const std::string where = origin.text();
  throw ConfigError(Reject::composition, where.empty() ? message : where + ": " + message);
}

std::optional<bool> as_bool(const Scalar& value) {
  if (const auto* flag = std::get_if<bool>(&value)) return *flag;
  if (const auto* number = std::get_if<std::int64_t>(&value)) return *number != 0;
  const auto* text = std::get_if<std::string>(&value);
  if (text == nullptr) return std::nullopt;
  std::string lower = *text;
  std::transform(lower.begin(), lower.end(), lower.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  for (const char* word : {"on", "yes", "y", "true", "1"}) {
    if (lower == word) return true;
  }
  for (const char* word : {"off", "no", "n", "false", "0"}) {
    if (lower == word) return false;
  }
  return std::nullopt;
}

/// Hydra's run mode, by name or by number.
std::optional<std::string> as_mode(const Scalar& value) {
  if (const auto* number = std::get_if<std::int64_t>(&value)) {
    if (*number == 1 || *number == 2) return *number == 1 ? "RUN" : "MULTIRUN";
    return std::nullopt;
  }
  const auto* text = std::get_if<std::string>(&value);
  if (text == nullptr) return std::nullopt;
  const std::string name = text->rfind("RunMode.", 0) == 0 ? text->substr(8) : *text;
  if (name == "RUN" || name == "MULTIRUN") return name;
  return std::nullopt;
}

/// A value as a field of Hydra's own node takes it.
Scalar convert(const Node& target, const Scalar& value, const Origin& origin) {
  const bool null = std::holds_alternative<Null>(value);
  if (target.type == LeafType::any || is_missing(value) || is_interpolation(value)) return value;
  switch (target.type) {
    case LeafType::text:
      if (null) fail(origin, target.path() + " must be a text, not null");
      return python_str(value);
    case LeafType::optional_text:
      return null ? value : Scalar(python_str(value));
    case LeafType::optional_bool: {
      if (null) return value;
      const auto flag = as_bool(value);
      if (!flag) fail(origin, target.path() + " must be true or false");
      return *flag;
    }
    case LeafType::optional_mode:
      if (null) return value;
      if (const auto mode = as_mode(value)) return *mode;
      fail(origin, target.path() + " must be RUN or MULTIRUN");
    case LeafType::optional_integer:
    case LeafType::integer: {
      if (null && target.type == LeafType::optional_integer) return value;
      if (std::holds_alternative<std::int64_t>(value)) return value;
      const auto* text = std::get_if<std::string>(&value);
      const auto number = text == nullptr ? std::nullopt : python_int(*text);
      if (!number) fail(origin, target.path() + " must be a whole number");
      return *number;
    }
    case LeafType::any:
      break;
  }
  return value;
}

std::vector<std::string> key_names(const Node& map) {
  std::vector<std::string> names;
  for (const Node::Entry& entry : map.entries()) names.push_back(python_str(entry.key));
  return names;
}

void refuse_new_key(const Node& map, const std::string& key, const Origin& origin) {
  const std::string path = map.path();
  fail(origin, "there is no key '" + (path.empty() ? key : path + "." + key) + "'" +
                   did_you_mean(key, key_names(map)) + "; to add it, put '+' in front");
}

/// Sets one entry of a map, keeping to the type that Hydra's own node has there.
void set_entry(Node& map, const Scalar& key, NodePtr value) {
  Node* existing = map.find_key(key);
  if (existing != nullptr && existing->type != LeafType::any) {
    if (!value->is_scalar()) fail(value->origin, existing->path() + " must be a plain value");
    existing->set_scalar(convert(*existing, value->scalar(), value->origin), value->origin);
    return;
  }
  if (existing != nullptr && existing->closed && value->is_scalar() && !value->is_interpolation()) {
    fail(value->origin, existing->path() + " must be a map");
  }
  map.set(key, std::move(value));
}

void merge_maps(Node& target, const Node& source, NewKeys new_keys, Resolver& resolver) {
  for (const Node::Entry& entry : source.entries()) {
    Node* existing = target.find_key(entry.key);
    if (existing != nullptr && existing->is_interpolation()) {
      const Node* behind = resolver.try_dereference(*existing);
      if (behind != nullptr && behind->is_container()) {
        existing = &target.set(entry.key, behind->clone());
      }
    }
    if (existing == nullptr) {
      if (new_keys == NewKeys::refused || target.closed) {
        refuse_new_key(target, python_str(entry.key), entry.value->origin);
      }
      target.set(entry.key, entry.value->clone());
    } else if (existing->is_container() && entry.value->is_container()) {
      merge_into(*existing, *entry.value, new_keys, resolver);
    } else if (!entry.value->is_missing()) {
      set_entry(target, entry.key, entry.value->clone());
    }
  }
}

std::size_t list_index(const Node& list, const std::string& key, const Origin& origin) {
  const auto index = python_int(key);
  const auto* number = index ? std::get_if<std::int64_t>(&*index) : nullptr;
  if (number == nullptr) fail(origin, "'" + key + "' is not an index of the list " + list.path());
  if (*number < 0 || static_cast<std::size_t>(*number) >= list.items().size()) {
    fail(origin, "the list " + list.path() + " has no item " + key);
  }
  return static_cast<std::size_t>(*number);
}

/// The child that `key` names, or null; a list refuses what is no index.
Node* child_of(Node& container, const std::string& key, const Origin& origin) {
  if (container.is_map()) return container.find(key);
  const auto index = python_int(key);
  const auto* number = index ? std::get_if<std::int64_t>(&*index) : nullptr;
  if (number == nullptr)
    fail(origin, "'" + key + "' is not an index of the list " + container.path());
  if (*number < 0 || static_cast<std::size_t>(*number) >= container.items().size()) return nullptr;
  return container.items()[static_cast<std::size_t>(*number)].get();
}

void store(Node& container, const std::string& key, NodePtr value) {
  if (container.is_map()) {
    set_entry(container, key, std::move(value));
  } else {
    const std::size_t index = list_index(container, key, value->origin);
    container.replace_item(index, std::move(value));
  }
}

/// The container that `key` names inside `container`, made when there is none.
Node& enter(Node& container, const std::string& key, NewKeys new_keys, const Origin& origin) {
  Node* next = child_of(container, key, origin);
  if (next != nullptr && next->is_container()) return *next;
  if (next == nullptr && container.is_map() && new_keys == NewKeys::refused) {
    refuse_new_key(container, key, origin);
  }
  store(container, key, Node::make_map(origin));
  return *child_of(container, key, origin);
}

}  // namespace

void merge_into(Node& target, const Node& source, NewKeys new_keys, Resolver& resolver) {
  if (target.kind() != source.kind()) {
    fail(source.origin, "a map and a list cannot be merged" +
                            (target.path().empty() ? "" : " at '" + target.path() + "'"));
  }
  if (target.is_map()) {
    merge_maps(target, source, new_keys, resolver);
    return;
  }
  std::vector<NodePtr> items;
  for (const NodePtr& item : source.items()) items.push_back(item->clone());
  target.clear_items();
  for (NodePtr& item : items) target.append(std::move(item));
  target.origin = source.origin;
}

void update(Node& root, std::string_view key, NodePtr value, NewKeys new_keys, Resolver& resolver) {
  const std::vector<std::string> keys = split_key_path(key);
  const Origin origin = value->origin;
  Node* container = &root;
  for (std::size_t i = 0; i + 1 < keys.size(); ++i) {
    container = &enter(*container, keys[i], new_keys, origin);
  }
  const std::string& last = keys.back();
  if (container->is_list()) list_index(*container, last, origin);
  Node* existing = child_of(*container, last, origin);
  if (existing == nullptr && container->is_map() && new_keys == NewKeys::refused) {
    refuse_new_key(*container, last, origin);
  }
  if (existing != nullptr && existing->is_container() && value->is_container()) {
    merge_into(*existing, *value, new_keys, resolver);
  } else {
    store(*container, last, std::move(value));
  }
}

void place(Node& root, std::string_view key, NodePtr value) {
  const std::vector<std::string> keys = split_key_path(key);
  Node* container = &root;
  for (std::size_t i = 0; i + 1 < keys.size(); ++i) {
    container = &enter(*container, keys[i], NewKeys::allowed, value->origin);
  }
  store(*container, keys.back(), std::move(value));
}

const Node* select_value(const Node& root, std::string_view key, Resolver& resolver) {
  const Node* node = resolver.find(root, key);
  return node == nullptr || node->is_missing() || node->is_null() ? nullptr : node;
}

}  // namespace genesis::config
