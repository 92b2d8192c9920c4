#include "genesis/evolve/operators/source_view.h"

#include <algorithm>
#include <utility>

#include "genesis/base/text.h"
#include "genesis/program/edit_blocks.h"

namespace genesis::evolve {
namespace {

const Language& language_of(const SourceFile& file, const Program& program,
                            const Language& language) {
  if (&file == &program.primary()) return language;
  const std::size_t dot = file.path.rfind('.');
  if (dot == std::string::npos) return language;
  const Language* found = language_of_extension(std::string_view(file.path).substr(dot + 1));
  return found == nullptr ? language : *found;
}

Result<ViewedFile> view_file(const SourceFile& source, const Language& language) {
  ViewedFile file;
  file.source = &source;
  file.language = &language;
  file.profile = &lexical_profile(language);
  GENESIS_TRY_ASSIGN(const std::vector<Block> blocks, find_blocks(source.text, language));
  if (blocks.empty()) return file;
  // From the file's start, so that a string or comment that began earlier is known; nothing behind
  // the last block matters.
  file.tokens =
      lex(std::string_view(source.text).substr(0, blocks.back().end), language, *file.profile)
          .tokens;
  const auto at_least = [](const Token& token, std::size_t offset) { return token.begin < offset; };
  for (const Block& block : blocks) {
    const auto first =
        std::lower_bound(file.tokens.begin(), file.tokens.end(), block.begin, at_least);
    auto last = std::lower_bound(first, file.tokens.end(), block.end, at_least);
    if (last != first && (last - 1)->end > block.end) --last;
    file.blocks.push_back({static_cast<std::uint32_t>(block.begin),
                           static_cast<std::uint32_t>(block.end),
                           static_cast<std::uint32_t>(first - file.tokens.begin()),
                           static_cast<std::uint32_t>(last - file.tokens.begin())});
  }
  return file;
}

bool inside_blocks(const Edit& edit, const ViewedFile& file) {
  return edit.begin <= edit.end &&
         std::any_of(file.blocks.begin(), file.blocks.end(), [&](const MutableBlock& block) {
           return edit.begin >= block.begin && edit.end <= block.end;
         });
}

}  // namespace

Result<SourceView> view_source(const Program& program, const Language& language) {
  SourceView view;
  view.program = &program;
  for (const SourceFile& source : program.files()) {
    GENESIS_TRY_ASSIGN(ViewedFile file, view_file(source, language_of(source, program, language)));
    if (!file.blocks.empty()) view.files.push_back(std::move(file));
  }
  if (view.files.empty()) {
    return make_error(ErrorKind::not_found,
                      "mutate '" + program.primary().path +
                          "': no file has an EVOLVE-BLOCK-START … EVOLVE-BLOCK-END region; mark "
                          "the part that may change");
  }
  return view;
}

Result<Program> apply_edits(const Program& program, const ViewedFile& file,
                            std::vector<Edit> edits) {
  std::stable_sort(edits.begin(), edits.end(),
                   [](const Edit& a, const Edit& b) { return a.begin < b.begin; });
  const std::string_view text = file.text();
  std::string made;
  made.reserve(text.size() + 64 * edits.size());
  std::size_t kept = 0;
  for (const Edit& edit : edits) {
    if (edit.begin < kept || !inside_blocks(edit, file)) {
      return make_error(ErrorKind::internal, "mutate '" + file.source->path +
                                                 "': an edit overlaps another or leaves its block");
    }
    made.append(text, kept, edit.begin - kept);
    made += edit.text;
    kept = edit.end;
  }
  made.append(text, kept, std::string_view::npos);
  if (file.source == &program.primary()) return program.with_text(std::move(made));
  return program.with_file(file.source->path, std::move(made));
}

std::string excerpt(std::string_view text) {
  constexpr std::size_t kMost = 60;
  std::string line;
  for (const char c : trim(text)) {
    if (c == '\n' || c == ' ' || c == '\t' || c == '\r') {
      if (!line.ends_with(' ')) line += ' ';
    } else {
      line += c;
    }
    if (line.size() > kMost) break;
  }
  if (line.size() <= kMost) return line;
  line.resize(kMost - 3);
  return to_valid_utf8(line) + "…";
}

}  // namespace genesis::evolve
