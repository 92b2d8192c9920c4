#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "genesis/base/error.h"

namespace genesis {

/// One change that an answer asks for: what to look for, and what takes its place.
struct EditBlock {
  std::string search;     ///< Without a final newline.
  std::string replace;    ///< Without a final newline.
  std::string_view file;  ///< As the answer names it; empty: it names none.
  std::size_t line = 0;   ///< On which the block begins in the whole answer, from 1.
  std::size_t index = 0;  ///< Among the answer's blocks, from 1.
  bool is_hunk = false;   ///< From a unified diff rather than a SEARCH/REPLACE block.
  bool creates = false;   ///< Its diff says that there is no such file yet.

  /// "SEARCH/REPLACE block 2 of 3 (line 14 of the answer)".
  std::string name(std::size_t count) const;
};

struct FileRemoval {
  std::string_view file;
  std::size_t line = 0;
};

/// What a `diff` answer asks for, in its order.
struct EditScript {
  std::vector<EditBlock> blocks;
  std::vector<FileRemoval> removals;
};

/// More blocks than this in one answer are refused: each costs a pass over its file.
inline constexpr std::size_t kMaxEditBlocks = 200;

/// Reads the edits in <DIFF>…</DIFF> or, where that holds none, anywhere in the answer:
/// - SEARCH/REPLACE blocks: rows of seven characters and a word, `<<<<<<< SEARCH`, `=======`,
///   `>>>>>>> REPLACE`; white space around them does not matter, nor does prose or a code fence
///   around the blocks;
/// - hunks of a unified diff behind `---` and `+++` lines; their line numbers are ignored, since
///   models cannot count: the lines that stay or go are what is looked for.
/// A file's name (answer_paths.h, `diff --git`, `---`/`+++`) holds until the next one; "Delete
/// file:" lines and diffs to /dev/null are removals. `files` are the sorted names of the program's
/// files. Paths are views into the answer. Errors (kind `parse`): no edit, a block without its
/// middle or its end, a broken hunk, renamed or binary files, too many blocks.
Result<EditScript> read_edit_script(std::string_view answer, const std::vector<std::string>& files);

/// Whether the answer has the beginning of a SEARCH/REPLACE block or of a unified diff's hunk.
bool holds_edits(std::string_view answer);

}  // namespace genesis
