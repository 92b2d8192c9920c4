#include "genesis/program/lexing/lexer.h"

#include <array>
#include <cstring>

namespace genesis {
namespace {

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}
bool is_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || (c & '\x80') != 0;
}
bool is_word(char c) {
  return is_letter(c) || is_digit(c);
}

/// Longest first within a first character; an operator that a language does not have is never
/// written by its programs, so one list serves all.
constexpr std::string_view kLongSigns[] = {
    ">>>=", "<<=", ">>=", "**=", "//=", "===", "!==", "...", "..=", "&&=", "||=", "?\?=",
    ">>>",  "<=>", "->*", "==",  "!=",  "<=",  ">=",  "&&",  "||",  "<<",  ">>",  "+=",
    "-=",   "*=",  "/=",  "%=",  "&=",  "|=",  "^=",  "->",  "=>",  "::",  "**",  "//",
    "..",   ":=",  "<-",  "?\?", "?.",  ".*",  "./",  ".+",  ".-",  ".^"};

class Lexer {
 public:
  Lexer(std::string_view text, const Language& language, const LexicalProfile& profile)
      : text_(text.substr(0, UINT32_MAX)), language_(language), profile_(profile) {
    for (const auto& lead : language.line_comments) mark_comment(lead);
    for (const auto& pair : language.block_comments) mark_comment(pair.first);
    result_.tokens.reserve(text_.size() / 4 + 16);
  }

  LexedText run() {
    while (position_ < text_.size()) step();
    if (!brackets_.empty()) fail(brackets_.back().offset, "bracket is never closed");
    return std::move(result_);
  }

 private:
  struct Bracket {
    std::size_t offset;
    char close;
  };

  void step() {
    const char c = text_[position_];
    if (c == '\n') return newline();
    if (c == ' ' || c == '\t' || c == '\r' || c == '\f') {
      ++position_;
      return;
    }
    if (c == '\\' && profile_.continuation == '\\' && peek(1) == '\n') {
      position_ += 2;
      return;
    }
    if (profile_.continuation == '&' && c == '&') return ampersand();
    if (comment_lead_[static_cast<unsigned char>(c)] && comment()) return;
    if (c == '#' && profile_.directives && at_line_start()) return directive();
    if (is_letter(c)) return word();
    if (is_digit(c) || (c == '.' && is_digit(peek(1)) && !after_operand())) return number();
    if (c == '"' || c == '\'' || c == '`') return quote(position_);
    bracket_or_sign(c);
  }

  char peek(std::size_t ahead) const {
    return position_ + ahead < text_.size() ? text_[position_ + ahead] : '\0';
  }
  bool starts_with(std::string_view lead) const {
    return text_.compare(position_, lead.size(), lead) == 0;
  }
  void mark_comment(std::string_view lead) {
    if (!lead.empty()) comment_lead_[static_cast<unsigned char>(lead[0])] = true;
  }
  void push(TokenKind kind, std::size_t begin, std::size_t end) {
    result_.tokens.push_back(
        {kind, static_cast<std::uint32_t>(begin), static_cast<std::uint32_t>(end)});
    position_ = end;
  }
  void fail(std::size_t offset, std::string message) {
    if (!result_.error) result_.error = LexicalError{offset, std::move(message)};
  }
  bool at_line_start() const {
    return result_.tokens.empty() || result_.tokens.back().kind == TokenKind::newline ||
           result_.tokens.back().kind == TokenKind::directive;
  }
  /// Whether the token just before ends an operand, so that `'` transposes and `/` divides.
  bool after_operand() const {
    if (result_.tokens.empty()) return false;
    const Token& last = result_.tokens.back();
    if (last.end != position_ && profile_.single_quote == SingleQuote::transpose) return false;
    if (last.kind == TokenKind::name) {
      return !contains_word(profile_.keywords, token_text(text_, last), profile_);
    }
    return last.kind == TokenKind::number || last.kind == TokenKind::string ||
           last.kind == TokenKind::close;
  }

  void newline() {
    const bool joined = profile_.blocks != BlockStyle::braces && !brackets_.empty();
    if (joined || continued_) {
      continued_ = false;
      ++position_;
      return;
    }
    push(TokenKind::newline, position_, position_ + 1);
  }

