#include "genesis/config/override.h"

#include <algorithm>

#include "genesis/base/text.h"
#include "genesis/config/interpolation_parse.h"
#include "genesis/config/reject.h"
#include "genesis/config/value_lexer.h"

namespace genesis::config {
namespace {

constexpr int kMaxDepth = 60;
bool digit(char c) {
  return c >= '0' && c <= '9';
}
bool letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

class Parser {
 public:
  explicit Parser(std::string_view text) : text_(text) {}

  Override parse() {
    Override result;
    result.input = std::string(text_);
    if (take_char('~')) {
      result.action = OverrideAction::remove;
    } else if (take_char('+')) {
      result.action = take_char('+') ? OverrideAction::force_add : OverrideAction::add;
    }
    result.key = package_or_group();
    if (take_char('@')) result.package = package();
    if (at_end() && result.action == OverrideAction::remove) return result;
    if (!take_char('=')) fail("'=' was expected");
    position_ = skip_spaces(text_, position_);
    result.has_value = true;
    if (at_end()) {
      result.value.scalar = std::string();
      return result;
    }
    result.value = value();
    if (!at_end()) fail("unexpected text");
    return result;
  }

 private:
  [[noreturn]] void fail(const std::string& message) const {
    throw ConfigError(Reject::override_syntax,
                      message + " at character " + std::to_string(position_ + 1));
  }

  char peek(std::size_t ahead = 0) const {
    return position_ + ahead < text_.size() ? text_[position_ + ahead] : '\0';
  }
  bool at_end() const { return position_ >= text_.size(); }
  bool take_char(char c) {
    if (at_end() || peek() != c) return false;
    ++position_;
    return true;
  }
  /// Takes `WS? c` and, unless told otherwise, the spaces after it.
  bool take(char c, bool trailing_spaces = true) {
    const std::size_t i = skip_spaces(text_, position_);
    if (i >= text_.size() || text_[i] != c) return false;
    position_ = trailing_spaces ? skip_spaces(text_, i + 1) : i + 1;
    return true;
  }

  /// Length of a name ("db", "a-b", "$x" where dollars are allowed) at `from`.
  std::size_t name_end(std::size_t from, bool dollars) const {
    const auto at = [this](std::size_t i) { return i < text_.size() ? text_[i] : '\0'; };
    const auto head = [dollars](char c) { return letter(c) || c == '_' || (dollars && c == '$'); };
    if (!head(at(from))) return from;
    std::size_t i = from + 1;
    while (head(at(i)) || digit(at(i)) || at(i) == '-') ++i;
    return i;
  }

  std::size_t number_end(std::size_t from) const {
    if (from >= text_.size() || !digit(text_[from])) return from;
    if (text_[from] == '0') return from + 1;
    std::size_t i = from + 1;
    while (i < text_.size() &&
           (digit(text_[i]) || (text_[i] == '_' && i + 1 < text_.size() && digit(text_[i + 1])))) {
      ++i;
    }
    return i;
  }

  std::size_t part_end(std::size_t from) const {
    return std::max(name_end(from, true), number_end(from));
  }

  /// A name, "$name" or a dotted path; empty when there is none.
  std::string package() {
    std::size_t end = part_end(position_);
    bool dotted = false;
    while (end > position_ && end < text_.size() && text_[end] == '.' &&
           part_end(end + 1) > end + 1) {
      end = part_end(end + 1);
      dotted = true;
    }
    if (!dotted) end = name_end(position_, true);
    const std::string result(text_.substr(position_, end - position_));
    position_ = end;
    return result;
  }

  std::string package_or_group() {
    const std::size_t start = position_;
    std::string result = package();
    if (peek() != '/') return result;
    if (name_end(start, false) != position_ || result.empty()) fail("'/' after something unusual");
    while (take_char('/')) {
      const std::size_t end = name_end(position_, false);
      if (end == position_ || name_end(position_, true) != end) fail("a name was expected");
      position_ = end;
    }
    return std::string(text_.substr(start, position_ - start));
  }

  OverrideValue value() {
    OverrideValue first = element();
    if (at_end()) return first;
    OverrideValue sweep;
    sweep.kind = OverrideValue::Kind::sweep;
    sweep.sweep = SweepKind::simple_choice;
    sweep.items.push_back(std::move(first));
    while (!at_end()) {
      if (!take(',')) fail("unexpected text");
      sweep.items.push_back(element());
    }
    return sweep;
  }

