#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "genesis/base/error.h"
#include "genesis/program/edit_report.h"
#include "genesis/program/fuzzy_match.h"
#include "genesis/program/language.h"
#include "genesis/program/program.h"
#include "genesis/program/unified_diff.h"

namespace genesis {

/// How a mutator answers: edits, whole files, whole files made of several parents, or the repair of
/// a parent that failed its evaluation. `cross` is applied as `full` is, and `fix` as `diff` or
/// `full`, by what the answer holds; their names say what was asked for.
enum class PatchKind { diff, full, cross, fix };

std::string_view to_string(PatchKind kind);
/// The kind of that name, or an error that names all kinds.
Result<PatchKind> parse_patch_kind(std::string_view name);

struct PatchOptions {
  std::string file;           ///< What an answer means that names no file; empty: the primary one.
  std::size_t context = 3;    ///< Lines around each change in the unified diff.
  FuzzyOptions fuzzy;         ///< How SEARCH texts may differ from the program.
  bool may_add_files = true;  ///< New and deleted files, by the rules of patch_draft.h.
};

/// A program made from another by an answer.
struct PatchResult {
  Program child;
  std::string name;         ///< <NAME> of the answer, one line; may be empty.
  std::string description;  ///< <DESCRIPTION> of the answer; may be empty.
  /// Each applied piece: which step found its place, how alike, where, what differed.
  std::vector<HunkReport> hunks;
  std::string unified_diff;  ///< Parent to child, all files; empty when the answer changes nothing.
  DiffSummary summary;
};

/// Applies a model's whole answer to a program; docs/patches.md describes the forms. Text outside
/// EVOLVE-BLOCK regions is byte for byte the parent's, in every file; an answer is applied as a
/// whole or not at all. `language` is that of the primary file, other files have that of their
/// extension. Errors: kind `parse` when the answer is at fault, with a message meant to be sent
/// back to the model; `invalid_argument` or `not_found` when the program or the options are (no
/// markers, no such file). Pure; any thread; linear in the sizes of the program and the answer.
Result<PatchResult> apply_patch(PatchKind kind, const Program& parent, std::string_view answer,
                                const Language& language, const PatchOptions& options = {});

}  // namespace genesis
