#pragma once

#include <string_view>

#include "genesis/base/error.h"
#include "genesis/program/language.h"
#include "genesis/program/search_replace.h"

namespace genesis {

/// Puts code into the editable regions of a text:
/// - code with both markers: its block i replaces the text's block i, blocks it lacks are kept;
///   more blocks than the text has are refused;
/// - code with one marker only: the side that the marker delimits is the new content;
/// - code without markers: all of it, without the text's own head and tail where it repeats them;
/// - the last two need a text with exactly one block.
/// New lines end as the text's lines do and markers stay on lines of their own; text outside the
/// blocks never changes. Errors: kind `parse` for the code, `invalid_argument` for a text without
/// markers. `file` is for messages and reports.
Result<EditedText> rewrite_blocks(std::string_view file, std::string_view text,
                                  std::string_view code, const Language& language);

/// The same with the code of an answer, its fenced block (find_fenced_code).
Result<EditedText> apply_full_rewrite(std::string_view file, std::string_view text,
                                      std::string_view answer, const Language& language);

}  // namespace genesis
