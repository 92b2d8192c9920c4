#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

namespace genesis {

/// A run of lines that differs: [a_begin, a_end) of the old text became [b_begin, b_end) of the new
/// one. Line indices count from 0.
struct ChangedRun {
  std::size_t a_begin = 0, a_end = 0;
  std::size_t b_begin = 0, b_end = 0;
  bool operator==(const ChangedRun&) const = default;
};

/// The lines of a text with their terminators; only the last one may lack its own.
std::vector<std::string_view> lines_with_ends(std::string_view text);

/// What changed between two lists of lines, in order, runs separated by at least one equal line.
/// Shortest edit script (Myers, "An O(ND) difference algorithm and its variations", 1986) while it
/// is short; where it is not, lines that are unique in both texts are used as anchors (patience
/// diff, Bram Cohen) and what lies between them is compared in the same way or taken as replaced.
/// Work is bounded by a constant times the number of lines (times its logarithm for the anchors).
std::vector<ChangedRun> diff_lines(const std::vector<std::string_view>& a,
                                   const std::vector<std::string_view>& b);

}  // namespace genesis
