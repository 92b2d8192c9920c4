#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace genesis {

/// A line of an answer that names the file of what follows.
struct PathLine {
  std::string_view path;
  bool removes = false;  ///< "Delete file: …".
};

/// The forms in which models name files: a line that holds nothing but a path, with or without a
/// heading's #, emphasis, quotes, back-ticks, a final colon, and a label ("File:", "Filename:",
/// "Path:", "New file:", "Update file:", "Delete file:"; a remark in parentheses may follow). A
/// path is the name of one of `files` (sorted), or has no white space and the extension of a known
/// language; behind a label any extension will do. Views point into the line.
std::optional<PathLine> read_path_line(std::string_view line,
                                       const std::vector<std::string>& files);

/// The path in what follows the signs of a fence: ```python src/a.py, ```python:src/a.py,
/// ```src/a.py, ```python title="src/a.py" (or file=, filename=, path=). Empty when there is none.
std::string_view path_of_fence(std::string_view info, const std::vector<std::string>& files);

/// The path of a `--- a/…` or `+++ b/…` line of a unified diff, without the one-letter folder
/// unless a file is called so; "/dev/null" as it is.
std::string_view path_of_diff_header(std::string_view line, const std::vector<std::string>& files);

}  // namespace genesis