  void ampersand() {
    // At a line's end it joins the next line, whose leading ampersand is the same mark.
    const bool leading = continued_;
    ++position_;
    std::size_t end = position_;
    while (end < text_.size() && (text_[end] == ' ' || text_[end] == '\t')) ++end;
    const bool last = end >= text_.size() || text_[end] == '\n' || text_[end] == '!';
    continued_ = last || (leading && continued_);
    if (leading && !last) continued_ = false;
  }

  bool comment() {
    for (const auto& [open, close] : language_.block_comments) {
      if (!open.empty() && starts_with(open)) {
        block_comment(open, close);
        return true;
      }
    }
    for (const std::string& lead : language_.line_comments) {
      if (lead.empty() || !starts_with(lead)) continue;
      const std::size_t end = text_.find('\n', position_);
      push(TokenKind::comment, position_, end == std::string_view::npos ? text_.size() : end);
      return true;
    }
    return false;
  }

  void block_comment(std::string_view open, std::string_view close) {
    const std::size_t begin = position_;
    std::size_t at = begin + open.size();
    for (int depth = 1; at < text_.size();) {
      if (text_.compare(at, close.size(), close) == 0) {
        at += close.size();
        if (--depth == 0) return push(TokenKind::comment, begin, at);
      } else if (profile_.nested_comments && text_.compare(at, open.size(), open) == 0) {
        at += open.size();
        ++depth;
      } else {
        ++at;
      }
    }
    fail(begin, "comment is never closed");
    push(TokenKind::comment, begin, text_.size());
  }

  void directive() {
    std::size_t end = position_;
    do {
      end = text_.find('\n', end + 1);
    } while (end != std::string_view::npos && text_[end - 1] == '\\');
    push(TokenKind::directive, position_, end == std::string_view::npos ? text_.size() : end);
  }

  void word() {
    const std::size_t begin = position_;
    std::size_t end = begin;
    while (end < text_.size() && is_word(text_[end])) ++end;
    const char next = end < text_.size() ? text_[end] : '\0';
    const std::string_view prefix = text_.substr(begin, end - begin);
    if ((next == '"' || next == '\'' || next == '#') && prefix.size() <= 3 &&
        prefix.find_first_not_of(profile_.string_prefixes) == std::string_view::npos &&
        (next != '#' || raw_hash_string(end)) &&
        (next != '\'' || profile_.single_quote != SingleQuote::transpose)) {
      position_ = end;
      return quote(begin);
    }
    push(TokenKind::name, begin, end);
  }

  bool raw_hash_string(std::size_t at) const {
    if (!profile_.raw_hashes) return false;
    while (at < text_.size() && text_[at] == '#') ++at;
    return at < text_.size() && text_[at] == '"';
  }

  void number() {
    const std::size_t begin = position_;
    const auto& tokens = result_.tokens;
    // `pair.0` is a field, not a number.
    const bool field = !tokens.empty() && tokens.back().end == begin &&
                       token_text(text_, tokens.back()) == "." && tokens.size() > 1 &&
                       tokens[tokens.size() - 2].end == begin - 1;
    std::size_t end = begin;
    if (field) {
      while (end < text_.size() && is_digit(text_[end])) ++end;
      return push(TokenKind::name, begin, end);
    }
    if (profile_.radix_prefixes && text_[begin] == '0' && is_letter(peek(1)) &&
        std::strchr("xXoObB", peek(1)) != nullptr) {
      end = radix_end(begin + 2);
    } else {
      end = suffix_end(exponent_end(fraction_end(digits_end(begin))));
    }
    push(TokenKind::number, begin, end);
  }

  std::size_t digits_end(std::size_t at) const {
    const char separator = profile_.digit_separator;
    while (at < text_.size() &&
           (is_digit(text_[at]) || (separator != '\0' && text_[at] == separator &&
                                    at + 1 < text_.size() && is_digit(text_[at + 1])))) {
      ++at;
    }
    return at;
  }

  std::size_t radix_end(std::size_t at) const {
    const char separator = profile_.digit_separator;
    const auto belongs = [&](char c) {
      const bool exponent_sign = (c == '+' || c == '-') && (text_[at - 1] | ' ') == 'p';
      return is_word(c) || exponent_sign || (c == separator && c != '\0') || c == '.';
    };
    while (at < text_.size() && belongs(text_[at]) && !(text_[at] == '.' && peek(1) != 'x')) ++at;
    return at;
  }

