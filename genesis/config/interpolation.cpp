#include "genesis/config/interpolation.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <ctime>

#include "genesis/config/reject.h"
#include "genesis/config/yaml_load.h"

namespace genesis::config {
namespace {

constexpr std::size_t kMaxDepth = 100;
constexpr std::size_t kMaxWork = 500'000;
constexpr std::size_t kMaxText = 1u << 20;

[[noreturn]] void fail(const std::string& message, Reject reject = Reject::interpolation) {
  throw ConfigError(reject, message);
}

/// The key names something inside a value that is not a container.
class NotAContainer final : public ConfigError {
 public:
  explicit NotAContainer(const std::string& message)
      : ConfigError(Reject::interpolation, message) {}
};

const Node* child_of(const Node& container, const std::string& key, bool missing_is_error) {
  const Node* child = nullptr;
  if (container.is_map()) {
    child = container.find(key);
  } else {
    const auto index = python_int(key);
    if (!index) fail("'" + key + "' is not an index of the list");
    const auto* number = std::get_if<std::int64_t>(&*index);
    const auto size = static_cast<std::int64_t>(container.items().size());
    if (number == nullptr || *number < 0 || *number >= size) return nullptr;
    child = container.items()[static_cast<std::size_t>(*number)].get();
  }
  if (child != nullptr && child->is_missing() && missing_is_error) {
    fail("'" + key + "' has no value yet", Reject::interpolation_to_missing);
  }
  return child;
}

NodePtr literal_copy(const Node& node) {
  NodePtr copy = node.clone();
  copy->literal = true;
  return copy;
}

}  // namespace

std::vector<std::string> split_key_path(std::string_view key) {
  std::vector<std::string> keys;
  std::size_t i = 0;
  while (i < key.size() && key[i] == '.') {
    keys.emplace_back();
    ++i;
  }
  std::size_t end = std::min(key.find_first_of(".[", i), key.size());
  if (end > i || end == key.size() || key[end] != '[') {
    keys.emplace_back(key.substr(i, end - i));
  }
  i = end;
  while (i < key.size()) {
    if (key[i] == '[') {
      const std::size_t close = key.find(']', i);
      if (close == std::string_view::npos) break;
      keys.emplace_back(key.substr(i + 1, close - i - 1));
      i = close + 1;
    } else if (key[i] == '.') {
      end = std::min(key.find_first_of(".[", i + 1), key.size());
      keys.emplace_back(key.substr(i + 1, end - i - 1));
      i = end;
    } else {
      ++i;
    }
  }
  return keys;
}

const Node& Resolver::keep(NodePtr node) {
  made_.push_back(std::move(node));
  return *made_.back();
}

const Node& Resolver::keep_literal(Scalar value) {
  NodePtr node = Node::make_scalar(std::move(value));
  node->literal = true;
  return keep(std::move(node));
}

const Node& Resolver::dereference(const Node& node) {
  if (!node.is_interpolation()) return node;
  if (++work_ > kMaxWork) fail("too many interpolations");
  if (path_.size() > kMaxDepth || std::find(path_.begin(), path_.end(), &node) != path_.end()) {
    fail("'" + *node.text() + "' refers to itself");
  }
  if (node.parent() == nullptr) fail("an interpolation outside of any map");
  path_.push_back(&node);
  try {
    const Node& result = evaluate(parse_value_text(*node.text()), {node.parent(), &node});
    path_.pop_back();
    return result;
  } catch (...) {
    path_.pop_back();
    throw;
  }
}

const Node* Resolver::try_dereference(const Node& node) {
  try {
    return &dereference(node);
  } catch (const ConfigError&) {
    return nullptr;
  }
}

NodePtr Resolver::resolve(const Node& node, bool missing_is_error,
                          std::map<std::string, Origin>* origins) {
  struct Walk {
    Resolver& self;
    bool missing_is_error;
    std::map<std::string, Origin>* origins;

    NodePtr run(const Node& start, const std::string& path, std::size_t depth) {
      if (depth > kMaxDepth) fail("'" + path + "' contains itself through interpolations");
      if (++self.work_ > kMaxWork) fail("the resolved configuration is too large");
      const Node* found = nullptr;
      try {
        found = &self.dereference(start);
      } catch (const ConfigError& error) {
        if (!missing_is_error && error.reject() == Reject::interpolation_to_missing) {
          return Node::make_scalar(std::string("???"), start.origin);
        }
        const std::string where = start.origin.text();
        throw ConfigError(error.reject(),
                          (where.empty() ? "" : where + ": ") + path + ": " + error.what());
      }
      const Origin& origin = found->origin.source ? found->origin : start.origin;
      if (origins != nullptr && !path.empty()) origins->emplace(path, origin);
      if (!found->is_container()) {
        NodePtr copy = found->clone();
        copy->literal = false;
        return copy;
      }
      return found->is_map() ? map(*found, path, depth) : list(*found, path, depth);
    }

    NodePtr map(const Node& found, const std::string& path, std::size_t depth) {
      NodePtr result = Node::make_map(found.origin);
      for (const Node::Entry& entry : found.entries()) {
        const std::string key = python_str(entry.key);
        result->set(entry.key, run(*entry.value, path.empty() ? key : path + "." + key, depth + 1));
      }
      return result;
    }

    NodePtr list(const Node& found, const std::string& path, std::size_t depth) {
      NodePtr result = Node::make_list(found.origin);
      for (std::size_t i = 0; i < found.items().size(); ++i) {
        result->append(run(*found.items()[i], path + "[" + std::to_string(i) + "]", depth + 1));
      }
      return result;
    }
  };
  return Walk{*this, missing_is_error, origins}.run(node, "", 0);
}

const Node* Resolver::select(const Node& from, std::string_view key, bool missing_is_error) {
  if (key.empty()) return &from;
  const std::vector<std::string> keys = split_key_path(key);
  const Node* container = &from;
  std::string walked;
  for (std::size_t i = 0; i + 1 < keys.size(); ++i) {
    const Node* next = child_of(*container, keys[i], missing_is_error);
    if (next == nullptr) return nullptr;
    next = &dereference(*next);
    walked += (walked.empty() ? "" : ".") + keys[i];
    if (!next->is_container()) {
      throw NotAContainer("'" + walked + "' is not a map or list and cannot hold '" + keys[i + 1] +
                          "'");
    }
    container = next;
  }
  const Node* value = child_of(*container, keys.back(), missing_is_error);
  return value == nullptr ? nullptr : &dereference(*value);
}

const Node* Resolver::find(const Node& from, std::string_view key) {
  try {
    return select(from, key, false);
  } catch (const NotAContainer&) {
    return nullptr;
  }
}

const Node* Resolver::select_from_root(const Scope& scope, std::string_view key,
                                       bool missing_is_error) {
  if (key.empty() || key[0] != '.') return select(scope.container->root(), key, missing_is_error);
  const Node* container = scope.container;
  key.remove_prefix(1);
  while (!key.empty() && key[0] == '.') {
    container = container->parent();
    if (container == nullptr)
      fail(std::string("'").append(key).append("' goes above the root"), Reject::interpolation_key);
    key.remove_prefix(1);
  }
  return select(*container, key, missing_is_error);
}

const Node& Resolver::evaluate(const Expression& expression, const Scope& scope) {
  switch (expression.kind) {
    case Expression::Kind::scalar:
      return keep_literal(expression.value);
    case Expression::Kind::text:
      return keep_literal(joined_text(expression.parts, scope, false));
    case Expression::Kind::reference:
      return evaluate(*expression.parts[0].interpolation, scope);
    case Expression::Kind::list: {
      NodePtr list = Node::make_list();
      list->literal = true;
      for (const Expression& item : expression.items) {
        list->append(literal_copy(evaluate(item, scope)));
      }
      return keep(std::move(list));
    }
    case Expression::Kind::map: {
      NodePtr map = Node::make_map();
      map->literal = true;
      for (std::size_t i = 0; i < expression.keys.size(); ++i) {
        map->set(expression.keys[i], literal_copy(evaluate(expression.items[i], scope)));
      }
      return keep(std::move(map));
    }
  }
  fail("unreachable");
}

std::string Resolver::joined_text(const std::vector<TextPart>& parts, const Scope& scope,
                                  bool names) {
  std::string text;
  for (const TextPart& part : parts) {
    if (!part.interpolation) {
      text += part.text;
    } else {
      const Node& value = evaluate(*part.interpolation, scope);
      if (names && value.text() == nullptr) fail("a key must be a text");
      text += python_str(value);
    }
    if (text.size() > kMaxText) fail("a text grows too long");
  }
  return text;
}

const Node& Resolver::evaluate(const Interpolation& interpolation, const Scope& scope) {
  if (++work_ > kMaxWork) fail("too many interpolations");
  return interpolation.is_resolver ? evaluate_resolver(interpolation, scope)
                                   : evaluate_path(interpolation, scope);
}

const Node& Resolver::evaluate_path(const Interpolation& interpolation, const Scope& scope) {
  const std::string key = joined_text(interpolation.path, scope, true);
  const Node* value = select_from_root(scope, key, true);
  if (value == nullptr) {
    fail("interpolation key '" + key + "' not found", Reject::interpolation_key);
  }
  for (const Node* node = scope.container; node != nullptr; node = node->parent()) {
    if (node == value) fail("'${" + key + "}' names a map that contains it");
  }
  return *value;
}

const Node& Resolver::evaluate_resolver(const Interpolation& interpolation, const Scope& scope) {
  const std::string name = joined_text(interpolation.path, scope, true);
  std::vector<const Node*> arguments;
  for (const Expression& argument : interpolation.arguments) {
    arguments.push_back(&evaluate(argument, scope));
  }
  const auto want = [&](std::size_t least, std::size_t most) {
    if (arguments.size() < least || arguments.size() > most) {
      fail("'" + name + "' does not take " + std::to_string(arguments.size()) + " arguments");
    }
  };
  const auto text = [&](std::size_t i) -> const std::string& {
    if (arguments[i]->text() == nullptr) fail("'" + name + "' takes a text");
    return *arguments[i]->text();
  };
  if (name == "oc.env") {
    want(1, 2);
    return resolve_env(arguments);
  }
  if (name == "oc.select") {
    want(1, 2);
    const Node* value = nullptr;
    try {
      value = select_from_root(scope, text(0), false);
    } catch (const NotAContainer&) {
      value = nullptr;
    }
    if (value != nullptr && !value->is_missing()) return *value;
    return arguments.size() == 2 ? *arguments[1] : keep_literal(Null{});
  }
  if (name == "oc.decode") {
    want(1, 1);
    if (arguments[0]->is_null()) return *arguments[0];
    return evaluate(parse_element_text(text(0)), scope);
  }
  if (name == "oc.create") {
    want(1, 1);
    return resolve_create(*arguments[0], scope);
  }
  if (name == "oc.dict.keys" || name == "oc.dict.values") {
    want(1, 1);
    return resolve_dict(name, text(0), scope);
  }
  if (name == "oc.deprecated") {
    want(1, 2);
    const Node* value = select_from_root(scope, text(0), false);
    if (value == nullptr) fail("oc.deprecated: key '" + text(0) + "' not found");
    return *value;
  }
  if (name == "now") {
    want(1, 1);
    return resolve_now(text(0));
  }
  if (name == "hydra") {
    want(1, 1);
    const Node* hydra = hydra_tree_ == nullptr ? nullptr : hydra_tree_->find("hydra");
    if (hydra == nullptr) fail("'${hydra:…}' is not known while the configuration is composed");
    const Node* value = find(*hydra, text(0));
    return value == nullptr || value->is_missing() ? keep_literal(Null{}) : *value;
  }
  fail("unknown resolver '" + name + "'", Reject::unsupported_interpolation);
}

const Node& Resolver::resolve_env(const std::vector<const Node*>& arguments) {
  if (arguments[0]->text() == nullptr) fail("oc.env takes the name of a variable");
  const std::string& name = *arguments[0]->text();
  if (const char* value = std::getenv(name.c_str())) return keep_literal(std::string(value));
  if (arguments.size() < 2) fail("environment variable '" + name + "' is not set");
  if (arguments[1]->is_null()) return *arguments[1];
  return keep_literal(python_str(*arguments[1]));
}

const Node& Resolver::resolve_create(const Node& source, const Scope& scope) {
  NodePtr made;
  if (source.is_null()) return source;
  if (const std::string* text = source.text()) {
    made = load_yaml(*text, "oc.create");
  } else if (source.is_scalar()) {
    fail("oc.create takes a map, a list or a YAML text");
  } else {
    made = source.clone();
  }
  struct Opener {
    static void open(Node& node) {
      node.literal = false;
      for (const Node::Entry& entry : node.entries()) open(*entry.value);
      for (const NodePtr& item : node.items()) open(*item);
    }
  };
  Opener::open(*made);
  made->set_parent(const_cast<Node*>(scope.container));  // only to be looked up, never to own
  return keep(std::move(made));
}

const Node& Resolver::resolve_dict(const std::string& name, const std::string& key,
                                   const Scope& scope) {
  const Node* map = nullptr;
  try {
    map = select_from_root(scope, key, true);
  } catch (const NotAContainer&) {
    map = nullptr;
  }
  if (map == nullptr) fail(name + ": key '" + key + "' not found");
  if (!map->is_map() || !map->is_container()) fail(name + ": '" + key + "' is not a map");
  NodePtr list = Node::make_list();
  const bool values = name == "oc.dict.values";
  const std::string prefix = key[0] == '.' ? "." + key : key;
  for (const Node::Entry& entry : map->entries()) {
    list->append(Node::make_scalar(
        values ? Scalar("${" + prefix + "." + python_str(entry.key) + "}") : entry.key));
  }
  list->set_parent(const_cast<Node*>(scope.container));  // only to be looked up, never to own
  return keep(std::move(list));
}

const Node& Resolver::resolve_now(const std::string& pattern) {
  const auto seconds = static_cast<std::time_t>(now_unix_millis_ / 1000);
  std::tm local{};
  localtime_r(&seconds, &local);
  char micros[16];
  std::snprintf(micros, sizeof micros, "%06d", static_cast<int>(now_unix_millis_ % 1000) * 1000);
  std::string format;
  for (std::size_t i = 0; i < pattern.size(); ++i) {
    const char next = i + 1 < pattern.size() ? pattern[i + 1] : '\0';
    if (pattern[i] == '%' && next == 'f') {
      format += micros;
    } else if (pattern[i] == '%' && (next == 'z' || next == 'Z')) {
      // A time without a zone, as Python's datetime.now() is: nothing is written.
    } else {
      format += pattern[i];
      if (pattern[i] != '%' || next == '\0') continue;
      format += next;
    }
    ++i;
  }
  if (format.empty()) return keep_literal(std::string());
  std::string out(format.size() * 32 + 64, '\0');
  out.resize(std::strftime(out.data(), out.size(), format.c_str(), &local));
  return keep_literal(std::move(out));
}

}  // namespace genesis::config
