#include "genesis/program/edit_blocks.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <utility>

#include "genesis/base/text.h"

namespace genesis {

namespace {

constexpr std::string_view kStem = "EVOLVE-BLOCK-";
constexpr std::string_view kStart = "EVOLVE-BLOCK-START";
constexpr std::string_view kEnd = "EVOLVE-BLOCK-END";

constexpr std::string_view kLineLeads[] = {"#", "//", "!", "--", "%"};
constexpr std::pair<std::string_view, std::string_view> kBlockLeads[] = {
    {"<!--", "-->"}, {"(*", "*)"}, {"/*", "*/"}};

/// Takes "EVOLVE-BLOCK-START" or "-END" off the front, as a whole word.
Marker take_marker(std::string_view& text) {
  Marker marker = Marker::none;
  if (text.starts_with(kStart)) {
    marker = Marker::start;
    text.remove_prefix(kStart.size());
  } else if (text.starts_with(kEnd)) {
    marker = Marker::end;
    text.remove_prefix(kEnd.size());
  }
  const auto is_word = [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' || c == '-';
  };
  // "-->" and "--" may follow directly; "EVOLVE-BLOCK-START-2" and "…STARTED" are other words.
  if (!text.empty() && is_word(text.front()) && !text.starts_with("--")) return Marker::none;
  return marker;
}

/// A line as far as markers go.
struct MarkerLine {
  Marker marker = Marker::none;
  std::string_view unclosed;  ///< The closer that a block comment misses on this line, if any.
};

MarkerLine in_line_comment(std::string_view text, std::string_view lead) {
  // "##" and "//!" are comment leads too.
  if (lead.empty() || !text.starts_with(lead)) return {};
  text.remove_prefix(lead.size());
  while (text.starts_with(lead) || (!text.empty() && (text[0] == '!' || text[0] == '/'))) {
    text.remove_prefix(1);
  }
  text = trim(text);
  return {take_marker(text), {}};
}

MarkerLine in_block_comment(std::string_view text, std::string_view opener,
                            std::string_view closer) {
  if (opener.empty() || !text.starts_with(opener)) return {};
  text.remove_prefix(opener.size());
  text = trim(text);
  const Marker marker = take_marker(text);
  if (marker == Marker::none) return {};
  const auto at = text.find(closer);
  // Code behind the closed comment would be on an immutable line that no reader expects to hold
  // any; it is kept as it is, because marker lines never change.
  return {marker, at == std::string_view::npos ? closer : std::string_view()};
}

MarkerLine read_marker_line(std::string_view line, const Language& language) {
  const std::string_view text = trim(line);
  if (std::string_view bare = text; take_marker(bare) != Marker::none && bare.empty()) {
    return {text == kStart ? Marker::start : Marker::end, {}};
  }
  // Block comments first: Julia's "#=" begins with "#".
  for (const auto& [opener, closer] : language.block_comments) {
    if (const auto found = in_block_comment(text, opener, closer); found.marker != Marker::none) {
      return found;
    }
  }
  for (const auto& [opener, closer] : kBlockLeads) {
    if (const auto found = in_block_comment(text, opener, closer); found.marker != Marker::none) {
      return found;
    }
  }
  for (const std::string& lead : language.line_comments) {
    if (const auto found = in_line_comment(text, lead); found.marker != Marker::none) return found;
  }
  for (const std::string_view lead : kLineLeads) {
    if (const auto found = in_line_comment(text, lead); found.marker != Marker::none) return found;
  }
  return {};
}

/// A marker line's place: offsets of the line's begin and of the next line's.
struct Place {
  std::size_t begin = 0;
  std::size_t next = 0;
  MarkerLine line;
};

/// Calls visit(Place) for each marker line in order until it returns false. Looks only at lines
/// that hold the stem, and at each once, so that the whole is linear.
template <typename Visit>
void for_each_marker(std::string_view text, const Language& language, Visit visit) {
  std::size_t from = 0;
  for (;;) {
    const auto hit = text.find(kStem, from);
    if (hit == std::string_view::npos) return;
    std::size_t begin = hit;
    while (begin > from && text[begin - 1] != '\n') --begin;
    const auto newline = text.find('\n', hit);
    const std::size_t next = newline == std::string_view::npos ? text.size() : newline + 1;
    const MarkerLine line = read_marker_line(text.substr(begin, next - begin), language);
    if (line.marker != Marker::none && !visit(Place{begin, next, line})) return;
    from = next;
  }
}

std::string leading_space(std::string_view line) {
  const auto at = line.find_first_not_of(" \t");
  return std::string(line.substr(0, std::min(at, line.size())));
}

tl::unexpected<Error> marker_error(std::string message) {
  return make_error(ErrorKind::parse, "reading EVOLVE-BLOCK markers: " + std::move(message));
}

}  // namespace

Marker marker_of_line(std::string_view line, const Language& language) {
  return read_marker_line(line, language).marker;
}

bool has_markers(std::string_view text, const Language& language) {
  bool found = false;
  for_each_marker(text, language, [&](const Place&) {
    found = true;
    return false;
  });
  return found;
}

Result<std::vector<Block>> find_blocks(std::string_view text, const Language& language) {
  std::vector<Block> blocks;
  std::vector<Place> open;
  std::string problem;
  for_each_marker(text, language, [&](const Place& place) {
    if (!place.line.unclosed.empty()) {
      problem = fmt::format(
          "the marker's comment on line {} does not close on that line; end the line with '{}'",
          line_number(text, place.begin), place.line.unclosed);
      return false;
    }
    if (place.line.marker == Marker::start) {
      open.push_back(place);
      return true;
    }
    if (open.empty()) {
      problem = fmt::format("EVOLVE-BLOCK-END on line {} has no EVOLVE-BLOCK-START before it",
                            line_number(text, place.begin));
      return false;
    }
    const Place start = open.back();
    open.pop_back();
    if (open.empty()) {
      blocks.push_back({start.next, place.begin, leading_space(text.substr(start.begin))});
    }
    return true;
  });
  if (!problem.empty()) return marker_error(std::move(problem));
  if (!open.empty()) {
    return marker_error(
        fmt::format("EVOLVE-BLOCK-START on line {} has no EVOLVE-BLOCK-END after it",
                    line_number(text, open.back().begin)));
  }
  return blocks;
}

Result<std::vector<Span>> find_spans(std::string_view text, const Language& language) {
  GENESIS_TRY_ASSIGN(const std::vector<Block> blocks, find_blocks(text, language));
  std::vector<Span> spans;
  for (const Block& block : blocks) {
    std::size_t begin = block.begin;
    for_each_marker(text.substr(block.begin, block.end - block.begin), language,
                    [&](const Place& place) {
                      spans.push_back({begin, block.begin + place.begin});
                      begin = block.begin + place.next;
                      return true;
                    });
    spans.push_back({begin, block.end});
  }
  return spans;
}

Result<std::string> redact_immutable(std::string_view text, const Language& language) {
  GENESIS_TRY_ASSIGN(const std::vector<Span> spans, find_spans(text, language));
  std::string mutable_text;
  for (const Span& span : spans) mutable_text += text.substr(span.begin, span.end - span.begin);
  return mutable_text;
}

std::string remove_marker_lines(std::string_view text, const Language& language) {
  std::string kept;
  std::size_t from = 0;
  for_each_marker(text, language, [&](const Place& place) {
    kept += text.substr(from, place.begin - from);
    from = place.next;
    return true;
  });
  kept += text.substr(from);
  return kept;
}

std::string marker_line(Marker marker, const Language& language) {
  const std::string_view word = marker == Marker::start ? kStart : kEnd;
  if (!language.line_comments.empty()) {
    return fmt::format("{} {}", language.line_comments.front(), word);
  }
  if (language.block_comments.empty()) return std::string(word);
  const auto& [opener, closer] = language.block_comments.front();
  return fmt::format("{} {} {}", opener, word, closer);
}

std::string wrap_in_block(std::string_view text, const Language& language) {
  const std::string_view newline = newline_of(text);
  std::string wrapped = marker_line(Marker::start, language);
  wrapped += newline;
  wrapped += text;
  if (!text.empty() && text.back() != '\n') wrapped += newline;
  wrapped += marker_line(Marker::end, language);
  wrapped += newline;
  return wrapped;
}

std::string_view newline_of(std::string_view text) {
  const auto at = text.find('\n');
  return at != std::string_view::npos && at > 0 && text[at - 1] == '\r' ? "\r\n" : "\n";
}

std::string with_newlines(std::string_view text, std::string_view newline) {
  std::string converted;
  converted.reserve(text.size() + text.size() / 16);
  while (!text.empty()) {
    const auto at = text.find('\n');
    std::string_view line = text.substr(0, at);
    if (at != std::string_view::npos && !line.empty() && line.back() == '\r') line.remove_suffix(1);
    converted += line;
    if (at == std::string_view::npos) break;
    converted += newline;
    text.remove_prefix(at + 1);
  }
  return converted;
}

std::size_t line_number(std::string_view text, std::size_t offset) {
  const auto end = text.begin() + static_cast<std::ptrdiff_t>(std::min(offset, text.size()));
  return 1 + static_cast<std::size_t>(std::count(text.begin(), end, '\n'));
}

}  // namespace genesis
