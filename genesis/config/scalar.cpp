#include "genesis/config/scalar.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>
#include <utility>

#include "genesis/base/text.h"

namespace genesis::config {
namespace {

bool digit(char c) {
  return c >= '0' && c <= '9';
}
bool one_of(std::string_view set, char c) {
  return set.find(c) != std::string_view::npos;
}

std::string without_underscores(std::string_view text) {
  std::string out(text);
  out.erase(std::remove(out.begin(), out.end(), '_'), out.end());
  return out;
}

/// Digits with single underscores between them ("1_000"), at least one digit.
bool grouped_digits(std::string_view text) {
  if (text.empty() || !digit(text.front()) || !digit(text.back())) return false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '_' && text[i - 1] == '_') return false;
    if (text[i] != '_' && !digit(text[i])) return false;
  }
  return true;
}

std::size_t span_of(std::string_view text, std::size_t from, std::string_view set) {
  std::size_t i = from;
  while (i < text.size() && one_of(set, text[i])) ++i;
  return i;
}

/// The part of "[0-9]+(?:_[0-9]+)*" that starts at `from`, greedy; `from` when there is none.
std::size_t span_grouped(std::string_view text, std::size_t from) {
  std::size_t i = span_of(text, from, "0123456789");
  if (i == from) return from;
  while (i + 1 < text.size() && text[i] == '_' && digit(text[i + 1])) {
    i = span_of(text, i + 1, "0123456789");
  }
  return i;
}

/// "(?::[0-5]?[0-9])+" from `from`; `from` when there is none.
std::size_t span_sexagesimal(std::string_view text, std::size_t from) {
  std::size_t i = from;
  while (i + 1 < text.size() && text[i] == ':' && digit(text[i + 1])) {
    i += 2;
    if (i < text.size() && digit(text[i]) && text[i - 1] <= '5') ++i;
  }
  return i;
}

/// An exponent "[eE]<sign>[0-9]+" up to the end of the text.
bool exponent_to_end(std::string_view text, std::size_t from, bool sign_needed) {
  if (from >= text.size() || !one_of("eE", text[from])) return false;
  std::size_t i = from + 1;
  if (i < text.size() && one_of("+-", text[i])) {
    ++i;
  } else if (sign_needed) {
    return false;
  }
  return i < text.size() && span_of(text, i, "0123456789") == text.size();
}

bool special_float(std::string_view text) {
  const std::string_view body = text.substr(one_of("+-", text[0]) ? 1 : 0);
  if (body == ".inf" || body == ".Inf" || body == ".INF") return true;
  return text == ".nan" || text == ".NaN" || text == ".NAN";
}

/// OmegaConf's own float pattern, or PyYAML's, which stays registered behind it.
bool matches_float(std::string_view text) {
  if (special_float(text)) return true;
  if (text[0] == '.') {
    if (text.size() < 2 || !digit(text[1])) return false;
    const std::size_t grouped = span_grouped(text, 1);
    const std::size_t loose = span_of(text, 1, "0123456789_");
    return grouped == text.size() || loose == text.size() || exponent_to_end(text, grouped, true) ||
           exponent_to_end(text, loose, true);
  }
  const std::size_t start = one_of("+-", text[0]) ? 1 : 0;
  if (start >= text.size() || !digit(text[start])) return false;
  for (const std::size_t whole : {span_grouped(text, start), span_of(text, start, "0123456789_")}) {
    const bool strict = whole == span_grouped(text, start);
    if (whole < text.size() && text[whole] == '.') {
      const std::size_t end = span_of(text, whole + 1, "0123456789_");
      if (end == text.size() || exponent_to_end(text, end, !strict)) return true;
    }
    if (strict && exponent_to_end(text, whole, false)) return true;
    const std::size_t base60 = span_sexagesimal(text, whole);
    if (base60 > whole && base60 < text.size() && text[base60] == '.' &&
        span_of(text, base60 + 1, "0123456789_") == text.size()) {
      return true;
    }
  }
  return false;
}

bool matches_int(std::string_view text) {
  const std::string_view body = text.substr(one_of("+-", text[0]) ? 1 : 0);
  if (body.empty()) return false;
  if (body == "0") return true;
  if (body.size() > 2 && body[0] == '0' && body[1] == 'b') {
    return span_of(body, 2, "01_") == body.size();
  }
  if (body.size() > 2 && body[0] == '0' && body[1] == 'x') {
    return span_of(body, 2, "0123456789abcdefABCDEF_") == body.size();
  }
  if (body[0] == '0') return span_of(body, 1, "01234567_") == body.size();
  if (body[0] < '1' || body[0] > '9') return false;
  const std::size_t whole = span_of(body, 1, "0123456789_");
  if (whole == body.size()) return true;
  const std::size_t base60 = span_sexagesimal(body, whole);
  return base60 > whole && base60 == body.size();
}