  std::size_t fraction_end(std::size_t at) const {
    if (at >= text_.size() || text_[at] != '.') return at;
    const char next = at + 1 < text_.size() ? text_[at + 1] : '\0';
    if (is_digit(next)) return digits_end(at + 1);
    // `1..n`, `1.max(2)`, `1.eq.2` and `1.+x` go on after the digits.
    if (next == '.' || !profile_.trailing_point) return at;
    if (exponent_end(at + 1) != at + 1) return at + 1;
    const bool broadcast = profile_.single_quote == SingleQuote::transpose && next != '\0' &&
                           std::strchr("+-*/^\\=<>", next) != nullptr;
    return is_letter(next) || broadcast ? at : at + 1;
  }

  std::size_t exponent_end(std::size_t at) const {
    if (at >= text_.size() || profile_.exponents.find(text_[at]) == std::string_view::npos) {
      return at;
    }
    std::size_t digits = at + 1;
    if (digits < text_.size() && (text_[digits] == '+' || text_[digits] == '-')) ++digits;
    const std::size_t end = digits_end(digits);
    return end == digits ? at : end;
  }

  std::size_t suffix_end(std::size_t at) const {
    if (profile_.kind_suffix && at < text_.size() && text_[at] != '_') return at;
    if (profile_.suffixes.empty() && !profile_.kind_suffix && !profile_.name.empty()) return at;
    while (at < text_.size() && is_word(text_[at])) ++at;
    return at;
  }

  void quote(std::size_t begin) {
    const char mark = text_[position_];
    const std::string_view prefix = text_.substr(begin, position_ - begin);
    if (mark == '#') return raw_hashes(begin);
    if (mark == '`') return backquote(begin);
    if (mark == '"' && profile_.raw_parenthesis && prefix.ends_with('R')) {
      return raw_parenthesis(begin);
    }
    const bool triple = profile_.triple_quotes && peek(1) == mark && peek(2) == mark;
    if (triple) return quoted(begin, text_.substr(position_, 3), true);
    if (mark == '\'' && single_quote_is_sign()) {
      return push(TokenKind::sign, position_, position_ + 1);
    }
    quoted(begin, text_.substr(position_, 1), profile_.multiline_strings && mark == '"');
  }

  bool single_quote_is_sign() const {
    switch (profile_.single_quote) {
      case SingleQuote::transpose:
        return after_operand();
      case SingleQuote::lifetime_or_character:
        return peek(1) != '\\' && peek(2) != '\'' && !(peek(1) & '\x80');
      case SingleQuote::string_if_closed: {
        const std::size_t end = text_.find_first_of("'\n", position_ + 1);
        return after_operand() || end == std::string_view::npos || text_[end] == '\n';
      }
      default:
        return false;
    }
  }

  void quoted(std::size_t begin, std::string_view close, bool multiline) {
    std::size_t at = position_ + close.size();
    while (at < text_.size()) {
      const char c = text_[at];
      if (c == '\\' && profile_.backslash_escapes) {
        at += 2;
      } else if (c == close[0] && text_.compare(at, close.size(), close) == 0) {
        return push(TokenKind::string, begin, at + close.size());
      } else if (c == '\n' && !multiline) {
        break;
      } else {
        ++at;
      }
    }
    fail(begin, "string is never closed");
    push(TokenKind::string, begin, std::min(at, text_.size()));
  }

  void closed_by(std::size_t begin, std::size_t from, const std::string& close) {
    const std::size_t at = text_.find(close, from);
    if (at == std::string_view::npos) fail(begin, "string is never closed");
    push(TokenKind::string, begin, at == std::string_view::npos ? text_.size() : at + close.size());
  }

  void raw_hashes(std::size_t begin) {
    const std::size_t quote_at = text_.find('"', position_);
    closed_by(begin, quote_at + 1, '"' + std::string(quote_at - position_, '#'));
  }

  void raw_parenthesis(std::size_t begin) {
    const std::size_t open = text_.find_first_of("( )\\\n", position_ + 1);
    if (open == std::string_view::npos || text_[open] != '(') {
      return quoted(begin, text_.substr(position_, 1), false);
    }
    const std::string tag(text_.substr(position_ + 1, open - position_ - 1));
    closed_by(begin, open + 1, ')' + tag + '"');
  }

