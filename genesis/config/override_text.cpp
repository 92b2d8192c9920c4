#include "genesis/config/override_text.h"

#include <string_view>

#include "genesis/config/reject.h"

namespace genesis::config {
namespace {

using Kind = OverrideValue::Kind;

std::string escaped(std::string_view text) {
  static constexpr std::string_view kSpecial = "\\()[]{}:=, \t";
  std::string out;
  for (const char c : text) {
    if (kSpecial.find(c) != std::string_view::npos) out += '\\';
    out += c;
  }
  return out;
}

/// Backslashes count double in front of a quote, the closing one included.
std::string with_quotes(std::string_view text, char quote) {
  std::string out(1, quote);
  for (std::size_t i = 0; i < text.size();) {
    std::size_t run = i;
    while (run < text.size() && text[run] == '\\') ++run;
    const bool before_quote = run == text.size() || text[run] == quote;
    out.append((run - i) * (before_quote ? 2 : 1), '\\');
    if (run < text.size()) {
      if (text[run] == quote) out += '\\';
      out += text[run];
    }
    i = run + 1;
  }
  return out + quote;
}

std::string scalar_text(const Scalar& scalar) {
  if (std::holds_alternative<Null>(scalar)) return "null";
  if (const auto* text = std::get_if<std::string>(&scalar)) return escaped(*text);
  return python_str(scalar);
}

std::string list_text(const std::vector<OverrideValue>& items) {
  std::string out = "[";
  for (const OverrideValue& item : items) {
    if (out.size() > 1) out += ',';
    out += override_text(item);
  }
  return out + "]";
}

/// Of a glob() among other values Hydra makes its two lists of texts.
std::string glob_text(const OverrideValue& glob) {
  OverrideValue texts = glob;
  for (OverrideValue& list : texts.items) {
    for (OverrideValue& item : list.items) {
      if (item.kind != Kind::scalar || item.quote != 0 ||
          std::holds_alternative<Null>(item.scalar)) {
        throw ConfigError(Reject::composition, "glob() among other values");
      }
      item.scalar = python_str(item.scalar);
    }
  }
  return "{include:" + list_text(texts.items[0].items) +
         ",exclude:" + list_text(texts.items[1].items) + "}";
}

}  // namespace

std::string override_text(const OverrideValue& value) {
  switch (value.kind) {
    case Kind::scalar:
      if (const auto* text = std::get_if<std::string>(&value.scalar); text && value.quote != 0) {
        return with_quotes(*text, value.quote);
      }
      return scalar_text(value.scalar);
    case Kind::list:
      return list_text(value.items);
    case Kind::map: {
      std::string out = "{";
      for (std::size_t i = 0; i < value.keys.size(); ++i) {
        if (i > 0) out += ',';
        out += scalar_text(value.keys[i]) + ":" + override_text(value.items[i]);
      }
      return out + "}";
    }
    case Kind::sweep:
      break;
  }
  if (value.sweep == SweepKind::glob) return glob_text(value);
  throw ConfigError(Reject::composition, "a sweep inside a value");
}

}  // namespace genesis::config
