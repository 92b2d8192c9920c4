#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "genesis/base/error.h"

namespace genesis {

/// When a SEARCH text that is not in a program may still stand for lines of it. The threshold is
/// that of aider's closest-match step; docs/patches.md says how it is measured.
struct FuzzyOptions {
  bool enabled = true;
  double threshold = 0.8;  ///< Least similarity, 0.6 to 1.
  /// The same for a SEARCH of one line (blank ones aside), where it is the larger: single lines
  /// have many likes.
  double one_line_threshold = 0.9;
  double margin = 0.05;  ///< By how much the best place must beat every other, 0 to 1.
};

/// The threshold that applies to these SEARCH lines.
double threshold_for(const FuzzyOptions& options, const std::vector<std::string_view>& search);

/// Error `invalid_argument` for values outside their ranges.
Status check_options(const FuzzyOptions& options);

/// A SEARCH of fewer letters (white space aside) is too short to be told from its likes.
inline constexpr std::size_t kMinFuzzyLetters = 10;
/// Larger SEARCH texts are not compared line by line: the cost must stay bounded.
inline constexpr std::size_t kMaxFuzzyLines = 1000;
inline constexpr std::size_t kMaxFuzzyBytes = 64u << 10;

/// A SEARCH line and the line of the text that it stands for; indices from 0.
struct LinePair {
  std::size_t search = 0;
  std::size_t text = 0;
  bool operator==(const LinePair&) const = default;
};

/// Lines of a text that resemble the SEARCH lines: [first, first + count), beginning and ending
/// with a line of a pair.
struct SimilarPlace {
  std::size_t first = 0;
  std::size_t count = 0;
  double similarity = 0;
  std::vector<LinePair> pairs;  ///< In order, both ways increasing.
};

struct SimilarPlaces {
  std::vector<SimilarPlace> places;  ///< Different ones, best first; equally good ones in order.
  bool complete = true;              ///< False: the steps ran out, there may be better ones.
};

/// The places of a text that are most like the SEARCH lines. Similarity is 2 × common letters ÷ all
/// letters, where lines are paired in order, the indentation and white space at line ends do not
/// count, and lines that are less than half alike are no pair. A place may have a tenth more or
/// fewer lines than SEARCH (at least one, at most five).
///
/// Where to look is found by letter pairs in linear time; only the eight most promising places, and
/// those that overlap the best one, are compared line by line. Takes at most `steps` (each about a
/// nanosecond) and counts them down; SEARCH texts beyond the limits above find nothing.
SimilarPlaces find_similar(const std::vector<std::string_view>& text,
                           const std::vector<std::string_view>& search, std::uint64_t& steps);

}  // namespace genesis