  void backquote(std::size_t begin) {
    if (profile_.backquote_raw) return closed_by(begin, position_ + 1, "`");
    if (!profile_.templates) return push(TokenKind::sign, position_, position_ + 1);
    // A template may hold expressions with templates inside: one entry per nesting, the text of a
    // template or the count of braces that are open in an expression.
    constexpr std::size_t kInText = SIZE_MAX;
    std::vector<std::size_t> nesting{kInText};
    for (std::size_t at = position_ + 1; at < text_.size(); ++at) {
      const char c = text_[at];
      const bool in_text = nesting.back() == kInText;
      if (c == '\\') {
        ++at;
      } else if (c == '`' && in_text) {
        nesting.pop_back();
        if (nesting.empty()) return push(TokenKind::string, begin, at + 1);
      } else if (c == '`') {
        nesting.push_back(kInText);
      } else if (in_text && c == '$' && at + 1 < text_.size() && text_[at + 1] == '{') {
        nesting.push_back(0);
        ++at;
      } else if (!in_text && (c == '\'' || c == '"')) {
        at = string_in_template(at);
      } else if (!in_text && c == '{') {
        ++nesting.back();
      } else if (!in_text && c == '}') {
        if (nesting.back() == 0)
          nesting.pop_back();
        else
          --nesting.back();
      }
    }
    fail(begin, "template is never closed");
    push(TokenKind::string, begin, text_.size());
  }

  /// Offset of the quote that ends the string which begins at `at`; `at` when it does not end.
  std::size_t string_in_template(std::size_t at) const {
    for (std::size_t end = at + 1; end < text_.size() && text_[end] != '\n'; ++end) {
      if (text_[end] == text_[at]) return end;
      if (text_[end] == '\\') ++end;
    }
    return at;
  }

  bool regular_expression() {
    bool in_class = false;
    for (std::size_t at = position_ + 1; at < text_.size() && text_[at] != '\n'; ++at) {
      const char c = text_[at];
      if (c == '\\') {
        ++at;
      } else if (c == '[' || c == ']') {
        in_class = c == '[';
      } else if (c == '/' && !in_class) {
        ++at;
        while (at < text_.size() && is_word(text_[at])) ++at;
        push(TokenKind::string, position_, at);
        return true;
      }
    }
    return false;
  }

  bool dotted_word() {
    std::size_t end = position_ + 1;
    while (end < text_.size() && is_letter(text_[end])) ++end;
    if (end == position_ + 1 || end >= text_.size() || text_[end] != '.') return false;
    push(TokenKind::sign, position_, end + 1);
    return true;
  }

  void bracket_or_sign(char c) {
    if (c == '(' || c == '[' || c == '{') {
      brackets_.push_back({position_, c == '(' ? ')' : c == '[' ? ']' : '}'});
      return push(TokenKind::open, position_, position_ + 1);
    }
    if (c == ')' || c == ']' || c == '}') {
      if (brackets_.empty() || brackets_.back().close != c) {
        fail(position_, std::string("'") + c + "' has no partner");
      }
      if (!brackets_.empty()) brackets_.pop_back();
      return push(TokenKind::close, position_, position_ + 1);
    }
    if (c == '/' && profile_.templates && !after_operand() && regular_expression()) return;
    if (c == '.' && profile_.dotted_words && dotted_word()) return;
    push(TokenKind::sign, position_, position_ + sign_length(c));
  }

  std::size_t sign_length(char c) const {
    if ((c == '+' || c == '-') && peek(1) == c) return profile_.increments ? 2 : 1;
    for (const std::string_view sign : kLongSigns) {
      if (sign[0] != c || !starts_with(sign)) continue;
      const bool broadcast = c == '.' && sign.size() == 2 && sign[1] != '.';
      if (broadcast && profile_.single_quote != SingleQuote::transpose) continue;
      return sign.size();
    }
    return 1;
  }

  std::string_view text_;
  const Language& language_;
  const LexicalProfile& profile_;
  LexedText result_;
  std::size_t position_ = 0;
  bool continued_ = false;
  std::vector<Bracket> brackets_;
  std::array<bool, 256> comment_lead_{};
};

}  // namespace

std::string_view to_string(TokenKind kind) {
  constexpr std::string_view kNames[] = {"newline", "comment", "directive", "string", "number",
                                         "name",    "sign",    "open",      "close"};
  return kNames[static_cast<std::size_t>(kind)];
}

LexedText lex(std::string_view text, const Language& language, const LexicalProfile& profile) {
  return Lexer(text, language, profile).run();
}

}  // namespace genesis
