// Patches on arbitrary programs: no input may crash, and what is outside the editable regions of a
// program stays as it was. The input is <language byte><kind byte><files>\0<answer>, where \1 is
// between files: main, b.py, lib/c.cpp.

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "genesis/base/text.h"
#include "genesis/program/edit_blocks.h"
#include "genesis/program/language.h"
#include "genesis/program/patch.h"

namespace {

using genesis::Language;
using genesis::Program;
using genesis::SourceFile;

constexpr std::array<std::string_view, 3> kPaths = {"main", "b.py", "lib/c.cpp"};

std::string immutable_text(std::string_view text, const Language& language) {
  const auto blocks = genesis::find_blocks(text, language);
  if (!blocks) std::abort();
  std::string outside;
  std::size_t from = 0;
  for (const genesis::Block& block : *blocks) {
    outside += text.substr(from, block.begin - from);
    from = block.end;
  }
  outside += text.substr(from);
  return outside;
}

const Language& language_of(std::string_view path, const Language& primary) {
  const auto dot = path.rfind('.');
  if (path == kPaths[0] || dot == std::string_view::npos) return primary;
  const Language* const found = genesis::language_of_extension(path.substr(dot + 1));
  return found == nullptr ? primary : *found;
}

const SourceFile* find(const Program& program, std::string_view path) {
  for (const SourceFile& file : program.files()) {
    if (file.path == path) return &file;
  }
  return nullptr;
}

/// What every child of `parent` must keep.
void check(const Program& parent, const genesis::PatchResult& result, const Language& primary) {
  const Program& child = result.child;
  if (result.unified_diff.empty() != (child == parent)) std::abort();
  if (child.primary().path != parent.primary().path) std::abort();
  if ((child.files().size() == 1) != (parent.files().size() == 1)) std::abort();
  for (const SourceFile& file : parent.files()) {
    const Language& language = language_of(file.path, primary);
    const SourceFile* const after = find(child, file.path);
    if (after == nullptr) {
      const std::string fixed =
          genesis::remove_marker_lines(immutable_text(file.text, language), language);
      if (!genesis::trim(fixed).empty()) std::abort();
    } else if (after->text != file.text &&
               immutable_text(after->text, language) != immutable_text(file.text, language)) {
      std::abort();
    }
  }
  for (const SourceFile& file : child.files()) {
    if (find(parent, file.path) != nullptr) continue;
    if (!genesis::has_markers(file.text, language_of(file.path, primary))) std::abort();
  }
  for (const genesis::HunkReport& hunk : result.hunks) {
    if (!(hunk.similarity > 0 && hunk.similarity <= 1)) std::abort();
    if (!genesis::is_valid_utf8(hunk.difference)) std::abort();
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 3) return 0;
  static const auto names = genesis::language_names();
  const Language& language = *genesis::find_language(names[data[0] % names.size()]);
  const auto kind = static_cast<genesis::PatchKind>(data[1] % 4);
  const std::string_view rest(reinterpret_cast<const char*>(data + 2), size - 2);
  const auto middle = rest.find('\0');
  const std::string_view answer =
      middle == std::string_view::npos ? std::string_view() : rest.substr(middle + 1);
  std::vector<SourceFile> files;
  for (const std::string_view part : genesis::split(rest.substr(0, middle), '\1')) {
    if (files.size() == kPaths.size()) break;
    SourceFile file{std::string(kPaths[files.size()]), std::string(part)};
    // Most random texts have no markers; half of the inputs get pairs, so that edits are reached.
    const Language& own = language_of(file.path, language);
    if ((data[1] & 4) == 0 && !genesis::has_markers(file.text, own)) {
      file.text = genesis::wrap_in_block(file.text, own);
    }
    files.push_back(std::move(file));
  }
  const auto parent = Program::create(std::move(files), std::string(kPaths[0]));
  if (!parent) std::abort();
  const auto result = genesis::apply_patch(kind, *parent, answer, language);
  if (result) {
    check(*parent, *result, language);
  } else if (result.error().message.empty() || !genesis::is_valid_utf8(result.error().message)) {
    std::abort();
  }
  return 0;
}
