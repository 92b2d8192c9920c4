#pragma once

#include <string>
#include <string_view>

#include "genesis/base/error.h"
#include "genesis/program/language.h"
#include "genesis/program/program.h"
#include "genesis/program/unified_diff.h"

namespace genesis {

/// How a mutator answers: SEARCH/REPLACE blocks, a whole program, a whole program made of several
/// parents. `cross` is applied as `full` is; the name says where the answer came from.
enum class PatchKind { diff, full, cross };

std::string_view to_string(PatchKind kind);
/// The kind of that name, or an error that names all kinds.
Result<PatchKind> parse_patch_kind(std::string_view name);

struct PatchOptions {
  std::string file;         ///< Which file to edit; the primary one when empty.
  std::size_t context = 3;  ///< Lines around each change in the unified diff.
};

/// A program made from another by an answer.
struct PatchResult {
  Program child;
  std::string name;         ///< <NAME> of the answer, one line; may be empty.
  std::string description;  ///< <DESCRIPTION> of the answer; may be empty.
  int blocks_applied = 0;
  std::string unified_diff;  ///< Parent to child; empty when the answer changes nothing.
  DiffSummary summary;
};

/// Applies a model's whole answer to a program. Text outside EVOLVE-BLOCK regions is byte for byte
/// the parent's. Errors: kind `parse` when the answer is at fault, with a message meant to be sent
/// back to the model; `invalid_argument` or `not_found` when the program is (no markers, no such
/// file). Pure; any thread; linear in the sizes of the program and the answer.
Result<PatchResult> apply_patch(PatchKind kind, const Program& parent, std::string_view answer,
                                const Language& language, const PatchOptions& options = {});

}  // namespace genesis
