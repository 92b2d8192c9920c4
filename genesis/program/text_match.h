#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace genesis {

/// How a SEARCH text was found; each is tried only when those before it found nothing.
enum class MatchKind {
  exact,        ///< Byte for byte; whole lines are preferred to parts of lines.
  whitespace,   ///< Whole lines, white space at line ends (and so CRLF) aside.
  indentation,  ///< Whole lines, indentation changed in a consistent way.
};

/// Indentations of the SEARCH text and what stands for them in the program, by width.
using IndentMap = std::vector<std::pair<std::string, std::string>>;

/// Where a SEARCH text is: offsets into the searched text.
struct TextMatch {
  std::size_t begin = 0;
  std::size_t end = 0;
  MatchKind kind = MatchKind::exact;
  bool whole_lines = false;  ///< From the first non-blank of a line, or its start, to a line end.
  IndentMap indents;         ///< For `indentation` only.
};

/// Finds `search` (not blank, no final newline needed) in `text`; the first match of the best kind
/// that `accept` takes. Linear in the two sizes.
std::optional<TextMatch> find_text(std::string_view text, std::string_view search,
                                   const std::function<bool(const TextMatch&)>& accept);

/// REPLACE lines with their indentation translated: a known one by the map, a deeper one by the
/// nearest known one plus the rest.
std::string reindent(std::string_view replace, const IndentMap& indents);

}  // namespace genesis
