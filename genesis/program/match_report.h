#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "genesis/program/edit_blocks.h"
#include "genesis/program/text_match.h"

namespace genesis {

/// A SEARCH text that does not apply, and the program it was sought in.
struct FailedSearch {
  std::string_view file;           ///< Name of the program's file.
  std::string_view text;           ///< The program after the blocks before this one.
  std::string_view original;       ///< The program before any block.
  const std::vector<Span>& spans;  ///< Where edits may go in `text`.
  std::string_view search;
  std::size_t block = 1, blocks = 1;       ///< Which block of how many, from 1.
  std::size_t answer_line = 1;             ///< Line of the answer on which the block begins.
  std::optional<TextMatch> immutable_hit;  ///< Where it was found outside the spans, if it was.
};

/// What a mutator needs to know to do it right the next time: the text that is not there, lines and
/// a block of the program that look like it and whether they may be edited, what may be edited,
/// what to do. Valid UTF-8, a few KB at most. Likeness is the Sørensen-Dice coefficient of letter
/// pairs (Dice, 1945), which takes linear time. Linear in the sizes of the texts.
std::string explain_failed_search(const FailedSearch& failure);

}  // namespace genesis
