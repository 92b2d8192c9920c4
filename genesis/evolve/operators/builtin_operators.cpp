#include <array>
#include <utility>

#include "genesis/evolve/operator_api.h"
#include "genesis/evolve/operators/operator_set.h"

namespace genesis::evolve {

std::span<const Operator* const> builtin_operators() {
  static const std::array operators{&literal_gauss(),   &literal_log(),         &literal_int_step(),
                                    &literal_many(),    &literal_crossover(),   &wrap_expression(),
                                    &swap_operand(),    &swap_operator(),       &swap_comparison(),
                                    &swap_constant(),   &duplicate_statement(), &delete_statement(),
                                    &swap_statements(), &move_statement(),      &block_crossover()};
  return operators;
}

const Operator* find_operator(std::string_view name) {
  for (const Operator* candidate : builtin_operators()) {
    if (candidate->name() == name) return candidate;
  }
  return nullptr;
}

tl::unexpected<Error> nothing_to_change(std::string_view name, std::string_view what) {
  return make_error(ErrorKind::not_found,
                    std::string(name) + ": no " + std::string(what) + " in the mutable blocks");
}

Result<OperatorResult> make_child(const SourceView& view, std::uint32_t file,
                                  std::vector<Edit> edits, std::string summary) {
  GENESIS_TRY_ASSIGN(Program child, apply_edits(*view.program, view.files[file], std::move(edits)));
  if (child == *view.program) {
    return make_error(ErrorKind::not_found, summary + ": leaves the program as it is");
  }
  return OperatorResult{std::move(child), std::move(summary)};
}

}  // namespace genesis::evolve
