#pragma once

#include <string>
#include <string_view>

#include "genesis/base/error.h"
#include "genesis/program/language.h"

namespace genesis {

/// A text after an answer was applied to it.
struct EditedText {
  std::string text;
  int blocks_applied = 0;
};

/// Applies the SEARCH/REPLACE blocks of an answer, in order, each to what those before it left:
/// - marker lines are removed from both halves;
/// - a blank SEARCH puts REPLACE on lines of its own at the end of the last editable region;
/// - otherwise the first match inside an editable region is replaced: exact (whole lines before
///   parts of lines), else with white space at line ends ignored, else with consistently changed
///   indentation, which REPLACE then gets too;
/// - an empty REPLACE for whole lines removes the lines;
/// - new lines end as the file's lines do; text outside the regions never changes;
/// - one failing block fails the answer (kind `parse`, with what to do about it).
/// `file` is for messages. A text without markers is refused (kind `invalid_argument`).
Result<EditedText> apply_search_replace(std::string_view file, std::string_view text,
                                        std::string_view answer, const Language& language);

}  // namespace genesis
