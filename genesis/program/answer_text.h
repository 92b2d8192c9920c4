#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "genesis/base/error.h"
#include "genesis/program/edit_script.h"
#include "genesis/program/language.h"

namespace genesis {

/// What is between the first <TAG> and the next </TAG>, trimmed; nothing when either is missing.
std::optional<std::string_view> tagged_text(std::string_view answer, std::string_view tag);

/// The first fenced code block whose tag is the language's name or one of its aliases; where there
/// is none, the only untagged fenced block. In Markdown answers fences may nest. The view points
/// into the answer and keeps its final newline. Errors (kind `parse`): no such block (the tags that
/// are there are named), a fence that never closes (the answer was cut off).
Result<std::string_view> find_fenced_code(std::string_view answer, const Language& language);

/// A fenced code block that is said to be a file.
struct NamedCode {
  std::string_view file;  ///< As the answer writes it.
  std::string_view tag;   ///< The language, as the answer writes it; may be empty.
  std::string_view code;  ///< With its final newline.
  std::size_t line = 0;   ///< Of the opening fence, from 1.
};

/// What an answer with named files holds: whole files, and files to delete.
struct NamedFiles {
  std::vector<NamedCode> codes;
  std::vector<FileRemoval> removals;
};

/// The fenced blocks whose fence names a file, or that have such a name on the line before them,
/// and the "Delete file:" lines (answer_paths.h has the forms); `files` are the sorted names of the
/// program's files. Fences nest as for find_fenced_code. Errors (kind `parse`): a named block that
/// never closes, more than kMaxEditBlocks of them.
Result<NamedFiles> find_named_code(std::string_view answer, const Language& language,
                                   const std::vector<std::string>& files);

}  // namespace genesis