double sexagesimal(std::string_view text) {
  double value = 0;
  for (const std::string_view part : split(text, ':')) {
    value = value * 60 + std::strtod(std::string(part).c_str(), nullptr);
  }
  return value;
}

/// value*multiplier+digit on decimal digits, most significant first.
void multiply_add(std::string& decimal, int multiplier, int add) {
  int carry = add;
  for (std::size_t i = decimal.size(); i-- > 0;) {
    const int value = (decimal[i] - '0') * multiplier + carry;
    decimal[i] = static_cast<char>('0' + value % 10);
    carry = value / 10;
  }
  while (carry > 0) {
    decimal.insert(decimal.begin(), static_cast<char>('0' + carry % 10));
    carry /= 10;
  }
}

int digit_value(char c) {
  if (digit(c)) return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return 99;
}

}  // namespace

bool is_missing(const Scalar& scalar) {
  const auto* text = std::get_if<std::string>(&scalar);
  return text != nullptr && *text == "???";
}

bool is_interpolation(const Scalar& scalar) {
  const auto* text = std::get_if<std::string>(&scalar);
  return text != nullptr && text->find("${") != std::string::npos;
}

bool python_equal(const Scalar& a, const Scalar& b) {
  if (a.index() == b.index()) return a == b;
  const auto number = [](const Scalar& s) -> std::optional<double> {
    if (const auto* v = std::get_if<bool>(&s)) return *v ? 1.0 : 0.0;
    if (const auto* v = std::get_if<std::int64_t>(&s)) return static_cast<double>(*v);
    if (const auto* v = std::get_if<double>(&s)) return *v;
    return std::nullopt;
  };
  const auto left = number(a);
  const auto right = number(b);
  return left && right && *left == *right;
}

std::optional<Scalar> parse_integer(std::string_view digits, int base, bool negative) {
  if (digits.empty() || digits.size() > 4096) return std::nullopt;
  for (const char c : digits) {
    if (digit_value(c) >= base) return std::nullopt;
  }
  std::int64_t value = 0;
  std::string signed_text(negative ? 1 : 0, '-');
  signed_text += digits;
  const auto [end, error] =
      std::from_chars(signed_text.data(), signed_text.data() + signed_text.size(), value, base);
  if (error == std::errc() && end == signed_text.data() + signed_text.size()) return Scalar(value);
  std::string decimal = "0";
  for (const char c : digits) multiply_add(decimal, base, digit_value(c));
  if (negative) decimal.insert(decimal.begin(), '-');
  return Scalar(BigInteger{std::move(decimal)});
}

std::optional<Scalar> python_int(std::string_view text) {
  text = trim(text);
  if (text.empty()) return std::nullopt;
  const bool negative = text[0] == '-';
  if (one_of("+-", text[0])) text.remove_prefix(1);
  if (!grouped_digits(text)) return std::nullopt;
  return parse_integer(without_underscores(text), 10, negative);
}

