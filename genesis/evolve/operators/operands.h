#pragma once

#include <cstdint>
#include <vector>

#include "genesis/evolve/operators/source_view.h"

namespace genesis::evolve {

/// A value in an expression: a number, a name, or a name with its fields, indices and calls
/// (`a.b[i](x)`). Cautious: only where both neighbours show that a value stands there.
struct Operand {
  std::uint32_t file = 0;
  std::uint32_t begin = 0;
  std::uint32_t end = 0;
  std::uint32_t first_token = 0;
  std::uint32_t last_token = 0;  ///< One past the last.
  bool plain = false;            ///< One token.
};

std::vector<Operand> find_operands(const SourceView& view);

/// Whether the token before and the one after show that a sign is binary.
bool is_binary(const ViewedFile& file, const MutableBlock& block, std::uint32_t token);

}  // namespace genesis::evolve
