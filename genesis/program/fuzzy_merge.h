#pragma once

#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <vector>

#include "genesis/program/fuzzy_match.h"

namespace genesis {

/// Puts REPLACE in the place of lines that only resemble SEARCH, as a three-way merge with SEARCH
/// as the common ancestor:
/// - lines that REPLACE repeats from SEARCH stay as the program has them, and so do lines of the
///   program that SEARCH lacks;
/// - a run of SEARCH lines that REPLACE changes or leaves out gives way to what REPLACE has there.
///   Its first and last line must be among the pairs: what is to be changed must be known;
/// - new lines are indented as the pairs show, and end with `newline`.
/// Halves have no final newline; lines of `text` have their terminators. Returns the lines for
/// [place.first, place.first + place.count), or why it cannot be done, for people.
tl::expected<std::string, std::string> merge_place(const std::vector<std::string_view>& text,
                                                   const SimilarPlace& place,
                                                   std::string_view search,
                                                   std::string_view replace,
                                                   std::string_view newline);

}  // namespace genesis
