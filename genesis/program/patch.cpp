#include "genesis/program/patch.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <utility>
#include <vector>

#include "genesis/base/text.h"
#include "genesis/program/answer_text.h"
#include "genesis/program/edit_blocks.h"
#include "genesis/program/full_rewrite.h"
#include "genesis/program/search_replace.h"

namespace genesis {

namespace {

constexpr std::array<std::pair<PatchKind, std::string_view>, 3> kNames = {
    {{PatchKind::diff, "diff"}, {PatchKind::full, "full"}, {PatchKind::cross, "cross"}}};

const SourceFile* find_file(const Program& program, std::string_view path) {
  if (path.empty()) return program.empty() ? nullptr : &program.primary();
  for (const SourceFile& file : program.files()) {
    if (file.path == path) return &file;
  }
  return nullptr;
}

/// The last line of defence for the promise that matters most: whatever the appliers did, the text
/// around the blocks must be the parent's, byte for byte.
Status check_immutable_text(std::string_view parent, std::string_view child,
                            const Language& language) {
  GENESIS_TRY_ASSIGN(const std::vector<Block> before, find_blocks(parent, language));
  const auto after = find_blocks(child, language);
  bool same = after.has_value() && after->size() == before.size();
  std::size_t a = 0;
  std::size_t b = 0;
  for (std::size_t i = 0; same && i < before.size(); ++i) {
    same = parent.substr(a, before[i].begin - a) == child.substr(b, (*after)[i].begin - b);
    a = before[i].end;
    b = (*after)[i].end;
  }
  if (same && parent.substr(a) == child.substr(b)) return {};
  return make_error(ErrorKind::parse,
                    "the edit would change text or markers outside the editable regions; change "
                    "only lines between EVOLVE-BLOCK-START and EVOLVE-BLOCK-END");
}

std::string one_line(std::string_view text) {
  std::string line(trim(text.substr(0, text.find_first_of("\r\n"))));
  return to_valid_utf8(line);
}

}  // namespace

std::string_view to_string(PatchKind kind) {
  for (const auto& [known, name] : kNames) {
    if (known == kind) return name;
  }
  return "unknown";
}

Result<PatchKind> parse_patch_kind(std::string_view name) {
  std::vector<std::string> names;
  for (const auto& [kind, known] : kNames) {
    if (known == name) return kind;
    names.emplace_back(known);
  }
  return make_error(ErrorKind::invalid_argument,
                    fmt::format("unknown patch type '{}'{} (there are {})", name,
                                did_you_mean(name, names), join(names, ", ")));
}

Result<PatchResult> apply_patch(PatchKind kind, const Program& parent, std::string_view answer,
                                const Language& language, const PatchOptions& options) {
  const SourceFile* const file = find_file(parent, options.file);
  if (file == nullptr) {
    return make_error(ErrorKind::not_found, fmt::format("applying a {} patch: the program has no "
                                                        "file '{}'",
                                                        to_string(kind), options.file));
  }
  GENESIS_TRY_ASSIGN(EditedText edited,
                     kind == PatchKind::diff
                         ? apply_search_replace(file->path, file->text, answer, language)
                         : apply_full_rewrite(file->path, file->text, answer, language));
  GENESIS_TRY(check_immutable_text(file->text, edited.text, language));
  Difference difference = diff_texts(file->path, file->text, edited.text, options.context);
  PatchResult result;
  result.name = one_line(tagged_text(answer, "NAME").value_or(""));
  result.description = to_valid_utf8(tagged_text(answer, "DESCRIPTION").value_or(""));
  result.blocks_applied = edited.blocks_applied;
  result.unified_diff = std::move(difference.text);
  result.summary = std::move(difference.summary);
  GENESIS_TRY_ASSIGN(result.child, parent.with_file(file->path, std::move(edited.text)));
  return result;
}

}  // namespace genesis
