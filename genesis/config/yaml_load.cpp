#include "genesis/config/yaml_load.h"

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <map>
#include <sstream>
#include <utility>
#include <vector>

#include "genesis/base/text.h"
#include "genesis/config/interpolation_parse.h"
#include "genesis/config/reject.h"

namespace genesis::config {
namespace {

constexpr std::size_t kMaxDepth = 100;
constexpr std::size_t kMaxNodes = 200'000;

struct Raw;
using RawPtr = std::shared_ptr<Raw>;

/// A YAML node before its scalars are resolved; shared, because aliases refer to it.
struct Raw {
  Node::Kind kind = Node::Kind::scalar;
  std::string tag;  ///< "?" plain, "!" quoted, or what the document says.
  std::string text;
  int line = 0;
  std::size_t position = 0;  ///< Of a scalar in the document.
  bool flow = false;         ///< Written with brackets or braces.
  std::vector<std::pair<RawPtr, RawPtr>> pairs;
  std::vector<RawPtr> items;
  bool open = true;  ///< Still being read: an alias to it would be a cycle.
};

class RawBuilder final : public YAML::EventHandler {
 public:
  RawBuilder(std::string_view text, const std::string& source) : text_(text), source_(source) {}

  RawPtr root;

  void OnDocumentStart(const YAML::Mark&) override {}
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    check_null(mark);
    add(mark, "?", anchor, Node::Kind::scalar)->open = false;
  }
  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override {
    check_closing_quote(mark);
    const RawPtr raw = add(mark, tag, anchor, Node::Kind::scalar);
    raw->text = value;
    raw->position = position(mark);
    raw->open = false;
  }
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    const auto it = anchors_.find(anchor);
    if (it == anchors_.end() || it->second->open) {
      throw ConfigError(Reject::composition, where(mark) + ": an alias that refers to itself");
    }
    attach(it->second);
  }
  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value style) override {
    push(add(mark, tag, anchor, Node::Kind::list), mark);
    stack_.back()->flow = style == YAML::EmitterStyle::Flow;
  }
  void OnSequenceEnd() override { pop(); }
  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value style) override {
    push(add(mark, tag, anchor, Node::Kind::map), mark);
    stack_.back()->flow = style == YAML::EmitterStyle::Flow;
  }
  void OnMapEnd() override { pop(); }

 private:
  std::string where(const YAML::Mark& mark) const {
    return source_ + ":" + std::to_string(mark.line + 1);
  }

  std::size_t position(const YAML::Mark& mark) const {
    return mark.pos < 0 ? text_.size() : static_cast<std::size_t>(mark.pos);
  }

  /// yaml-cpp takes the end of the file for a closing quote; PyYAML does not.
  void check_closing_quote(const YAML::Mark& mark) const {
    const std::size_t start = position(mark);
    if (start >= text_.size() || (text_[start] != '\'' && text_[start] != '"')) return;
    const char quote = text_[start];
    std::size_t i = start + 1;
    while (i < text_.size() && text_[i] != quote) i += quote == '"' && text_[i] == '\\' ? 2 : 1;
    if (i >= text_.size()) {
      throw ConfigError(Reject::yaml, where(mark) + ": a quote is not closed");
    }
  }

  /// yaml-cpp takes "[1, , 2]" for a null between, and a line without ':' in a map for a key.
  void check_null(const YAML::Mark& mark) const {
    if (stack_.empty()) return;
    const Raw& parent = *stack_.back();
    const std::size_t at = position(mark);
    if (parent.kind == Node::Kind::list && parent.flow && at < text_.size() && text_[at] == ',') {
      throw ConfigError(Reject::yaml, where(mark) + ": nothing between two commas");
    }
    const bool is_value =
        parent.kind == Node::Kind::map && !parent.pairs.empty() && !parent.pairs.back().second;
    if (!is_value || parent.flow || parent.pairs.back().first->kind != Node::Kind::scalar) return;
    const Raw& key = *parent.pairs.back().first;
    const std::size_t from = std::min(key.position, text_.size());
    const std::size_t begin = from == 0 ? 0 : text_.rfind('\n', from - 1) + 1;
    const std::size_t end = std::min(text_.find('\n', from), text_.size());
    const std::string_view line = text_.substr(begin, end - begin);
    if (key.text.empty() || line.find_first_of(":?") != std::string_view::npos) return;
    throw ConfigError(Reject::yaml, source_ + ":" + std::to_string(key.line) +
                                        ": ':' was expected after '" + key.text + "'");
  }

  RawPtr add(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
             Node::Kind kind) {
    auto raw = std::make_shared<Raw>();
    raw->kind = kind;
    raw->tag = tag;
    raw->line = mark.line + 1;
    if (anchor != 0) anchors_[anchor] = raw;
    attach(raw);
    return raw;
  }

  void attach(const RawPtr& raw) {
    if (stack_.empty()) {
      root = raw;
      return;
    }
    Raw& parent = *stack_.back();
    if (parent.kind == Node::Kind::list) {
      parent.items.push_back(raw);
    } else if (!parent.pairs.empty() && !parent.pairs.back().second) {
      parent.pairs.back().second = raw;
    } else {
      parent.pairs.emplace_back(raw, nullptr);
    }
  }

  void push(const RawPtr& raw, const YAML::Mark& mark) {
    if (stack_.size() >= kMaxDepth) {
      throw ConfigError(Reject::yaml, where(mark) + ": nested too deeply");
    }
    stack_.push_back(raw);
  }

  void pop() {
    stack_.back()->open = false;
    stack_.pop_back();
  }

  std::string_view text_;
  const std::string& source_;
  std::vector<RawPtr> stack_;
  std::map<YAML::anchor_t, RawPtr> anchors_;
};

