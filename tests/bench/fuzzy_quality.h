#pragma once

#include <string>
#include <vector>

/// How often fuzzy matching is right, in per cent of the cases of one size of SEARCH.
struct FuzzyQuality {
  std::size_t lines = 0;    ///< Of SEARCH.
  double found = 0;         ///< Misquoted lines found where they are.
  double elsewhere = 0;     ///< Misquoted lines taken to be elsewhere.
  double absent_taken = 0;  ///< Lines that the program lacks taken to be others.
};

/// Over random stretches of the C++ and Python sources below `folder`, with the default options.
/// Letters are dropped, digits changed, remarks and lines added and left out, as models do.
std::vector<FuzzyQuality> measure_fuzzy_quality(const std::string& folder);
