#include "genesis/program/patch_draft.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "genesis/base/text.h"
#include "genesis/program/edit_blocks.h"

namespace genesis {

namespace {

tl::unexpected<Error> answer_error(std::size_t line, std::string_view what) {
  return make_error(ErrorKind::parse, fmt::format("line {} of the answer: {}", line, what));
}

std::string_view extension_of(std::string_view path) {
  const auto name = path.substr(path.rfind('/') + 1);
  const auto dot = name.rfind('.');
  return dot == std::string_view::npos ? std::string_view() : name.substr(dot + 1);
}

/// Whether `path` is `name` or ends with it behind a '/'.
bool ends_with_path(std::string_view path, std::string_view name) {
  if (!path.ends_with(name)) return false;
  return path.size() == name.size() || path[path.size() - name.size() - 1] == '/';
}

/// Why a new file may not be called so; empty when it may.
std::string bad_new_name(std::string_view path) {
  const bool readable = is_valid_utf8(path) && std::none_of(path.begin(), path.end(), [](char c) {
                          return static_cast<unsigned char>(c) < ' ' || c == '\x7f';
                        });
  if (!readable || !is_safe_relative_path(path)) {
    return "is not a plain path inside the program's folder";
  }
  const auto parts = split(path, '/');
  const bool hidden = std::any_of(parts.begin(), parts.end(),
                                  [](std::string_view part) { return part.starts_with('.'); });
  if (hidden) return "is hidden";
  if (parts.front() == "results" || path == "edit.diff" ||
      (parts.size() == 1 && path.starts_with("original."))) {
    return "is a name that Genesis uses itself";
  }
  const Language* const language = language_of_extension(extension_of(path));
  if (language == nullptr) return "has an extension of no known language";
  // Its markers would be an error to every reader.
  if (language->name == "json") return "cannot hold the comments that mark what may be edited";
  return {};
}

/// What is outside the editable regions of a text, without markers.
Result<std::string> immutable_text(std::string_view text, const Language& language) {
  GENESIS_TRY_ASSIGN(const std::vector<Block> blocks, find_blocks(text, language));
  std::string outside;
  std::size_t from = 0;
  for (const Block& block : blocks) {
    outside += text.substr(from, block.begin - from);
    from = block.end;
  }
  outside += text.substr(from);
  return remove_marker_lines(outside, language);
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

}  // namespace

std::vector<std::string> file_names(const Program& program) {
  std::vector<std::string> names;
  for (const SourceFile& file : program.files()) names.push_back(file.path);
  return names;
}

PatchDraft::PatchDraft(const Program& parent, const Language& language, const SourceFile& unnamed,
                       bool may_add_files, const std::vector<std::string_view>& names)
    : parent_(parent), language_(language), unnamed_(unnamed), may_add_files_(may_add_files) {
  one_name_ = parent.files().size() == 1 && std::all_of(names.begin(), names.end(), [&](auto name) {
                return name == names.front();
              });
}

const Language& PatchDraft::language_of(std::string_view path) const {
  if (path == parent_.primary().path) return language_;
  const Language* const found = language_of_extension(extension_of(path));
  return found == nullptr ? language_ : *found;
}

Result<const SourceFile*> PatchDraft::find(std::string_view name, std::size_t line) const {
  if (name.empty() || one_name_) return &unnamed_;
  const SourceFile* found = nullptr;
  for (const SourceFile& file : parent_.files()) {
    if (file.path == name) return &file;
    if (!ends_with_path(file.path, name)) continue;
    if (found != nullptr) {
      return answer_error(line, fmt::format("'{}' may be '{}' or '{}'; write the whole path", name,
                                            found->path, file.path));
    }
    found = &file;
  }
  return found;
}

Result<const SourceFile*> PatchDraft::find_existing(std::string_view name, std::size_t line) const {
  GENESIS_TRY_ASSIGN(const SourceFile* const found, find(name, line));
  if (found != nullptr) return found;
  const auto names = file_names(parent_);
  std::vector<std::string> shown = names;
  if (shown.size() > 10) {
    shown.resize(10);
    shown.push_back(fmt::format("… ({} in all)", names.size()));
  }
  return answer_error(line, fmt::format("the program has no file '{}'{} (it has {})", name,
                                        did_you_mean(name, names), join(shown, ", ")));
}

Status PatchDraft::may_come_or_go(std::string_view what, std::string_view path,
                                  std::size_t line) const {
  if (!may_add_files_) {
    return answer_error(
        line, fmt::format("'{}' cannot be {}: the files of this program are fixed", path, what));
  }
  if (parent_.files().size() > 1) return {};
  return answer_error(
      line, fmt::format("'{}' cannot be {}: a program of one file stays one file ('{}')", path,
                        what, parent_.primary().path));
}

Status PatchDraft::change(const SourceFile& file, EditedText edited) {
  GENESIS_TRY(check_immutable_text(file.text, edited.text, language_of(file.path)));
  if (!texts_.emplace(file.path, std::move(edited.text)).second) {
    return make_error(ErrorKind::parse,
                      fmt::format("the answer writes '{}' twice; write it once", file.path));
  }
  for (HunkReport& hunk : edited.hunks) hunks_.push_back(std::move(hunk));
  return {};
}

Status PatchDraft::create(std::string_view path, std::string_view text, std::size_t line) {
  GENESIS_TRY(may_come_or_go("created", path, line));
  if (const std::string why = bad_new_name(path); !why.empty()) {
    return answer_error(line, fmt::format("'{}' cannot be created: it {}", path, why));
  }
  if (texts_.contains(path)) {
    return answer_error(line, fmt::format("'{}' is created twice", path));
  }
  if (trim(text).empty()) return answer_error(line, fmt::format("'{}' would be empty", path));
  const Language& language = language_of(path);
  std::string content = with_newlines(text, "\n");
  if (!content.ends_with('\n')) content += '\n';
  if (!has_markers(content, language)) {
    content = wrap_in_block(content, language);
  } else if (const auto blocks = find_blocks(content, language); !blocks) {
    return answer_error(line,
                        fmt::format("in the new file '{}', {}", path, blocks.error().message));
  }
  HunkReport hunk;
  hunk.file = path;
  hunk.step = HunkStep::created;
  hunk.answer_line = line;
  hunks_.push_back(std::move(hunk));
  texts_.emplace(path, std::move(content));
  return {};
}

Status PatchDraft::remove(const SourceFile& file, std::size_t line) {
  GENESIS_TRY(may_come_or_go("deleted", file.path, line));
  const auto refuse = [&](std::string_view why) {
    return answer_error(line, fmt::format("'{}' cannot be deleted: {}", file.path, why));
  };
  if (&file == &parent_.primary()) return refuse("it is the primary file");
  if (texts_.contains(file.path)) return refuse("the answer also edits it");
  GENESIS_TRY_ASSIGN(const std::string fixed, immutable_text(file.text, language_of(file.path)));
  if (!trim(fixed).empty()) return refuse("text outside its editable regions must stay");
  HunkReport hunk;
  hunk.file = file.path;
  hunk.step = HunkStep::deleted;
  hunk.answer_line = line;
  hunks_.push_back(std::move(hunk));
  texts_.emplace(file.path, std::nullopt);
  return {};
}

std::vector<HunkReport> PatchDraft::take_reports() {
  std::stable_sort(hunks_.begin(), hunks_.end(), [](const HunkReport& a, const HunkReport& b) {
    return a.answer_line < b.answer_line;
  });
  return std::move(hunks_);
}

Result<Program> PatchDraft::finish() const {
  std::vector<SourceFile> files;
  for (const SourceFile& file : parent_.files()) {
    const auto at = texts_.find(file.path);
    if (at == texts_.end()) {
      files.push_back(file);
    } else if (at->second) {
      files.push_back({file.path, *at->second});
    }
  }
  const auto names = file_names(parent_);
  for (const auto& [path, text] : texts_) {
    if (!std::binary_search(names.begin(), names.end(), path)) files.push_back({path, *text});
  }
  if (parent_.files().size() > 1 && files.size() < 2) {
    return make_error(ErrorKind::parse,
                      fmt::format("the answer would leave only '{}': a program of several files "
                                  "keeps at least two",
                                  parent_.primary().path));
  }
  auto child = Program::create(std::move(files), parent_.primary().path);
  if (child) return child;
  return make_error(ErrorKind::parse, std::move(child.error().message));
}

}  // namespace genesis