  OverrideValue element() {
    if (++depth_ > kMaxDepth) fail("nested too deeply");
    OverrideValue result;
    const LexemeMatch head = match_lexeme(text_, position_);
    const std::size_t after = skip_spaces(text_, position_ + head.size);
    if (peek() == '[' && !at_end()) {
      result = list();
    } else if (peek() == '{') {
      result = map();
    } else if (head.kind == Lexeme::identifier && after < text_.size() && text_[after] == '(') {
      result = function(std::string(text_.substr(position_, head.size)));
    } else if (peek() == '\'' || peek() == '"') {
      result = quoted();
    } else {
      result.scalar = primitive(true);
    }
    --depth_;
    return result;
  }

  OverrideValue list() {
    OverrideValue result;
    result.kind = OverrideValue::Kind::list;
    position_ = skip_spaces(text_, position_ + 1);
    if (take(']', false)) return result;
    while (true) {
      result.items.push_back(element());
      if (take(']', false)) return result;
      if (!take(',')) fail("',' or ']' was expected");
    }
  }

  OverrideValue map() {
    OverrideValue result;
    result.kind = OverrideValue::Kind::map;
    position_ = skip_spaces(text_, position_ + 1);
    if (take('}', false)) return result;
    while (true) {
      const Scalar key = primitive(false);
      if (!take(':')) fail("':' was expected");
      OverrideValue inner = element();
      const auto same =
          std::find_if(result.keys.begin(), result.keys.end(),
                       [&key](const Scalar& other) { return python_equal(other, key); });
      if (same != result.keys.end()) {
        result.items[static_cast<std::size_t>(same - result.keys.begin())] = std::move(inner);
      } else {
        result.keys.push_back(key);
        result.items.push_back(std::move(inner));
      }
      if (take('}', false)) return result;
      if (!take(',')) fail("',' or '}' was expected");
    }
  }

  OverrideValue function(const std::string& name) {
    position_ += name.size();
    take('(');
    std::vector<CallArgument> arguments;
    if (take(')', false)) return call_override_function(name, std::move(arguments));
    while (true) {
      CallArgument argument;
      const LexemeMatch head = match_lexeme(text_, position_);
      const std::size_t after = skip_spaces(text_, position_ + head.size);
      if (head.kind == Lexeme::identifier && after < text_.size() && text_[after] == '=') {
        argument.name = std::string(text_.substr(position_, head.size));
        position_ = skip_spaces(text_, after + 1);
      } else if (!arguments.empty() && !arguments.back().name.empty()) {
        fail("an argument without a name follows one with a name");
      }
      argument.value = element();
      arguments.push_back(std::move(argument));
      if (take(')', false)) return call_override_function(name, std::move(arguments));
      if (!take(',')) fail("',' or ')' was expected");
    }
  }

  OverrideValue quoted() {
    const char quote = peek();
    std::size_t end = position_ + 1;
    std::size_t backslashes = 0;
    while (end < text_.size() && (text_[end] != quote || backslashes % 2 == 1)) {
      backslashes = text_[end] == '\\' ? backslashes + 1 : 0;
      ++end;
    }
    if (end >= text_.size()) fail("a quote is not closed");
    const std::string_view body = text_.substr(position_ + 1, end - position_ - 1);
    position_ = end + 1;
    OverrideValue result;
    result.quote = quote;
    result.scalar = unescape_quoted(body, quote);
    return result;
  }

  /// Backslashes count in pairs where a quote follows (the closing one included), else as they are.
  static std::string unescape_quoted(std::string_view body, char quote) {
    std::string out;
    for (std::size_t i = 0; i < body.size();) {
      std::size_t run = i;
      while (run < body.size() && body[run] == '\\') ++run;
      const std::size_t count = run - i;
      const bool before_quote = run == body.size() || body[run] == quote;
      out.append(before_quote ? count / 2 : count, '\\');
      if (run < body.size()) out += body[run];
      i = run + 1;
    }
    return out;
  }

  /// Whether the spaces at position_ belong to the separator that follows them.
  bool separator_next(bool with_colon) const {
    const std::size_t i = skip_spaces(text_, position_);
    if (i >= text_.size()) return false;
    return std::string_view(",])}=({[").find(text_[i]) != std::string_view::npos &&
                   (i == position_ ||
                    std::string_view("[{").find(text_[i]) == std::string_view::npos)
               ? true
               : !with_colon && text_[i] == ':';
  }