/// Turns raw nodes into configuration nodes.
class Constructor {
 public:
  explicit Constructor(const std::string& source)
      : source_(std::make_shared<const std::string>(source)) {}

  NodePtr construct(const Raw& raw, int line, std::size_t depth) {
    if (++count_ > kMaxNodes) fail(raw, "the document is too large once its aliases are expanded");
    if (depth > kMaxDepth) fail(raw, "nested too deeply");
    switch (raw.kind) {
      case Node::Kind::scalar:
        return construct_scalar(raw, line);
      case Node::Kind::list:
        return construct_list(raw, line, depth);
      case Node::Kind::map:
        return construct_map(raw, line, depth);
    }
    return nullptr;
  }

 private:
  using Pairs = std::vector<std::pair<RawPtr, RawPtr>>;

  [[noreturn]] void fail(const Raw& raw, const std::string& message,
                         Reject reject = Reject::yaml) const {
    throw ConfigError(reject, *source_ + ":" + std::to_string(raw.line) + ": " + message);
  }

  static std::string short_tag(const std::string& tag) {
    static constexpr std::string_view kPrefix = "tag:yaml.org,2002:";
    if (tag.rfind(kPrefix, 0) == 0) return tag.substr(kPrefix.size());
    return tag;
  }

  Scalar scalar_value(const Raw& raw) const {
    const std::string tag = short_tag(raw.tag);
    if (tag == "?" || tag.empty()) {
      PlainScalar plain = resolve_plain(raw.text);
      if (plain.kind == PlainKind::merge_key || plain.kind == PlainKind::value_key) {
        fail(raw, "'" + raw.text + "' has no meaning here; quote it");
      }
      return plain.value;
    }
    if (tag == "!" || tag == "str") return raw.text;
    if (tag == "null") return Null{};
    std::optional<Scalar> value;
    if (tag == "int") value = construct_int(raw.text);
    if (tag == "float") value = construct_float(raw.text);
    if (tag == "bool") value = construct_bool(raw.text);
    const bool known = tag == "int" || tag == "float" || tag == "bool";
    if (!value) {
      fail(raw, "cannot read '" + raw.text + "' with the tag '" + raw.tag + "'",
           known ? Reject::composition : Reject::yaml);
    }
    return *value;
  }

  NodePtr construct_scalar(const Raw& raw, int line) const {
    Scalar value = scalar_value(raw);
    if (is_interpolation(value)) check_interpolation(raw, std::get<std::string>(value));
    return Node::make_scalar(std::move(value), {source_, line});
  }

  void check_interpolation(const Raw& raw, const std::string& text) const {
    if (const auto problem = interpolation_problem(text)) {
      fail(raw, "in '" + text + "': " + *problem, Reject::composition);
    }
  }

  void check_tag(const Raw& raw, std::string_view expected) const {
    const std::string tag = short_tag(raw.tag);
    if (tag == "?" || tag == "!" || tag.empty() || tag == expected) return;
    fail(raw, "unknown tag '" + raw.tag + "'");
  }

  NodePtr construct_list(const Raw& raw, int line, std::size_t depth) {
    check_tag(raw, "seq");
    NodePtr list = Node::make_list({source_, line});
    for (const RawPtr& item : raw.items) list->append(construct(*item, item->line, depth + 1));
    return list;
  }

