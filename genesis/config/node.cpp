#include "genesis/config/node.h"

#include <algorithm>
#include <utility>

namespace genesis::config {

std::string Origin::text() const {
  if (!source) return {};
  if (line == 0) return "argument '" + *source + "'";
  return *source + ":" + std::to_string(line);
}

NodePtr Node::make_scalar(Scalar value, Origin origin) {
  auto node = std::make_unique<Node>();
  node->scalar_ = std::move(value);
  node->origin = std::move(origin);
  return node;
}

NodePtr Node::make_map(Origin origin) {
  auto node = std::make_unique<Node>();
  node->kind_ = Kind::map;
  node->origin = std::move(origin);
  return node;
}

NodePtr Node::make_list(Origin origin) {
  auto node = std::make_unique<Node>();
  node->kind_ = Kind::list;
  node->origin = std::move(origin);
  return node;
}

NodePtr Node::clone() const {
  auto copy = std::make_unique<Node>();
  copy->origin = origin;
  copy->type = type;
  copy->closed = closed;
  copy->literal = literal;
  copy->kind_ = kind_;
  copy->scalar_ = scalar_;
  copy->entries_.reserve(entries_.size());
  for (const Entry& entry : entries_) {
    copy->entries_.push_back({entry.key, entry.value->clone()});
    copy->entries_.back().value->parent_ = copy.get();
  }
  for (const NodePtr& item : items_) copy->append(item->clone());
  return copy;
}

void Node::set_scalar(Scalar value, Origin from) {
  scalar_ = std::move(value);
  origin = std::move(from);
}

Node* Node::find_key(const Scalar& key) const {
  for (const Entry& entry : entries_) {
    if (python_equal(entry.key, key)) return entry.value.get();
  }
  return nullptr;
}

Node* Node::find(std::string_view key) const {
  for (const Entry& entry : entries_) {
    const auto* text = std::get_if<std::string>(&entry.key);
    if (text != nullptr && *text == key) return entry.value.get();
  }
  return nullptr;
}

Node& Node::set(const Scalar& key, NodePtr value) {
  value->parent_ = this;
  for (Entry& entry : entries_) {
    if (!python_equal(entry.key, key)) continue;
    entry.value = std::move(value);
    return *entry.value;
  }
  entries_.push_back({key, std::move(value)});
  return *entries_.back().value;
}

Node& Node::append(NodePtr value) {
  value->parent_ = this;
  items_.push_back(std::move(value));
  return *items_.back();
}

void Node::replace_item(std::size_t index, NodePtr value) {
  value->parent_ = this;
  items_[index] = std::move(value);
}

NodePtr Node::take(std::string_view key) {
  for (auto it = entries_.begin(); it != entries_.end(); ++it) {
    const auto* text = std::get_if<std::string>(&it->key);
    if (text == nullptr || *text != key) continue;
    NodePtr value = std::move(it->value);
    entries_.erase(it);
    value->parent_ = nullptr;
    return value;
  }
  return nullptr;
}

void Node::erase_item(std::size_t index) {
  items_.erase(items_.begin() + static_cast<std::ptrdiff_t>(index));
}

const Node& Node::root() const {
  const Node* node = this;
  while (node->parent_ != nullptr) node = node->parent_;
  return *node;
}

std::string Node::path() const {
  if (parent_ == nullptr) return {};
  std::string prefix = parent_->path();
  if (parent_->is_list()) {
    const auto& items = parent_->items_;
    const auto it = std::find_if(items.begin(), items.end(),
                                 [this](const NodePtr& item) { return item.get() == this; });
    return prefix + "[" + std::to_string(it - items.begin()) + "]";
  }
  for (const Entry& entry : parent_->entries_) {
    if (entry.value.get() != this) continue;
    if (!prefix.empty()) prefix += '.';
    return prefix + python_str(entry.key);
  }
  return prefix;
}

std::string python_str(const Node& node) {
  const auto repr = [](const Node& child) {
    return child.is_scalar() ? python_repr(child.scalar()) : python_str(child);
  };
  if (node.is_scalar()) return python_str(node.scalar());
  std::string out;
  if (node.is_list()) {
    for (const NodePtr& item : node.items()) out += (out.empty() ? "" : ", ") + repr(*item);
    return "[" + out + "]";
  }
  for (const Node::Entry& entry : node.entries()) {
    out += (out.empty() ? "" : ", ") + python_repr(entry.key) + ": " + repr(*entry.value);
  }
  return "{" + out + "}";
}

bool python_equal(const Node& a, const Node& b) {
  if (a.kind() != b.kind()) return false;
  if (a.is_scalar()) return python_equal(a.scalar(), b.scalar());
  if (a.is_list()) {
    return std::equal(a.items().begin(), a.items().end(), b.items().begin(), b.items().end(),
                      [](const NodePtr& x, const NodePtr& y) { return python_equal(*x, *y); });
  }
  if (a.entries().size() != b.entries().size()) return false;
  return std::all_of(a.entries().begin(), a.entries().end(), [&b](const Node::Entry& entry) {
    const Node* other = b.find_key(entry.key);
    return other != nullptr && python_equal(*entry.value, *other);
  });
}

}  // namespace genesis::config
