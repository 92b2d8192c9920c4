#include "genesis/config/interpolation_parse.h"

#include <algorithm>

#include "genesis/config/reject.h"
#include "genesis/config/value_lexer.h"

namespace genesis::config {
namespace {

constexpr int kMaxDepth = 60;

bool joins(const TextPart& part) {
  return part.interpolation == nullptr;
}

void add_text(std::vector<TextPart>& parts, std::string text) {
  if (!parts.empty() && joins(parts.back())) {
    parts.back().text += text;
  } else {
    parts.push_back({std::move(text), nullptr});
  }
}

/// Recursive descent over the text; every method starts at position_ and moves it.
class Parser {
 public:
  explicit Parser(std::string_view text) : text_(text) {}

  Expression whole_text() {
    Expression result = text_until('\0');
    return result;
  }

  Expression whole_element() {
    Expression result = element();
    if (position_ != text_.size()) fail("unexpected text");
    return result;
  }

 private:
  [[noreturn]] void fail(const std::string& message) const {
    throw ConfigError(Reject::interpolation,
                      message + " at character " + std::to_string(position_ + 1));
  }

  char peek(std::size_t ahead = 0) const {
    return position_ + ahead < text_.size() ? text_[position_ + ahead] : '\0';
  }
  bool at_end() const { return position_ >= text_.size(); }
  bool starts(std::string_view prefix) const {
    return text_.substr(position_, prefix.size()) == prefix;
  }
  /// Takes `WS? c WS?` (or only leading spaces) when it comes next.
  bool take(char c, bool trailing_spaces = true) {
    const std::size_t i = skip_spaces(text_, position_);
    if (i >= text_.size() || text_[i] != c) return false;
    position_ = trailing_spaces ? skip_spaces(text_, i + 1) : i + 1;
    return true;
  }

  /// Text up to the closing quote, or to the end when quote is '\0'. Backslashes count only before
  /// "${", before the quote, and (quoted) at the end.
  Expression text_until(char quote) {
    Expression result;
    result.kind = Expression::Kind::text;
    while (!at_end() && (quote == '\0' || peek() != quote)) {
      if (starts("${")) {
        result.parts.push_back({"", interpolation()});
      } else if (peek() == '$') {
        add_text(result.parts, "$");
        ++position_;
      } else {
        plain_run(quote, result.parts);
      }
    }
    if (result.parts.size() == 1 && !joins(result.parts[0])) {
      result.kind = Expression::Kind::reference;
    }
    return result;
  }

  void plain_run(char quote, std::vector<TextPart>& parts) {
    std::size_t end = position_;
    while (end < text_.size() && text_[end] != '$' && (quote == '\0' || text_[end] != quote)) ++end;
    std::size_t solid = end;
    while (solid > position_ && text_[solid - 1] == '\\') --solid;
    if (solid > position_) {
      add_text(parts, std::string(text_.substr(position_, solid - position_)));
      position_ = solid;
      return;
    }
    const std::size_t count = end - position_;
    position_ = end;
    const bool odd = count % 2 == 1;
    if (starts("${")) {
      add_text(parts, std::string(count / 2, '\\') + (odd ? "${" : ""));
      if (odd) position_ += 2;
    } else if (quote != '\0' && peek() == quote && !at_end()) {
      add_text(parts, std::string(count / 2, '\\') + (odd ? std::string(1, quote) : ""));
      if (odd) ++position_;
    } else {
      add_text(parts, std::string(count, '\\'));
    }
  }

  std::shared_ptr<const Interpolation> interpolation() {
    if (++depth_ > kMaxDepth) fail("nested too deeply");
    position_ = skip_spaces(text_, position_ + 2);
    auto result = std::make_shared<Interpolation>();
    bool only_names = true;  // could still be the name of a resolver
    bool expect_key = true;
    while (peek() == '.') {
      result->path.push_back({".", nullptr});
      ++position_;
      only_names = false;
    }
    while (true) {
      if (expect_key && peek() == '[') {
        bracket_key(*result);
        only_names = expect_key = false;
      } else if (expect_key) {
        only_names = key(*result) && only_names;
        expect_key = false;
      } else if (peek() == '.') {
        result->path.push_back({".", nullptr});
        ++position_;
        expect_key = true;
        if (peek() == '[') fail("a key was expected after '.'");
      } else if (peek() == '[') {
        bracket_key(*result);
        only_names = false;
      } else if (take('}', false)) {
        break;
      } else if (only_names && take(':')) {
        result->is_resolver = true;
        result->arguments = sequence();
        if (!take('}', false)) fail("'}' was expected");
        break;
      } else {
        fail("unexpected text in an interpolation");
      }
    }
    --depth_;
    return result;
  }

  void bracket_key(Interpolation& into) {
    into.path.push_back({"[", nullptr});
    ++position_;
    key(into);
    if (peek() != ']') fail("']' was expected");
    into.path.push_back({"]", nullptr});
    ++position_;
  }

