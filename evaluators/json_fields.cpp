#include "evaluators/json_fields.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <vector>

#include "genesis/base/text.h"

namespace genesis::evaluators {
namespace {

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

int hex_digit(char c) {
  if (is_digit(c)) return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

void append_utf8(std::uint32_t code, std::string& out) {
  const auto byte = [&](std::uint32_t value) { out.push_back(static_cast<char>(value)); };
  if (code < 0x80) return byte(code);
  if (code < 0x800) {
    byte(0xC0 | code >> 6);
  } else if (code < 0x10000) {
    byte(0xE0 | code >> 12);
    byte(0x80 | (code >> 6 & 0x3F));
  } else {
    byte(0xF0 | code >> 18);
    byte(0x80 | (code >> 12 & 0x3F));
    byte(0x80 | (code >> 6 & 0x3F));
  }
  byte(0x80 | (code & 0x3F));
}

/// One pass over a text. Functions return false after `fail`; the first failure stands.
class Scanner {
 public:
  explicit Scanner(std::string_view text) : text_(text) {}

  Status object(const JsonFieldSink& sink);
  Status array(const std::function<Status(const JsonValue&)>& sink);

 private:
  bool fail(std::string what) {
    if (problem_.empty()) problem_ = std::move(what);
    return false;
  }
  bool fail_expected(std::string_view what) {
    if (at_end())
      return fail("the text ends where " + std::string(what) + " should follow (cut short?)");
    return fail("expected " + std::string(what));
  }
  Status error() const;
  bool at_end() const { return position_ >= text_.size(); }
  char peek() const { return at_end() ? '\0' : text_[position_]; }
  void skip_space();
  bool take(char c, std::string_view what);
  bool take_word(std::string_view word);

  bool value(JsonKind& kind, int depth);
  bool object_value(int depth);
  bool array_value(int depth);
  bool key(std::size_t first_key);
  bool string();
  bool escape();
  bool unicode_escape();
  bool four_hex_digits(std::size_t at, std::uint32_t& code) const;
  bool word(JsonKind& kind);
  bool number(JsonKind& kind);
  bool digits();
  bool keys_differ(std::size_t first);

  std::string_view text_;
  std::size_t position_ = 0;
  std::string out_;
  std::string problem_;
  std::vector<std::string> keys_;  // of the objects that are open now
};

Status Scanner::error() const {
  const auto before = text_.substr(0, std::min(position_, text_.size()));
  const auto lines = std::count(before.begin(), before.end(), '\n');
  const auto line_start = before.rfind('\n');
  const auto column = before.size() - (line_start == std::string_view::npos ? 0 : line_start + 1);
  return make_error(ErrorKind::parse, "line " + std::to_string(lines + 1) + ", column " +
                                          std::to_string(column + 1) + ": " + problem_);
}

void Scanner::skip_space() {
  while (!at_end() && (peek() == ' ' || peek() == '\n' || peek() == '\t' || peek() == '\r'))
    ++position_;
}

bool Scanner::take(char c, std::string_view what) {
  skip_space();
  if (peek() != c || at_end()) return fail_expected(what);
  ++position_;
  out_.push_back(c);
  return true;
}

bool Scanner::take_word(std::string_view word) {
  if (text_.substr(position_, word.size()) != word) return false;
  position_ += word.size();
  return true;
}

bool Scanner::value(JsonKind& kind, int depth) {
  if (depth > kMaxJsonDepth)
    return fail("nested deeper than " + std::to_string(kMaxJsonDepth) + " levels");
  skip_space();
  switch (peek()) {
    case '{':
      kind = JsonKind::object;
      return object_value(depth);
    case '[':
      kind = JsonKind::array;
      return array_value(depth);
    case '"':
      kind = JsonKind::string;
      return string();
    default:
      break;
  }
  const bool infinity = peek() == '-' && text_.substr(position_, 2) == "-I";
  return is_digit(peek()) || (peek() == '-' && !infinity) ? number(kind) : word(kind);
}

bool Scanner::object_value(int depth) {
  ++position_;
  out_.push_back('{');
  skip_space();
  if (peek() == '}') return take('}', "'}'");
  const std::size_t first_key = keys_.size();
  while (true) {
    JsonKind ignored;
    if (!key(first_key) || !value(ignored, depth + 1)) return false;
    skip_space();
    if (peek() != ',') break;
    ++position_;
    out_.push_back(',');
  }
  if (!take('}', "',' or '}'") || !keys_differ(first_key)) return false;
  keys_.resize(first_key);
  return true;
}

bool Scanner::array_value(int depth) {
  ++position_;
  out_.push_back('[');
  skip_space();
  if (peek() == ']') return take(']', "']'");
  while (true) {
    JsonKind ignored;
    if (!value(ignored, depth + 1)) return false;
    skip_space();
    if (peek() != ',') break;
    ++position_;
    out_.push_back(',');
  }
  return take(']', "',' or ']'");
}

/// A key and its colon.
bool Scanner::key(std::size_t first_key) {
  skip_space();
  if (peek() != '"') return fail_expected(keys_.size() == first_key ? "a key or '}'" : "a key");
  const std::size_t start = out_.size();
  if (!string()) return false;
  keys_.push_back(decode_json_string(std::string_view(out_).substr(start)));
  return take(':', "':'");
}

/// Few keys, the usual case, are compared in pairs; many are sorted.
bool Scanner::keys_differ(std::size_t first) {
  const auto begin = keys_.begin() + static_cast<std::ptrdiff_t>(first);
  if (keys_.end() - begin > 12) {
    std::sort(begin, keys_.end());
    const auto twice = std::adjacent_find(begin, keys_.end());
    return twice == keys_.end() || fail("the key '" + *twice + "' is there twice");
  }
  for (auto key = begin; key != keys_.end(); ++key)
    if (std::find(key + 1, keys_.end(), *key) != keys_.end())
      return fail("the key '" + *key + "' is there twice");
  return true;
}

bool Scanner::string() {
  ++position_;
  out_.push_back('"');
  while (true) {
    const std::size_t start = position_;
    while (!at_end() && peek() != '"' && peek() != '\\' &&
           static_cast<unsigned char>(peek()) >= 0x20)
      ++position_;
    out_.append(text_.substr(start, position_ - start));
    if (at_end()) return fail("the text ends inside a string (cut short?)");
    if (peek() == '"') {
      ++position_;
      out_.push_back('"');
      return true;
    }
    if (peek() != '\\') return fail("a control character inside a string");
    if (!escape()) return false;
  }
}

bool Scanner::escape() {
  if (position_ + 1 >= text_.size()) return fail("the text ends inside a string (cut short?)");
  const char c = text_[position_ + 1];
  if (c == 'u') return unicode_escape();
  if (std::string_view("\"\\/bfnrt").find(c) == std::string_view::npos)
    return fail("an unknown escape in a string");
  out_.append(text_.substr(position_, 2));
  position_ += 2;
  return true;
}

bool Scanner::four_hex_digits(std::size_t at, std::uint32_t& code) const {
  if (at + 6 > text_.size() || text_.substr(at, 2) != "\\u") return false;
  code = 0;
  for (std::size_t i = at + 2; i < at + 6; ++i) {
    const int digit = hex_digit(text_[i]);
    if (digit < 0) return false;
    code = code * 16 + static_cast<std::uint32_t>(digit);
  }
  return true;
}

bool Scanner::unicode_escape() {
  std::uint32_t code = 0;
  if (!four_hex_digits(position_, code))
    return fail("a \\u escape without four hexadecimal digits");
  std::uint32_t low = 0;
  const bool high = code >= 0xD800 && code < 0xDC00;
  if (high && four_hex_digits(position_ + 6, low) && low >= 0xDC00 && low < 0xE000) {
    out_.append(text_.substr(position_, 12));
    position_ += 12;
    return true;
  }
  const bool lone = code >= 0xD800 && code < 0xE000;  // Python writes them; UTF-8 cannot hold them
  out_.append(lone ? std::string_view("\\ufffd") : text_.substr(position_, 6));
  position_ += 6;
  return true;
}

bool Scanner::word(JsonKind& kind) {
  const std::size_t start = position_;
  if (take_word("true") || take_word("false")) {
    kind = JsonKind::boolean;
  } else if (take_word("null")) {
    kind = JsonKind::null;
  } else if (take_word("NaN") || take_word("Infinity") || take_word("-Infinity")) {
    kind = JsonKind::not_finite;
    out_.append("null");
    return true;
  } else {
    return fail_expected("a value");
  }
  out_.append(text_.substr(start, position_ - start));
  return true;
}

bool Scanner::digits() {
  const std::size_t start = position_;
  while (is_digit(peek())) ++position_;
  return position_ > start || fail_expected("a digit");
}

bool Scanner::number(JsonKind& kind) {
  const std::size_t start = position_;
  if (peek() == '-') ++position_;
  const bool zero = peek() == '0';
  if (!digits()) return false;
  if (zero && position_ - start > (text_[start] == '-' ? 2u : 1u))
    return fail("a number that begins with 0");
  if (peek() == '.') {
    ++position_;
    if (!digits()) return false;
  }
  const bool exponent = peek() == 'e' || peek() == 'E';
  if (exponent) {
    ++position_;
    if (peek() == '+' || peek() == '-') ++position_;
    if (!digits()) return false;
  }
  const auto written = text_.substr(start, position_ - start);
  kind = JsonKind::number;
  if (exponent || written.size() > 300) {
    if (std::isinf(std::strtod(std::string(written).c_str(), nullptr))) {  // parsers refuse it
      kind = JsonKind::not_finite;
      out_.append("null");
      return true;
    }
  }
  out_.append(written);
  return true;
}

Status Scanner::object(const JsonFieldSink& sink) {
  if (text_.substr(0, 3) == "\xEF\xBB\xBF")
    return fail("a byte order mark; write plain UTF-8"), error();
  if (!is_valid_utf8(text_)) return make_error(ErrorKind::parse, "not valid UTF-8");
  skip_space();
  if (at_end()) return make_error(ErrorKind::parse, "the file is empty");
  if (peek() != '{') return fail("expected an object '{…}'"), error();
  ++position_;
  skip_space();
  bool more = peek() != '}';
  while (more) {
    JsonValue item;
    if (!key(0)) return error();
    out_.clear();
    skip_space();
    const std::size_t start = position_;
    if (!value(item.kind, 1)) return error();
    item.compact = item.kind == JsonKind::not_finite ? text_.substr(start, position_ - start)
                                                     : std::string_view(out_);
    GENESIS_TRY(sink(keys_.back(), item));
    out_.clear();
    skip_space();
    more = peek() == ',';
    if (more) ++position_;
  }
  if (!take('}', "',' or '}'")) return error();
  skip_space();
  if (!at_end()) return fail("something follows the object"), error();
  if (!keys_differ(0)) return error();
  return {};
}

Status Scanner::array(const std::function<Status(const JsonValue&)>& sink) {
  ++position_;
  bool more = peek() != ']';
  while (more) {
    out_.clear();
    JsonValue item;
    if (!value(item.kind, 1)) return error();
    item.compact = out_;
    GENESIS_TRY(sink(item));
    more = peek() == ',';
    if (more) ++position_;
  }
  return take(']', "']'") ? Status() : error();
}

}  // namespace

std::string_view to_string(JsonKind kind) {
  switch (kind) {
    case JsonKind::null:
      return "null";
    case JsonKind::boolean:
      return "a boolean";
    case JsonKind::number:
      return "a number";
    case JsonKind::not_finite:
      return "NaN or an infinity";
    case JsonKind::string:
      return "a string";
    case JsonKind::array:
      return "a list";
    case JsonKind::object:
      return "an object";
  }
  return "?";
}

Status read_json_object(std::string_view text, const JsonFieldSink& sink) {
  return Scanner(text).object(sink);
}

Status read_json_array(std::string_view compact,
                       const std::function<Status(const JsonValue&)>& sink) {
  if (compact.empty() || compact.front() != '[')
    return make_error(ErrorKind::internal, "reading a JSON list: not a list");
  return Scanner(compact).array(sink);
}

std::string decode_json_string(std::string_view compact) {
  std::string out;
  if (compact.size() < 2) return out;
  const auto body = compact.substr(1, compact.size() - 2);
  out.reserve(body.size());
  const auto unit = [&](std::size_t at) {
    std::uint32_t code = 0;
    for (std::size_t i = at; i < at + 4; ++i)
      code = code * 16 + static_cast<std::uint32_t>(hex_digit(body[i]));
    return code;
  };
  for (std::size_t i = 0; i < body.size(); ++i) {
    if (body[i] != '\\') {
      out.push_back(body[i]);
      continue;
    }
    const char c = body[++i];
    constexpr std::string_view kShort = "bfnrt", kMeaning = "\b\f\n\r\t";
    const auto found = kShort.find(c);
    if (c == 'u') {
      std::uint32_t code = unit(i + 1);
      i += 4;
      if (code >= 0xD800 && code < 0xDC00) {
        code = 0x10000 + ((code - 0xD800) << 10) + (unit(i + 3) - 0xDC00);
        i += 6;
      }
      append_utf8(code, out);
    } else {
      out.push_back(found == std::string_view::npos ? c : kMeaning[found]);
    }
  }
  return out;
}

}  // namespace genesis::evaluators
