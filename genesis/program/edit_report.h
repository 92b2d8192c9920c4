#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace genesis {

/// How a piece of an answer found its place in the program.
enum class HunkStep {
  exact,        ///< SEARCH is there, byte for byte.
  whitespace,   ///< But for white space at line ends.
  indentation,  ///< But for a consistently changed indentation.
  fuzzy,        ///< Only similar lines are there.
  insertion,    ///< SEARCH was blank: REPLACE went to the end of the last editable region.
  rewrite,      ///< A whole region was written anew.
  created,      ///< A new file.
  deleted,      ///< A file that is gone.
};

std::string_view to_string(HunkStep step);

/// One applied piece of an answer.
struct HunkReport {
  std::string file;
  HunkStep step = HunkStep::exact;
  double similarity = 1;        ///< Below 1 for `fuzzy` only.
  std::size_t answer_line = 0;  ///< Where the piece begins in the answer, from 1; 0: all of it.
  /// The lines that were replaced, from 1, in the file as the pieces before this one left it;
  /// none (`last_line` = `first_line` - 1) where lines were only added.
  std::size_t first_line = 0;
  std::size_t last_line = 0;
  /// For `indentation` and `fuzzy`: what SEARCH (-) and the program (+) did not agree in. A few KB
  /// at most, valid UTF-8.
  std::string difference;
};

/// One line per piece, each with its difference indented below it: for logs and for mutators.
std::string describe_hunks(const std::vector<HunkReport>& hunks);

/// A line as messages show it: without its terminator, at most 160 bytes.
std::string clipped_line(std::string_view line);

/// Your lines (-) against the program's (+), for people: white space at line ends does not count,
/// stretches of equal lines are shortened, 24 lines at most. Each line begins with `lead` and a
/// sign.
std::string short_difference(const std::vector<std::string_view>& yours,
                             const std::vector<std::string_view>& programs, std::string_view lead);

}  // namespace genesis