  static bool is_text_key(const Raw& key) {
    if (key.kind != Node::Kind::scalar) return false;
    if (key.tag != "?") return key.tag == "!" || short_tag(key.tag) == "str";
    const PlainScalar plain = resolve_plain(key.text);
    return plain.kind == PlainKind::value && std::holds_alternative<std::string>(plain.value);
  }

  static bool is_merge_key(const Raw& key) {
    return key.kind == Node::Kind::scalar && key.tag == "?" && key.text == "<<";
  }

  void check_duplicates(const Raw& raw) const {
    std::map<std::string, int> seen;
    for (const auto& [key, value] : raw.pairs) {
      if (!is_text_key(*key)) continue;
      const auto [it, fresh] = seen.emplace(key->text, key->line);
      if (!fresh) {
        fail(*key,
             "duplicate key '" + key->text + "', first on line " + std::to_string(it->second));
      }
    }
  }

  /// The pairs with merge keys replaced by what they bring, which comes first and so loses.
  Pairs flatten(const Raw& raw, std::size_t depth) {
    if (depth > kMaxDepth) fail(raw, "nested too deeply");
    Pairs merged;
    Pairs own;
    for (const auto& pair : raw.pairs) {
      if (!is_merge_key(*pair.first)) {
        own.push_back(pair);
        continue;
      }
      const Raw& value = *pair.second;
      if (value.kind == Node::Kind::map) {
        const Pairs inner = flatten(value, depth + 1);
        merged.insert(merged.end(), inner.begin(), inner.end());
      } else if (value.kind == Node::Kind::list) {
        for (auto it = value.items.rbegin(); it != value.items.rend(); ++it) {
          if ((*it)->kind != Node::Kind::map) fail(value, "'<<' takes maps only");
          const Pairs inner = flatten(**it, depth + 1);
          merged.insert(merged.end(), inner.begin(), inner.end());
        }
      } else {
        fail(value, "'<<' takes a map or a list of maps");
      }
    }
    if (merged.size() + own.size() > kMaxNodes) fail(raw, "too many merged keys");
    merged.insert(merged.end(), own.begin(), own.end());
    return merged;
  }

  NodePtr construct_map(const Raw& raw, int line, std::size_t depth) {
    check_tag(raw, "map");
    check_duplicates(raw);
    NodePtr map = Node::make_map({source_, line});
    for (const auto& [key, value] : flatten(raw, depth)) {
      if (key->kind != Node::Kind::scalar) fail(*key, "a map or list cannot be a key");
      const bool value_key = key->tag == "?" && key->text == "=";
      Scalar name = value_key ? Scalar(key->text) : scalar_value(*key);
      if (std::holds_alternative<Null>(name)) {
        fail(*key, "null cannot be a key", Reject::composition);
      }
      map->set(name, construct(*value, key->line, depth + 1));
    }
    return map;
  }

  std::shared_ptr<const std::string> source_;
  std::size_t count_ = 0;
};

RawPtr read_events(std::string_view text, const std::string& source) {
  std::istringstream stream{std::string(text)};
  RawBuilder builder(text, source);
  try {
    YAML::Parser parser(stream);
    if (!parser.HandleNextDocument(builder)) return nullptr;
    RawPtr root = builder.root;
    RawBuilder second(text, source);
    if (parser.HandleNextDocument(second) && second.root) {
      throw ConfigError(Reject::yaml, source + ":" + std::to_string(second.root->line) +
                                          ": a second document in the same file");
    }
    return root;
  } catch (const YAML::Exception& error) {
    throw ConfigError(Reject::yaml,
                      source + ":" + std::to_string(error.mark.line + 1) + ": " + error.msg);
  }
}

}  // namespace

NodePtr load_yaml(std::string_view text, const std::string& source) {
  if (!is_valid_utf8(text)) throw ConfigError(Reject::yaml, source + ": not UTF-8");
  const RawPtr raw = read_events(text, source);
  if (!raw) return Node::make_map({std::make_shared<const std::string>(source), 1});
  NodePtr node = Constructor(source).construct(*raw, raw->line, 0);
  if (!node->is_scalar()) return node;
  NodePtr map = Node::make_map(node->origin);
  if (node->is_null()) return map;
  if (node->text() == nullptr) {
    throw ConfigError(Reject::composition,
                      node->origin.text() + ": a configuration must be a map, not a number");
  }
  map->set(*node->text(), Node::make_scalar(Null{}, node->origin));
  return map;
}

}  // namespace genesis::config
