#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "genesis/base/error.h"
#include "genesis/program/edit_report.h"
#include "genesis/program/edit_script.h"
#include "genesis/program/fuzzy_match.h"
#include "genesis/program/language.h"

namespace genesis {

/// A text after an answer was applied to it.
struct EditedText {
  std::string text;
  std::vector<HunkReport> hunks;  ///< What was applied, in order; `file` is set.
};

/// The blocks of an answer that go to one file.
struct FileEdits {
  std::string_view file;  ///< Its name.
  std::string_view text;
  std::vector<const EditBlock*> blocks;  ///< In the answer's order.
  std::size_t count = 0;                 ///< Of the answer's blocks, over all files.
};

struct EditOptions {
  FuzzyOptions fuzzy;
  /// Where else in the program a SEARCH text is that is not in this file, as a sentence for the
  /// message; empty when nowhere.
  std::function<std::string(std::string_view search)> elsewhere;
};

/// Applies SEARCH/REPLACE blocks in order, each to what those before it left:
/// - marker lines are removed from both halves;
/// - a blank SEARCH puts REPLACE on lines of its own at the end of the last editable region;
/// - otherwise the first match inside an editable region is replaced: exact (whole lines before
///   parts of lines), else with white space at line ends ignored, else with consistently changed
///   indentation, which REPLACE then gets too;
/// - a SEARCH that is nowhere in the file is matched approximately (fuzzy_match.h): the best place
///   must reach the threshold, beat every other place by the margin, those outside the regions
///   included, and lie inside one region; REPLACE is merged into it (fuzzy_merge.h);
/// - an empty REPLACE for whole lines removes the lines;
/// - new lines end as the file's lines do; text outside the regions never changes;
/// - one failing block fails all (kind `parse`, with what to do about it).
/// A text without markers is refused (kind `invalid_argument`).
Result<EditedText> apply_search_replace(const FileEdits& edits, const Language& language,
                                        const EditOptions& options = {});

}  // namespace genesis