  /// Unquoted text: one lexeme keeps its type, several make a string. In a key (`full` false) no
  /// colon and no interpolation.
  Scalar primitive(bool full) {
    struct Piece {
      Lexeme kind;
      std::string_view text;
    };
    std::vector<Piece> pieces;
    while (!at_end() && !separator_next(full)) {
      Piece piece{Lexeme::unquoted, {}};
      const std::size_t colon = skip_spaces(text_, position_);
      const std::size_t close = text_.find('}', position_);
      if (full && text_.substr(position_, 2) == "${" && close != std::string_view::npos &&
          close > position_ + 2) {
        piece.text = text_.substr(position_, close + 1 - position_);
      } else if (full && colon < text_.size() && text_[colon] == ':') {
        piece.text = text_.substr(position_, skip_spaces(text_, colon + 1) - position_);
      } else {
        const LexemeMatch match = match_lexeme(text_, position_);
        if (match.kind == Lexeme::none) fail("a character that must be quoted or escaped");
        piece = {match.kind, text_.substr(position_, match.size)};
      }
      pieces.push_back(piece);
      position_ += piece.text.size();
    }
    if (pieces.empty()) fail("a value was expected");
    std::size_t first = pieces.front().kind == Lexeme::space ? 1 : 0;
    std::size_t last = pieces.size();
    if (last > first && pieces.back().kind == Lexeme::space) --last;
    if (first == last) fail("a value of spaces only");
    if (last - first == 1) return lexeme_value(pieces[first].kind, pieces[first].text);
    std::string text;
    for (std::size_t i = first; i < last; ++i) {
      text += pieces[i].kind == Lexeme::escape ? unescape_pairs(pieces[i].text)
                                               : std::string(pieces[i].text);
    }
    return text;
  }

  std::string_view text_;
  std::size_t position_ = 0;
  int depth_ = 0;
};

}  // namespace

std::string Override::key_element(bool with_sign) const {
  std::string result;
  if (with_sign && action == OverrideAction::remove) result = "~";
  if (with_sign && action == OverrideAction::add) result = "+";
  if (with_sign && action == OverrideAction::force_add) result = "++";
  result += key;
  if (package) result += "@" + *package;
  return result;
}

Override parse_override(std::string_view input) {
  if (!is_valid_utf8(input)) {
    throw ConfigError(Reject::override_syntax,
                      "argument '" + to_valid_utf8(input) + "': not UTF-8");
  }
  try {
    return Parser(input).parse();
  } catch (const ConfigError& error) {
    throw ConfigError(Reject::override_syntax,
                      "argument '" + std::string(input) + "': " + error.what());
  }
}

void refuse_sweep(const Override& override) {
  if (!override.is_sweep()) return;
  const std::string argument = "argument '" + override.input + "': ";
  if (override.value.sweep == SweepKind::simple_choice) {
    const std::string name = override.key_element(false);
    throw ConfigError(Reject::composition,
                      argument + "several values; write " + name +
                          "=[value1,value2] for a list, quote the value for a text; to sweep over "
                          "them add --multirun");
  }
  throw ConfigError(Reject::composition, argument + "a sweep; add --multirun to go through it");
}

void refuse_hydra_sweep(const Override& override) {
  if (!override.is_sweep() || !override.is_hydra()) return;
  throw ConfigError(Reject::composition, "argument '" + override.input +
                                             "': hydra's own configuration cannot be swept over");
}

NodePtr make_node(const OverrideValue& value, const Origin& origin) {
  switch (value.kind) {
    case OverrideValue::Kind::sweep:
      throw ConfigError(Reject::composition, origin.text() + ": a sweep inside a value");
    case OverrideValue::Kind::list: {
      NodePtr list = Node::make_list(origin);
      for (const OverrideValue& item : value.items) list->append(make_node(item, origin));
      return list;
    }
    case OverrideValue::Kind::map: {
      NodePtr map = Node::make_map(origin);
      for (std::size_t i = 0; i < value.keys.size(); ++i) {
        const Scalar& key = value.keys[i];
        if (std::holds_alternative<Null>(key)) {
          throw ConfigError(Reject::composition, origin.text() + ": null cannot be a key");
        }
        map->set(key, make_node(value.items[i], origin));
      }
      return map;
    }
    case OverrideValue::Kind::scalar:
      break;
  }
  if (is_interpolation(value.scalar)) {
    const auto& text = std::get<std::string>(value.scalar);
    if (const auto problem = interpolation_problem(text)) {
      throw ConfigError(Reject::composition, origin.text() + ": in '" + text + "': " + *problem);
    }
  }
  return Node::make_scalar(value.scalar, origin);
}

}  // namespace genesis::config
