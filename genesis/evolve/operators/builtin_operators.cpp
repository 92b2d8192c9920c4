#include <array>

#include "genesis/evolve/operator_api.h"
#include "genesis/evolve/operators/operator_set.h"

namespace genesis::evolve {

std::span<const Operator* const> builtin_operators() {
  static const std::array operators{&literal_gauss(), &literal_log(), &literal_int_step(),
                                    &literal_many()};
  return operators;
}

const Operator* find_operator(std::string_view name) {
  for (const Operator* candidate : builtin_operators()) {
    if (candidate->name() == name) return candidate;
  }
  return nullptr;
}

}  // namespace genesis::evolve
