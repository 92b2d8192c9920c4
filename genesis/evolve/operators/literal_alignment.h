#pragma once

#include <vector>

#include "genesis/evolve/operators/literal_sites.h"

namespace genesis::evolve {

/// A number of the parent and the values that two mates have in its place. A mate without such a
/// place, or with a number of the other kind there, counts as having the parent's value.
struct AlignedLiteral {
  LiteralSite own;
  double first = 0;
  double second = 0;
};

/// Numbers of one file whose line, read without its numbers, occurs in the mates' file of the same
/// path too; the k-th such line meets the k-th. Those for which no mate has a counterpart are left
/// out. Linear in the sizes.
std::vector<AlignedLiteral> align_literals(const SourceView& parent, std::uint32_t file,
                                           const SourceView& first, const SourceView& second);

}  // namespace genesis::evolve
