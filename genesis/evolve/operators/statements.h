#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "genesis/evolve/operators/source_view.h"

namespace genesis::evolve {

/// A statement with all that is nested in it, from its first token to the end of its last.
struct Statement {
  std::uint32_t begin = 0;
  std::uint32_t end = 0;
  std::uint32_t first_token = 0;
  std::uint32_t last_token = 0;  ///< One past the last.
  std::uint32_t scope = 0;       ///< Statements of one scope are siblings, in order.
  bool compound = false;         ///< Holds statements of other scopes.
  bool fixed = false;            ///< Declares something or returns: must stay where it is, once.
};

/// The statements of one mutable block in the order of their first tokens, outer before inner.
/// Cautious: what is not understood is left out or fixed. Empty for languages without a block
/// style. Python: logical lines with their nested blocks (`if … elif … else` is one). Brace
/// languages: up to `;` (or the line's end) or the closing brace. Julia, Fortran: plain lines
/// between keyword lines, each run of them one scope.
std::vector<Statement> find_statements(const ViewedFile& file, const MutableBlock& block);

/// Error `unsupported` when the language has no statements.
Status require_statements(const SourceView& view, std::string_view operator_name);

/// White space before the statement on its line; empty when something else stands there.
std::string_view indentation(std::string_view text, const Statement& statement);

/// `text`, which is the statement's or that with other numbers, for another indentation. Empty when
/// the statement holds a string of several lines, which would change.
std::string reindented(const ViewedFile& file, const Statement& statement, std::string_view text,
                       std::string_view from, std::string_view to);

/// Takes a statement away, with its line when nothing else is on it. `alone`: no sibling is left,
/// so that a language which needs one gets its empty statement.
Edit removal(const ViewedFile& file, const MutableBlock& block, const Statement& statement,
             bool alone);
Edit insertion_before(const ViewedFile& file, const Statement& place, std::string text);
Edit insertion_after(const ViewedFile& file, const Statement& place, std::string text);

}  // namespace genesis::evolve
