#pragma once

#include <optional>
#include <string_view>

#include "genesis/evolve/syntax/syntax_checker.h"
#include "genesis/program/lexing/lexer.h"

namespace genesis::evolve {

/// What can be said without a compiler: strings and comments end, brackets match, and in Julia and
/// Fortran blocks have their ends. `file` of the error is left empty. Linear; any thread.
std::optional<SyntaxError> lexical_check(std::string_view text, const Language& language);

}  // namespace genesis::evolve
