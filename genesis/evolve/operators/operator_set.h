#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "genesis/evolve/operator_api.h"
#include "genesis/evolve/operators/source_view.h"

namespace genesis::evolve {

// The built-in operators, one accessor each; they live as long as the process.

// literal_operators.cpp
const Operator& literal_gauss();
const Operator& literal_log();
const Operator& literal_int_step();
const Operator& literal_many();
// swap_operators.cpp
const Operator& swap_operator();
const Operator& swap_comparison();
const Operator& swap_constant();
// expression_operators.cpp
const Operator& wrap_expression();
const Operator& swap_operand();
// statement_operators.cpp
const Operator& duplicate_statement();
const Operator& delete_statement();
const Operator& swap_statements();
const Operator& move_statement();
// crossover_operators.cpp
const Operator& literal_crossover();
const Operator& block_crossover();

/// Error `not_found`: "<name>: no <what> in the mutable blocks".
tl::unexpected<Error> nothing_to_change(std::string_view name, std::string_view what);

/// The child with these edits in one file, unless it equals the parent (`not_found`).
Result<OperatorResult> make_child(const SourceView& view, std::uint32_t file,
                                  std::vector<Edit> edits, std::string summary);

/// The one instance of an operator type.
template <typename T>
const Operator& single_operator() {
  static const T instance;
  return instance;
}

}  // namespace genesis::evolve