std::optional<double> python_float(std::string_view text) {
  text = trim(text);
  std::string_view body = text;
  if (!body.empty() && one_of("+-", body[0])) body.remove_prefix(1);
  if (body.empty()) return std::nullopt;
  std::string lower(body);
  std::transform(lower.begin(), lower.end(), lower.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  const double sign = text[0] == '-' ? -1.0 : 1.0;
  if (lower == "inf" || lower == "infinity") return sign * std::numeric_limits<double>::infinity();
  if (lower == "nan") return std::numeric_limits<double>::quiet_NaN();
  std::size_t i = span_grouped(lower, 0);
  bool digits = i > 0;
  if (i < lower.size() && lower[i] == '.') {
    const std::size_t end = span_grouped(lower, i + 1);
    digits = digits || end > i + 1;
    i = end;
  }
  if (!digits) return std::nullopt;
  if (i < lower.size() && lower[i] == 'e') {
    std::size_t exponent = i + 1;
    if (exponent < lower.size() && one_of("+-", lower[exponent])) ++exponent;
    i = span_grouped(lower, exponent);
    if (i == exponent) return std::nullopt;
  }
  if (i != lower.size()) return std::nullopt;
  return sign * std::strtod(without_underscores(lower).c_str(), nullptr);
}

std::optional<Scalar> construct_int(std::string_view text) {
  std::string value = without_underscores(text);
  if (value.empty()) return std::nullopt;
  const bool negative = value[0] == '-';
  if (one_of("+-", value[0])) value.erase(0, 1);
  if (value.empty()) return std::nullopt;
  if (value == "0") return Scalar(std::int64_t{0});
  if (value.rfind("0b", 0) == 0) return parse_integer(value.substr(2), 2, negative);
  if (value.rfind("0x", 0) == 0) return parse_integer(value.substr(2), 16, negative);
  if (value[0] == '0') return parse_integer(value, 8, negative);
  if (value.find(':') != std::string::npos) {
    const double total = sexagesimal(value);
    if (std::fabs(total) > 9e15) return std::nullopt;
    const auto whole = static_cast<std::int64_t>(total);
    return Scalar(negative ? -whole : whole);
  }
  return parse_integer(value, 10, negative);
}

std::optional<Scalar> construct_float(std::string_view text) {
  std::string value = without_underscores(text);
  std::transform(value.begin(), value.end(), value.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  if (value.empty()) return std::nullopt;
  const double sign = value[0] == '-' ? -1.0 : 1.0;
  if (one_of("+-", value[0])) value.erase(0, 1);
  if (value == ".inf") return Scalar(sign * std::numeric_limits<double>::infinity());
  if (value == ".nan") return Scalar(std::numeric_limits<double>::quiet_NaN());
  if (value.find(':') != std::string::npos) return Scalar(sign * sexagesimal(value));
  const auto number = python_float(value);
  if (!number) return std::nullopt;
  return Scalar(sign * *number);
}

std::optional<Scalar> construct_bool(std::string_view text) {
  std::string value(text);
  std::transform(value.begin(), value.end(), value.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  if (value == "yes" || value == "true" || value == "on") return Scalar(true);
  if (value == "no" || value == "false" || value == "off") return Scalar(false);
  return std::nullopt;
}

PlainScalar resolve_plain(std::string_view text) {
  static constexpr std::string_view kBooleans[] = {
      "yes",   "Yes",   "YES",   "no", "No", "NO", "true", "True", "TRUE",
      "false", "False", "FALSE", "on", "On", "ON", "off",  "Off",  "OFF"};
  if (text.empty() || text == "~" || text == "null" || text == "Null" || text == "NULL") return {};
  if (text == "<<") return {PlainKind::merge_key, std::string(text)};
  if (text == "=") return {PlainKind::value_key, std::string(text)};
  if (std::find(std::begin(kBooleans), std::end(kBooleans), text) != std::end(kBooleans)) {
    return {PlainKind::value, *construct_bool(text)};
  }
  if (one_of("-+0123456789.", text[0])) {
    if (matches_float(text)) {
      if (auto value = construct_float(text)) return {PlainKind::value, *value};
    } else if (matches_int(text)) {
      if (auto value = construct_int(text)) return {PlainKind::value, *value};
    }
  }
  return {PlainKind::value, std::string(text)};
}

std::string python_float_text(double value) {
  if (std::isnan(value)) return "nan";
  if (std::isinf(value)) return value > 0 ? "inf" : "-inf";
  // repr() switches to an exponent below 1e-4 and from 1e16 on; the digits are the shortest.
  char buffer[64];
  const double size = std::fabs(value);
  if (size != 0 && (size < 1e-4 || size >= 1e16)) {
    const auto end =
        std::to_chars(buffer, buffer + sizeof buffer, value, std::chars_format::scientific).ptr;
    return std::string(buffer, end);
  }
  const auto end =
      std::to_chars(buffer, buffer + sizeof buffer, value, std::chars_format::fixed).ptr;
  std::string text(buffer, end);
  if (text.find('.') == std::string::npos) text += ".0";
  return text;
}

std::string python_str(const Scalar& scalar) {
  if (std::holds_alternative<Null>(scalar)) return "None";
  if (const auto* v = std::get_if<bool>(&scalar)) return *v ? "True" : "False";
  if (const auto* v = std::get_if<std::int64_t>(&scalar)) return std::to_string(*v);
  if (const auto* v = std::get_if<BigInteger>(&scalar)) return v->digits;
  if (const auto* v = std::get_if<double>(&scalar)) return python_float_text(*v);
  return std::get<std::string>(scalar);
}

std::string python_repr(const Scalar& scalar) {
  const auto* text = std::get_if<std::string>(&scalar);
  if (text == nullptr) return python_str(scalar);
  const bool single = text->find('\'') == std::string::npos;
  const char quote = single || text->find('"') != std::string::npos ? '\'' : '"';
  std::string out(1, quote);
  for (const char c : *text) {
    switch (c) {
      case '\n':
        out += "\\n";
        break;
      case '\t':
        out += "\\t";
        break;
      case '\r':
        out += "\\r";
        break;
      case '\\':
        out += "\\\\";
        break;
      default:
        if (c == quote) out += '\\';
        out += c;
    }
  }
  return out + quote;
}

}  // namespace genesis::config
