#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "genesis/base/error.h"
#include "genesis/program/language.h"

namespace genesis {

/// What is between the first <TAG> and the next </TAG>, trimmed; nothing when either is missing.
std::optional<std::string_view> tagged_text(std::string_view answer, std::string_view tag);

/// One SEARCH/REPLACE block as the model wrote it. The halves have no final newline.
struct EditBlock {
  std::string_view search;
  std::string_view replace;
  std::size_t line = 0;  ///< Of the `<<<<<<< SEARCH` row, in the whole answer, from 1.
};

/// More blocks than this in one answer are refused: each costs a pass over the program.
inline constexpr std::size_t kMaxEditBlocks = 200;

/// The SEARCH/REPLACE blocks in <DIFF>…</DIFF> or, where that holds none, anywhere in the answer.
/// Rows are seven characters and a word: `<<<<<<< SEARCH`, `=======`, `>>>>>>> REPLACE`; white
/// space around them does not matter, nor does prose or a code fence around the blocks. Views point
/// into the answer. Errors (kind `parse`): no block, a block without its middle or its end, too
/// many.
Result<std::vector<EditBlock>> find_edit_blocks(std::string_view answer);

/// The first fenced code block whose tag is the language's name or one of its aliases; where there
/// is none, the only untagged fenced block. In Markdown answers fences may nest. The view points
/// into the answer and keeps its final newline. Errors (kind `parse`): no such block (the tags that
/// are there are named), a fence that never closes (the answer was cut off).
Result<std::string_view> find_fenced_code(std::string_view answer, const Language& language);

}  // namespace genesis
