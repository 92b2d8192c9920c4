#include "genesis/program/patch.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "genesis/base/text.h"
#include "genesis/program/answer_text.h"
#include "genesis/program/edit_blocks.h"
#include "genesis/program/edit_script.h"
#include "genesis/program/full_rewrite.h"
#include "genesis/program/patch_draft.h"
#include "genesis/program/search_replace.h"
#include "genesis/program/text_match.h"

namespace genesis {

namespace {

constexpr std::array<std::pair<PatchKind, std::string_view>, 4> kNames = {
    {{PatchKind::diff, "diff"},
     {PatchKind::full, "full"},
     {PatchKind::cross, "cross"},
     {PatchKind::fix, "fix"}}};

const SourceFile* find_file(const Program& program, std::string_view path) {
  if (path.empty()) return program.empty() ? nullptr : &program.primary();
  for (const SourceFile& file : program.files()) {
    if (file.path == path) return &file;
  }
  return nullptr;
}

std::string one_line(std::string_view text) {
  std::string line(trim(text.substr(0, text.find_first_of("\r\n"))));
  return to_valid_utf8(line);
}

/// What one application works with.
struct Patching {
  const Program& parent;
  std::string_view answer;
  const Language& language;
  const PatchOptions& options;
  const SourceFile& unnamed;  ///< The file of answers that name none.
  std::vector<std::string> names;
};

/// A file of the program with the blocks that go to it, in the order of their first mention.
struct FileWork {
  const SourceFile* file = nullptr;
  FileEdits edits;
};

/// In which other file a SEARCH text is: models forget to name the file.
std::string found_elsewhere(const Program& parent, const SourceFile& not_in,
                            std::string_view search) {
  for (const SourceFile& file : parent.files()) {
    if (&file == &not_in) continue;
    const auto match = find_text(file.text, search, [](const TextMatch&) { return true; });
    if (!match) continue;
    return fmt::format("It is in {}, on line {}: write that path on the line before the block.",
                       file.path, line_number(file.text, match->begin));
  }
  return {};
}

PatchDraft new_draft(const Patching& patching, const std::vector<std::string_view>& named) {
  return {patching.parent, patching.language, patching.unnamed, patching.options.may_add_files,
          named};
}

Status remove_files(PatchDraft& draft, const std::vector<FileRemoval>& removals) {
  for (const FileRemoval& removal : removals) {
    GENESIS_TRY_ASSIGN(const SourceFile* file, draft.find_existing(removal.file, removal.line));
    GENESIS_TRY(draft.remove(*file, removal.line));
  }
  return {};
}

/// Makes the new files and tells which blocks go to which of the others.
Result<std::vector<FileWork>> assign_blocks(const Patching& patching, const EditScript& script,
                                            PatchDraft& draft) {
  std::vector<FileWork> work;
  for (const EditBlock& block : script.blocks) {
    GENESIS_TRY_ASSIGN(const SourceFile* file, draft.find(block.file, block.line));
    if (block.creates && find_file(patching.parent, block.file) != nullptr) {
      return make_error(ErrorKind::parse,
                        fmt::format("{}: '{}' is in the program already",
                                    block.name(script.blocks.size()), block.file));
    }
    if (block.creates || (file == nullptr && trim(block.search).empty())) {
      GENESIS_TRY(draft.create(block.file, block.replace, block.line));
      continue;
    }
    if (file == nullptr) {
      GENESIS_TRY_ASSIGN(file, draft.find_existing(block.file, block.line));
    }
    auto at = std::find_if(work.begin(), work.end(),
                           [&](const FileWork& known) { return known.file == file; });
    if (at == work.end()) {
      at = work.insert(work.end(), {file, {file->path, file->text, {}, script.blocks.size()}});
    }
    at->edits.blocks.push_back(&block);
  }
  return work;
}

Result<PatchDraft> apply_edits(const Patching& patching) {
  GENESIS_TRY_ASSIGN(const EditScript script, read_edit_script(patching.answer, patching.names));
  std::vector<std::string_view> named;
  for (const EditBlock& block : script.blocks) {
    if (!block.file.empty() && !block.creates) named.push_back(block.file);
  }
  PatchDraft draft = new_draft(patching, named);
  GENESIS_TRY_ASSIGN(const auto work, assign_blocks(patching, script, draft));
  for (const FileWork& item : work) {
    EditOptions options;
    options.fuzzy = patching.options.fuzzy;
    options.elsewhere = [&](std::string_view search) {
      return found_elsewhere(patching.parent, *item.file, search);
    };
    const Language& language = draft.language_of(item.file->path);
    GENESIS_TRY_ASSIGN(EditedText edited, apply_search_replace(item.edits, language, options));
    GENESIS_TRY(draft.change(*item.file, std::move(edited)));
  }
  GENESIS_TRY(remove_files(draft, script.removals));
  return draft;
}

/// Of a program of one file only code in its language can be meant; which of several blocks it is
/// then decided as for answers that name none, unless different files are named.
bool names_files(const Patching& patching, const NamedFiles& named) {
  if (!named.removals.empty()) return true;
  if (patching.parent.files().size() > 1) return !named.codes.empty();
  const auto ours = [&](const NamedCode& code) {
    const Language* const tagged = find_language(code.tag);
    return tagged == nullptr || tagged->name == patching.language.name;
  };
  const auto first = std::find_if(named.codes.begin(), named.codes.end(), ours);
  return std::any_of(first, named.codes.end(),
                     [&](const NamedCode& code) { return ours(code) && code.file != first->file; });
}

Result<PatchDraft> rewrite_unnamed(const Patching& patching) {
  const SourceFile& file = patching.unnamed;
  PatchDraft draft = new_draft(patching, {});
  GENESIS_TRY_ASSIGN(EditedText edited, apply_full_rewrite(file.path, file.text, patching.answer,
                                                           draft.language_of(file.path)));
  GENESIS_TRY(draft.change(file, std::move(edited)));
  return draft;
}

Status rewrite_file(PatchDraft& draft, const SourceFile& file, const NamedCode& code) {
  GENESIS_TRY_ASSIGN(EditedText edited,
                     rewrite_blocks(file.path, file.text, code.code, draft.language_of(file.path)));
  for (HunkReport& hunk : edited.hunks) hunk.answer_line = code.line;
  return draft.change(file, std::move(edited));
}

Result<PatchDraft> rewrite_files(const Patching& patching) {
  GENESIS_TRY_ASSIGN(const NamedFiles named,
                     find_named_code(patching.answer, patching.language, patching.names));
  if (!names_files(patching, named)) return rewrite_unnamed(patching);
  std::vector<std::string_view> names;
  for (const NamedCode& code : named.codes) names.push_back(code.file);
  PatchDraft draft = new_draft(patching, names);
  for (const NamedCode& code : named.codes) {
    GENESIS_TRY_ASSIGN(const SourceFile* file, draft.find(code.file, code.line));
    if (file == nullptr && patching.parent.files().size() > 1) {
      GENESIS_TRY(draft.create(code.file, code.code, code.line));
      continue;
    }
    GENESIS_TRY_ASSIGN(file, draft.find_existing(code.file, code.line));
    GENESIS_TRY(rewrite_file(draft, *file, code));
  }
  GENESIS_TRY(remove_files(draft, named.removals));
  return draft;
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

namespace {

Result<PatchResult> apply(PatchKind kind, const Program& parent, std::string_view answer,
                          const Language& language, const PatchOptions& options) {
  GENESIS_TRY(check_options(options.fuzzy));
  const SourceFile* const file = find_file(parent, options.file);
  if (file == nullptr) {
    return make_error(ErrorKind::not_found, fmt::format("applying a {} patch: the program has no "
                                                        "file '{}'",
                                                        to_string(kind), options.file));
  }
  const Patching patching{parent, answer, language, options, *file, file_names(parent)};
  const bool as_edits = kind == PatchKind::diff || (kind == PatchKind::fix && holds_edits(answer));
  GENESIS_TRY_ASSIGN(PatchDraft draft, as_edits ? apply_edits(patching) : rewrite_files(patching));
  PatchResult result;
  GENESIS_TRY_ASSIGN(result.child, draft.finish());
  Difference difference = diff_programs(parent, result.child, options.context);
  result.name = one_line(tagged_text(answer, "NAME").value_or(""));
  result.description = to_valid_utf8(tagged_text(answer, "DESCRIPTION").value_or(""));
  result.hunks = draft.take_reports();
  result.unified_diff = std::move(difference.text);
  result.summary = std::move(difference.summary);
  return result;
}

}  // namespace

Result<PatchResult> apply_patch(PatchKind kind, const Program& parent, std::string_view answer,
                                const Language& language, const PatchOptions& options) {
  auto result = apply(kind, parent, answer, language, options);
  // Messages quote answers and programs, which may be any bytes.
  if (!result) result.error().message = to_valid_utf8(result.error().message);
  return result;
}

}  // namespace genesis