  /// One key of a path; true when it could be part of a resolver's name.
  bool key(Interpolation& into) {
    if (starts("${")) {
      into.path.push_back({"", interpolation()});
      return true;
    }
    static constexpr std::string_view kStops = "\\{}()[]:. \t'\"";
    std::size_t end = position_;
    while (end < text_.size() && kStops.find(text_[end]) == std::string_view::npos) ++end;
    if (end == position_) fail("a key was expected");
    const std::string_view name = text_.substr(position_, end - position_);
    into.path.push_back({std::string(name), nullptr});
    position_ = end;
    const auto letter = [](char c) {
      return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
    };
    return letter(name[0]) && std::all_of(name.begin(), name.end(), [&letter](char c) {
             return letter(c) || c == '-' || (c >= '0' && c <= '9');
           });
  }

  bool sequence_ends() const {
    const char c =
        skip_spaces(text_, position_) < text_.size() ? text_[skip_spaces(text_, position_)] : '\0';
    return c == '}' || c == ']' || c == '\0';
  }

  /// Elements separated by commas; a missing one is an empty string, as OmegaConf still allows.
  std::vector<Expression> sequence() {
    std::vector<Expression> items;
    if (sequence_ends() && peek() != ' ' && peek() != '\t') return items;
    if (sequence_ends()) return items;
    const Expression empty{Expression::Kind::scalar, std::string(), {}, {}, {}};
    bool previous_comma = true;
    while (!sequence_ends()) {
      if (take(',')) {
        if (previous_comma) items.push_back(empty);
        previous_comma = true;
      } else {
        if (!previous_comma) fail("',' was expected");
        items.push_back(element());
        previous_comma = false;
      }
    }
    if (previous_comma) items.push_back(empty);
    return items;
  }

  Expression element() {
    if (++depth_ > kMaxDepth) fail("nested too deeply");
    Expression result;
    if (peek() == '\'' || peek() == '"') {
      result = quoted();
    } else if (peek() == '[') {
      result.kind = Expression::Kind::list;
      position_ = skip_spaces(text_, position_ + 1);
      result.items = sequence();
      if (!take(']', false)) fail("']' was expected");
    } else if (peek() == '{') {
      result = map();
    } else {
      result = primitive(true);
    }
    --depth_;
    return result;
  }

  Expression quoted() {
    const char quote = peek();
    ++position_;
    Expression inner = text_until(quote);
    if (at_end()) fail("a quote is not closed");
    ++position_;
    inner.kind = Expression::Kind::text;
    return inner;
  }

  Expression map() {
    Expression result;
    result.kind = Expression::Kind::map;
    position_ = skip_spaces(text_, position_ + 1);
    if (take('}', false)) return result;
    while (true) {
      Expression key = primitive(false);
      if (!take(':')) fail("':' was expected");
      Scalar name = key.kind == Expression::Kind::scalar ? key.value : Scalar(key.parts[0].text);
      Expression value = element();
      const auto same =
          std::find_if(result.keys.begin(), result.keys.end(),
                       [&name](const Scalar& other) { return python_equal(other, name); });
      if (same != result.keys.end()) {
        result.items[static_cast<std::size_t>(same - result.keys.begin())] = std::move(value);
      } else {
        result.keys.push_back(std::move(name));
        result.items.push_back(std::move(value));
      }
      if (take('}', false)) return result;
      if (!take(',')) fail("',' or '}' was expected");
    }
  }

  /// Whether the spaces at position_ belong to the separator that follows them.
  bool spaces_end_primitive(bool with_colon) const {
    const std::size_t i = skip_spaces(text_, position_);
    if (i >= text_.size()) return false;
    return std::string_view(",]}").find(text_[i]) != std::string_view::npos ||
           (!with_colon && text_[i] == ':');
  }

  Expression primitive(bool full) {
    Expression result;
    int count = 0;
    Lexeme kind = Lexeme::none;
    std::string_view first;
    while (!at_end()) {
      if (full && starts("${")) {
        result.parts.push_back({"", interpolation()});
        ++count;
        continue;
      }
      if (starts("${") || spaces_end_primitive(full)) break;
      const std::size_t colon = skip_spaces(text_, position_);
      if (full && colon < text_.size() && text_[colon] == ':') {
        const std::size_t end = skip_spaces(text_, colon + 1);
        first = text_.substr(position_, end - position_);
        kind = Lexeme::unquoted;
        add_text(result.parts, std::string(first));
        position_ = end;
        ++count;
        continue;
      }
      const LexemeMatch match = match_lexeme(text_, position_);
      if (match.kind == Lexeme::none) break;
      kind = match.kind;
      first = text_.substr(position_, match.size);
      add_text(result.parts, kind == Lexeme::escape ? unescape_pairs(first) : std::string(first));
      position_ += match.size;
      ++count;
    }
    if (count == 0) fail("a value was expected");
    if (count == 1 && !joins(result.parts[0])) {
      result.kind = Expression::Kind::reference;
    } else if (count == 1 && kind == Lexeme::space) {
      fail("a value was expected");
    } else if (count == 1) {
      result.value = lexeme_value(kind, first);
    } else {
      result.kind = Expression::Kind::text;
    }
    return result;
  }

  std::string_view text_;
  std::size_t position_ = 0;
  int depth_ = 0;
};

}  // namespace

Expression parse_value_text(std::string_view text) {
  return Parser(text).whole_text();
}

Expression parse_element_text(std::string_view text) {
  return Parser(text).whole_element();
}

std::optional<std::string> interpolation_problem(std::string_view text) {
  try {
    parse_value_text(text);
    return std::nullopt;
  } catch (const ConfigError& error) {
    return error.what();
  }
}

}  // namespace genesis::config
