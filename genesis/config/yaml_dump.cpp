#include "genesis/config/yaml_dump.h"

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <string_view>
#include <vector>

namespace genesis::config {
namespace {

constexpr std::size_t kWidth = 80;
constexpr std::size_t kStep = 2;
constexpr std::size_t kLongestSimpleKey = 128;
using Letters = std::u32string;

Letters decode(std::string_view text) {
  Letters out;
  for (std::size_t i = 0; i < text.size();) {
    const auto lead = static_cast<unsigned char>(text[i]);
    const std::size_t size = lead < 0x80 ? 1 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
    char32_t letter = size == 1 ? lead : lead & (0xFFu >> (size + 1));
    for (std::size_t k = 1; k < size && i + k < text.size(); ++k) {
      letter = (letter << 6) | (static_cast<unsigned char>(text[i + k]) & 0x3Fu);
    }
    out.push_back(letter);
    i += size;
  }
  return out;
}

void encode(char32_t letter, std::string& out) {
  const auto put = [&out](char32_t byte) { out.push_back(static_cast<char>(byte)); };
  if (letter < 0x80) {
    put(letter);
  } else if (letter < 0x800) {
    put(0xC0 | (letter >> 6));
    put(0x80 | (letter & 0x3F));
  } else if (letter < 0x10000) {
    put(0xE0 | (letter >> 12));
    put(0x80 | ((letter >> 6) & 0x3F));
    put(0x80 | (letter & 0x3F));
  } else {
    put(0xF0 | (letter >> 18));
    put(0x80 | ((letter >> 12) & 0x3F));
    put(0x80 | ((letter >> 6) & 0x3F));
    put(0x80 | (letter & 0x3F));
  }
}

bool is_break(char32_t c) {
  return c == '\n' || c == 0x85 || c == 0x2028 || c == 0x2029;
}
bool is_space_like(char32_t c) {
  return c == 0 || c == ' ' || c == '\t' || c == '\r' || is_break(c);
}
bool in(std::string_view set, char32_t c) {
  return c < 0x80 && set.find(static_cast<char>(c)) != std::string_view::npos;
}
bool printable(char32_t c) {
  if (c >= 0x20 && c <= 0x7E) return true;
  return c != 0xFEFF && ((c >= 0xA0 && c <= 0xD7FF) || (c >= 0xE000 && c <= 0xFFFD));
}

/// Which styles a text may be written in, as PyYAML decides.
struct Analysis {
  bool multiline = false;
  bool plain = true;
  bool single_quoted = true;
};

Analysis analyze(const Letters& text) {
  Analysis result;
  if (text.empty()) return result;
  const auto follows = [&text](std::size_t i) {
    return i + 1 >= text.size() || is_space_like(text[i + 1]);
  };
  bool indicators = text.rfind(U"---", 0) == 0 || text.rfind(U"...", 0) == 0;
  bool special = false;
  bool break_space = false;
  bool space_break = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char32_t c = text[i];
    const bool preceded = i == 0 || is_space_like(text[i - 1]);
    if (i == 0) {
      if (in("#,[]{}&*!|>'\"%@`", c) || (in("?:-", c) && follows(i))) indicators = true;
    } else if ((c == ':' && follows(i)) || (c == '#' && preceded)) {
      indicators = true;
    }
    result.multiline = result.multiline || is_break(c);
    const bool known = c == '\n' || c == 0x85 || printable(c) || (c >= 0x10000 && c < 0x10FFFF);
    special = special || !known;
    const bool after_break = i > 0 && is_break(text[i - 1]);
    const bool after_space = i > 0 && text[i - 1] == ' ';
    break_space = break_space || (c == ' ' && after_break);
    space_break = space_break || (is_break(c) && after_space);
  }
  const auto edge = [](char32_t c) { return c == ' ' || is_break(c); };
  result.plain = !edge(text.front()) && !edge(text.back()) && !break_space && !space_break &&
                 !special && !result.multiline && !indicators;
  result.single_quoted = !break_space && !space_break && !special;
  return result;
}

bool all_digits(std::string_view text) {
  return !text.empty() &&
         std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

/// PyYAML writes texts that it would read as a timestamp in quotes.
bool looks_like_timestamp(std::string_view text) {
  if (text.size() < 8 || !all_digits(text.substr(0, 4)) || text[4] != '-') return false;
  if (text.size() == 10 && text[7] == '-' && all_digits(text.substr(5, 2)) &&
      all_digits(text.substr(8, 2))) {
    return true;
  }
  std::size_t i = 5;
  const auto number = [&](std::size_t least, std::size_t most) {
    std::size_t count = 0;
    while (count < most && i < text.size() && text[i] >= '0' && text[i] <= '9') ++count, ++i;
    return count >= least;
  };
  const auto letter = [&](std::string_view set) {
    if (i >= text.size() || set.find(text[i]) == std::string_view::npos) return false;
    ++i;
    return true;
  };
  if (!number(1, 2) || !letter("-") || !number(1, 2)) return false;
  if (!letter("Tt")) {
    if (!letter(" \t")) return false;
    while (letter(" \t")) {
    }
  }
  if (!number(1, 2) || !letter(":") || !number(2, 2) || !letter(":") || !number(2, 2)) return false;
  if (letter(".")) number(0, text.size());
  while (letter(" \t")) {
  }
  if (i == text.size()) return text.back() != ' ' && text.back() != '\t';
  if (letter("Z")) return i == text.size();
  if (!letter("+-") || !number(1, 2)) return false;
  if (letter(":") && !number(2, 2)) return false;
  return i == text.size();
}

bool needs_quotes(const std::string& text) {
  static constexpr std::string_view kYesNo[] = {"y", "Y", "n", "N"};
  if (std::find(std::begin(kYesNo), std::end(kYesNo), text) != std::end(kYesNo)) return true;
  if (python_int(text) || python_float(text)) return true;
  const PlainScalar plain = resolve_plain(text);
  if (plain.kind != PlainKind::value || !std::holds_alternative<std::string>(plain.value)) {
    return true;
  }
  return looks_like_timestamp(text);
}

std::string float_text(double value) {
  std::string text = python_float_text(value);
  if (text == "nan") return ".nan";
  if (text == "inf") return ".inf";
  if (text == "-inf") return "-.inf";
  const std::size_t exponent = text.find('e');
  if (exponent != std::string::npos && text.find('.') == std::string::npos) {
    text.insert(exponent, ".0");
  }
  return text;
}

class Emitter {
 public:
  std::string run(const Node& node) {
    emit(node, false);
    indent_ = -1;
    write_indent();
    return std::move(out_);
  }

 private:
  void emit(const Node& node, bool in_mapping) {
    if (node.is_scalar()) {
      emit_scalar(node.scalar(), false);
    } else if (node.is_map()) {
      emit_map(node);
    } else {
      emit_list(node, in_mapping);
    }
  }

  void emit_map(const Node& node) {
    if (node.entries().empty()) {
      write_indicator("{", true, true);
      write_indicator("}", false);
      return;
    }
    const int saved = indent_;
    indent_ = indent_ < 0 ? 0 : indent_ + static_cast<int>(kStep);
    for (const Node::Entry& entry : node.entries()) {
      write_indent();
      if (simple_key(entry.key)) {
        emit_scalar(entry.key, true);
        write_indicator(":", false);
      } else {
        write_indicator("?", true, false, true);
        emit_scalar(entry.key, false);
        write_indent();
        write_indicator(":", true, false, true);
      }
      emit(*entry.value, true);
    }
    indent_ = saved;
  }

  void emit_list(const Node& node, bool in_mapping) {
    if (node.items().empty()) {
      write_indicator("[", true, true);
      write_indicator("]", false);
      return;
    }
    const int saved = indent_;
    const bool indentless = in_mapping && !indention_;
    if (indent_ < 0) {
      indent_ = 0;
    } else if (!indentless) {
      indent_ += static_cast<int>(kStep);
    }
    for (const NodePtr& item : node.items()) {
      write_indent();
      write_indicator("-", true, false, true);
      emit(*item, false);
    }
    indent_ = saved;
  }

  static bool simple_key(const Scalar& key) {
    const auto* text = std::get_if<std::string>(&key);
    if (text == nullptr) return true;
    const Letters letters = decode(*text);
    return !letters.empty() && letters.size() < kLongestSimpleKey && !analyze(letters).multiline;
  }

  void emit_scalar(const Scalar& scalar, bool is_key) {
    if (const auto* text = std::get_if<std::string>(&scalar)) {
      emit_text(*text, is_key);
      return;
    }
    std::string text = python_str(scalar);
    if (std::holds_alternative<Null>(scalar)) text = "null";
    if (const auto* flag = std::get_if<bool>(&scalar)) text = *flag ? "true" : "false";
    if (const auto* number = std::get_if<double>(&scalar)) text = float_text(*number);
    write_plain(decode(text), false);
  }

  /// Lines that a long text is split into stand one step deeper.
  void emit_text(const std::string& text, bool is_key) {
    const int saved = indent_;
    indent_ = std::max(indent_, 0) + static_cast<int>(kStep);
    write_text(text, is_key);
    indent_ = saved;
  }

  void write_text(const std::string& text, bool is_key) {
    const Letters letters = decode(text);
    const Analysis analysis = analyze(letters);
    if (!letters.empty() && analysis.plain && !needs_quotes(text)) {
      write_plain(letters, !is_key);
    } else if (analysis.single_quoted && !(is_key && analysis.multiline)) {
      write_single_quoted(letters, !is_key);
    } else {
      write_double_quoted(letters, !is_key);
    }
  }

  void write_line_break() {
    whitespace_ = true;
    indention_ = true;
    column_ = 0;
    out_ += '\n';
  }

  void write_indent() {
    const auto indent = static_cast<std::size_t>(std::max(indent_, 0));
    if (!indention_ || column_ > indent || (column_ == indent && !whitespace_)) write_line_break();
    if (column_ < indent) {
      whitespace_ = true;
      out_.append(indent - column_, ' ');
      column_ = indent;
    }
  }

  void write_indicator(std::string_view indicator, bool need_whitespace, bool whitespace = false,
                       bool indention = false) {
    if (!whitespace_ && need_whitespace) {
      out_ += ' ';
      ++column_;
    }
    whitespace_ = whitespace;
    indention_ = indention_ && indention;
    out_ += indicator;
    column_ += indicator.size();
  }

  void write(const Letters& text, std::size_t start, std::size_t end) {
    for (std::size_t i = start; i < end; ++i) encode(text[i], out_);
    column_ += end - start;
  }

  void write_breaks(const Letters& text, std::size_t start, std::size_t end) {
    if (text[start] == '\n') write_line_break();
    for (std::size_t i = start; i < end; ++i) {
      if (text[i] == '\n') {
        write_line_break();
      } else {
        whitespace_ = true;
        indention_ = true;
        column_ = 0;
        encode(text[i], out_);
      }
    }
    write_indent();
  }

  void write_plain(const Letters& text, bool split) {
    if (text.empty()) return;
    if (!whitespace_) {
      out_ += ' ';
      ++column_;
    }
    whitespace_ = false;
    indention_ = false;
    std::size_t i = 0;
    while (i < text.size()) {
      const bool spaces = text[i] == ' ';
      std::size_t end = i;
      while (end < text.size() && (text[end] == ' ') == spaces) ++end;
      if (spaces && end == i + 1 && column_ > kWidth && split) {
        write_indent();
        whitespace_ = false;
        indention_ = false;
      } else {
        write(text, i, end);
      }
      i = end;
    }
  }

  void write_single_quoted(const Letters& text, bool split) {
    write_indicator("'", true);
    std::size_t i = 0;
    while (i < text.size()) {
      const bool spaces = text[i] == ' ';
      const bool breaks = is_break(text[i]);
      std::size_t end = i;
      while (end < text.size() && (text[end] == ' ') == spaces && is_break(text[end]) == breaks) {
        ++end;
      }
      if (breaks) {
        write_breaks(text, i, end);
      } else if (spaces && end == i + 1 && column_ > kWidth && split && i != 0 &&
                 end != text.size()) {
        write_indent();
      } else {
        for (std::size_t k = i; k < end; ++k) {
          if (text[k] == '\'') write(U"'", 0, 1);
          write(text, k, k + 1);
        }
      }
      i = end;
    }
    write_indicator("'", false);
  }

  static std::string escaped(char32_t c) {
    static constexpr std::pair<char32_t, char> kNamed[] = {
        {0, '0'},     {7, 'a'},    {8, 'b'},    {9, 't'},      {10, 'n'},
        {11, 'v'},    {12, 'f'},   {13, 'r'},   {0x1B, 'e'},   {'"', '"'},
        {'\\', '\\'}, {0x85, 'N'}, {0xA0, '_'}, {0x2028, 'L'}, {0x2029, 'P'}};
    for (const auto& [letter, name] : kNamed) {
      if (letter == c) return std::string("\\") + name;
    }
    char buffer[16];
    const char* format = c <= 0xFF ? "\\x%02X" : c <= 0xFFFF ? "\\u%04X" : "\\U%08X";
    std::snprintf(buffer, sizeof buffer, format, static_cast<unsigned>(c));
    return buffer;
  }

  static bool needs_escape(char32_t c) {
    return c == '"' || c == '\\' || is_break(c) || !printable(c);
  }

  void write_double_quoted(const Letters& text, bool split) {
    write_indicator("\"", true);
    std::size_t start = 0;
    for (std::size_t end = 0; end <= text.size(); ++end) {
      const bool at_end = end == text.size();
      if (at_end || needs_escape(text[end])) {
        write(text, start, end);
        start = end;
        if (!at_end) {
          const std::string escape = escaped(text[end]);
          out_ += escape;
          column_ += escape.size();
          start = end + 1;
        }
      }
      const bool may_split = end > 0 && end + 1 < text.size() &&
                             (text[end] == ' ' || start >= end) && column_ + end - start > kWidth &&
                             split;
      if (may_split) {
        start = split_line(text, start, end);
      }
    }
    write_indicator("\"", false);
  }

  /// Ends the line with a backslash inside a double-quoted text; returns where the text goes on.
  std::size_t split_line(const Letters& text, std::size_t start, std::size_t end) {
    if (start < end) {
      write(text, start, end);
      start = end;
    }
    out_ += '\\';
    ++column_;
    write_indent();
    whitespace_ = false;
    indention_ = false;
    if (text[start] == ' ') {
      out_ += '\\';
      ++column_;
    }
    return start;
  }

  std::string out_;
  int indent_ = -1;
  std::size_t column_ = 0;
  bool whitespace_ = true;
  bool indention_ = true;
};

}  // namespace

std::string dump_yaml(const Node& node) {
  return Emitter().run(node);
}

}  // namespace genesis::config
