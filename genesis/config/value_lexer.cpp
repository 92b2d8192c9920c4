#include "genesis/config/value_lexer.h"

#include <algorithm>

#include "genesis/base/text.h"

namespace genesis::config {
namespace {

bool digit(char c) {
  return c >= '0' && c <= '9';
}
bool letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}
bool one_of(std::string_view set, char c) {
  return set.find(c) != std::string_view::npos;
}
char at(std::string_view text, std::size_t i) {
  return i < text.size() ? text[i] : '\0';
}

/// Digits with single underscores between, from a first digit; `from` when there is none.
std::size_t digits_end(std::string_view text, std::size_t from) {
  if (!digit(at(text, from))) return from;
  std::size_t i = from + 1;
  while (digit(at(text, i)) || (at(text, i) == '_' && digit(at(text, i + 1)))) ++i;
  return i;
}

/// '0', or digits that do not begin with 0.
std::size_t whole_end(std::string_view text, std::size_t from) {
  if (at(text, from) == '0') return from + 1;
  return digits_end(text, from);
}

std::size_t exponent_end(std::string_view text, std::size_t from) {
  if (!one_of("eE", at(text, from)) || from >= text.size()) return from;
  std::size_t i = from + 1;
  if (at(text, i) == '+' || at(text, i) == '-') ++i;
  const std::size_t end = digits_end(text, i);
  return end == i ? from : end;
}

std::size_t word_end(std::string_view text, std::size_t from, std::string_view word) {
  return starts_with_ignore_case(text.substr(from), word) ? from + word.size() : from;
}

std::size_t float_end(std::string_view text, std::size_t from) {
  std::size_t start = from;
  if (at(text, start) == '+' || at(text, start) == '-') ++start;
  std::size_t best = std::max(word_end(text, start, "inf"), word_end(text, start, "nan"));
  if (best > start) return best;
  const std::size_t whole = whole_end(text, start);
  std::size_t point = start;
  if (at(text, whole) == '.') {
    const std::size_t fraction = digits_end(text, whole + 1);
    if (fraction > whole + 1) {
      point = fraction;
    } else if (whole > start) {
      point = whole + 1;
    }
  }
  best = point > start ? point : from;
  for (const std::size_t mantissa : {whole, point}) {
    if (mantissa == start) continue;
    const std::size_t end = exponent_end(text, mantissa);
    if (end > mantissa) best = std::max(best, end);
  }
  return best == start ? from : best;
}

std::size_t integer_end(std::string_view text, std::size_t from) {
  std::size_t start = from;
  if (at(text, start) == '+' || at(text, start) == '-') ++start;
  const std::size_t end = whole_end(text, start);
  return end == start ? from : end;
}

std::size_t identifier_end(std::string_view text, std::size_t from) {
  std::size_t i = from;
  if (!letter(at(text, i)) && at(text, i) != '_') return from;
  while (letter(at(text, i)) || digit(at(text, i)) || one_of("_-", at(text, i))) {
    if (i >= text.size()) break;
    ++i;
  }
  return i;
}

std::size_t escape_end(std::string_view text, std::size_t from) {
  std::size_t i = from;
  while (i + 1 < text.size() && text[i] == '\\' && one_of("\\()[]{}:=, \t", text[i + 1])) i += 2;
  return i;
}

}  // namespace

std::size_t skip_spaces(std::string_view text, std::size_t from) {
  while (from < text.size() && (text[from] == ' ' || text[from] == '\t')) ++from;
  return from;
}

LexemeMatch match_lexeme(std::string_view text, std::size_t from) {
  if (from >= text.size()) return {};
  LexemeMatch best;
  const auto consider = [&best, from](Lexeme kind, std::size_t end) {
    if (end > from && end - from > best.size) best = {kind, end - from};
  };
  consider(Lexeme::floating, float_end(text, from));
  consider(Lexeme::integer, integer_end(text, from));
  consider(Lexeme::boolean, word_end(text, from, "true"));
  consider(Lexeme::boolean, word_end(text, from, "false"));
  consider(Lexeme::null, word_end(text, from, "null"));
  consider(Lexeme::unquoted, from + (one_of("/-\\+.$%*@?|", text[from]) ? 1 : 0));
  consider(Lexeme::identifier, identifier_end(text, from));
  consider(Lexeme::escape, escape_end(text, from));
  consider(Lexeme::space, skip_spaces(text, from));
  return best;
}

std::string unescape_pairs(std::string_view text) {
  std::string out;
  for (std::size_t i = 1; i < text.size(); i += 2) out += text[i];
  return out;
}

Scalar lexeme_value(Lexeme kind, std::string_view text) {
  switch (kind) {
    case Lexeme::floating:
      return python_float(text).value_or(0.0);
    case Lexeme::integer: {
      auto value = python_int(text);
      return value ? *value : Scalar(std::string(text));
    }
    case Lexeme::boolean:
      return text.size() == 4;
    case Lexeme::null:
      return Null{};
    case Lexeme::escape:
      return unescape_pairs(text);
    default:
      return std::string(text);
  }
}

}  // namespace genesis::config
