#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "genesis/program/edit_blocks.h"
#include "genesis/program/fuzzy_match.h"
#include "genesis/program/text_match.h"

namespace genesis {

/// A SEARCH text that does not apply, and the program it was sought in.
struct FailedSearch {
  std::string_view file;           ///< Name of the program's file.
  std::string_view text;           ///< The file after the blocks before this one.
  std::string_view original;       ///< The file before any block.
  const std::vector<Span>& spans;  ///< Where edits may go in `text`.
  std::string_view search;
  std::string block;                       ///< Which it is, as messages name it.
  bool first = true;                       ///< No block of the answer was applied before it.
  std::optional<TextMatch> immutable_hit;  ///< Where it was found outside the spans, if it was.
  std::vector<SimilarPlace> similar;       ///< The places most like it, best first.
  std::string refusal;    ///< Why the best of them was not taken; empty when none was looked at.
  std::string elsewhere;  ///< A sentence on other files that have it; may be empty.
};

/// What a mutator needs to know to do it right the next time: the text that is not there, the
/// nearest places of the program with their lines, likeness and differences and whether they may be
/// edited, what may be edited, what to do. Valid UTF-8, a few KB at most. Linear in the sizes.
std::string explain_failed_search(const FailedSearch& failure);

}  // namespace genesis
