#include "genesis/program/lexing/number_literal.h"

#include <algorithm>
#include <charconv>
#include <cmath>

#include "genesis/base/text.h"

namespace genesis {
namespace {

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

std::string without_separators(std::string_view text, char separator) {
  std::string digits;
  digits.reserve(text.size());
  for (const char c : text) {
    if (c != separator) digits += c;
  }
  return digits;
}

bool known_suffix(std::string_view suffix, const LexicalProfile& profile) {
  if (suffix.empty()) return true;
  if (profile.kind_suffix && suffix[0] == '_' && suffix.size() > 1) return true;
  std::string folded(suffix);
  if (!folded.empty() && folded[0] == '_') folded.erase(0, 1);  // Rust 1_f64
  std::transform(folded.begin(), folded.end(), folded.begin(), lower);
  return std::find(profile.suffixes.begin(), profile.suffixes.end(), folded) !=
         profile.suffixes.end();
}

/// Single precision: a number with this suffix holds a float.
bool is_single(const NumberLiteral& number) {
  return number.exponent == 'f' || number.suffix == "f" || number.suffix == "F" ||
         number.suffix == "f32" || number.suffix == "_f32";
}

bool real_suffix(std::string_view suffix) {
  return suffix == "f" || suffix == "F" || suffix == "d" || suffix == "D" ||
         suffix.ends_with("f32") || suffix.ends_with("f64");
}

std::optional<NumberLiteral> parse_radix(std::string_view text, const LexicalProfile& profile) {
  NumberLiteral number;
  const char letter = lower(text[1]);
  number.radix = letter == 'x' ? 16 : letter == 'o' ? 8 : 2;
  number.prefix = text.substr(0, 2);
  number.is_integer = true;
  const std::string digits = without_separators(text.substr(2), profile.digit_separator);
  const char* end = digits.data() + digits.size();
  const auto [stop, failure] = std::from_chars(digits.data(), end, number.integer, number.radix);
  if (failure != std::errc() || stop != end) return std::nullopt;
  number.value = static_cast<double>(number.integer);
  return number;
}

/// Offset behind digits, point and exponent; notes a point or exponent in `real`.
std::size_t core_end(std::string_view text, const LexicalProfile& profile, bool& real,
                     std::size_t& exponent_at) {
  std::size_t at = 0;
  const auto digits = [&] {
    while (at < text.size() &&
           (is_digit(text[at]) || (text[at] == profile.digit_separator && at + 1 < text.size() &&
                                   is_digit(text[at + 1])))) {
      ++at;
    }
  };
  digits();
  if (at < text.size() && text[at] == '.') {
    real = true;
    ++at;
    digits();
  }
  if (at >= text.size() || profile.exponents.find(text[at]) == std::string_view::npos) return at;
  std::size_t behind = at + 1;
  if (behind < text.size() && (text[behind] == '+' || text[behind] == '-')) ++behind;
  if (behind >= text.size() || !is_digit(text[behind])) return at;
  exponent_at = at;
  real = true;
  at = behind;
  digits();
  return at;
}

}  // namespace

std::optional<NumberLiteral> parse_number(std::string_view text, const LexicalProfile& profile) {
  if (text.empty()) return std::nullopt;
  if (profile.radix_prefixes && text.size() > 2 && text[0] == '0' &&
      std::string_view("xXoObB").find(text[1]) != std::string_view::npos) {
    return parse_radix(text, profile);
  }
  NumberLiteral number;
  bool real = false;
  std::size_t exponent_at = std::string_view::npos;
  const std::size_t end = core_end(text, profile, real, exponent_at);
  number.suffix = text.substr(end);
  if (end == 0 || !known_suffix(number.suffix, profile)) return std::nullopt;
  std::string core = without_separators(text.substr(0, end), profile.digit_separator);
  if (exponent_at != std::string_view::npos) {
    number.exponent = lower(text[exponent_at]);
    const std::size_t letter = core.find_first_of("eEdDfF");
    core[letter] = 'e';
  }
  number.imaginary = number.suffix == "j" || number.suffix == "J" || number.suffix == "i";
  number.is_integer = !real && !number.imaginary && !real_suffix(number.suffix);
  const char* last = core.data() + core.size();
  if (number.is_integer) {
    if (core.size() > 1 && core[0] == '0') return std::nullopt;
    const auto [stop, failure] = std::from_chars(core.data(), last, number.integer);
    if (failure != std::errc() || stop != last) return std::nullopt;
    number.value = static_cast<double>(number.integer);
    return number;
  }
  const auto [stop, failure] = std::from_chars(core.data(), last, number.value);
  if (failure != std::errc() || stop != last || !std::isfinite(number.value)) return std::nullopt;
  return number;
}

std::string format_real(double value, const NumberLiteral& like) {
  std::string text;
  if (is_single(like)) {
    char buffer[64];
    const auto [end, failure] =
        std::to_chars(buffer, buffer + sizeof buffer, static_cast<float>(value));
    text.assign(buffer, failure == std::errc() ? end : buffer);
    if (text.find_first_of(".e") == std::string::npos) text += ".0";
  } else {
    text = shortest_double(value);
  }
  if (like.exponent != 'e') {
    const std::size_t at = text.find('e');
    if (at == std::string::npos) {
      text += like.exponent;
      text += '0';
    } else {
      text[at] = like.exponent;
    }
  }
  text += like.suffix;
  return text;
}

std::string format_integer(std::int64_t value, const NumberLiteral& like) {
  char buffer[72];
  const auto [end, failure] = std::to_chars(buffer, buffer + sizeof buffer, value, like.radix);
  std::string text(like.prefix);
  text.append(buffer, failure == std::errc() ? end : buffer);
  text += like.suffix;
  return text;
}

}  // namespace genesis
