#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "genesis/base/error.h"
#include "genesis/program/language.h"
#include "genesis/program/lexing/lexer.h"
#include "genesis/program/lexing/lexical_profile.h"
#include "genesis/program/program.h"

namespace genesis::evolve {

/// A part of a file's text that may change, with the tokens that lie in it.
struct MutableBlock {
  std::uint32_t begin = 0;
  std::uint32_t end = 0;
  std::uint32_t first_token = 0;
  std::uint32_t last_token = 0;  ///< One past the last.
};

/// One file with its tokens. Borrows the program's text.
struct ViewedFile {
  const SourceFile* source = nullptr;
  const Language* language = nullptr;
  const LexicalProfile* profile = nullptr;
  std::vector<Token> tokens;
  std::vector<MutableBlock> blocks;

  std::string_view text() const { return source->text; }
  std::string_view text_of(std::uint32_t token) const {
    return token_text(source->text, tokens[token]);
  }
  TokenKind kind_of(std::uint32_t token) const { return tokens[token].kind; }
};

/// The files of a program that have mutable blocks. Valid as long as the program.
struct SourceView {
  const Program* program = nullptr;
  std::vector<ViewedFile> files;
};

/// Error `not_found` when no file has a mutable block. Files whose extension tells no language are
/// read in `language`.
Result<SourceView> view_source(const Program& program, const Language& language);

/// Replaces [begin, end) of a file's text.
struct Edit {
  std::uint32_t begin = 0;
  std::uint32_t end = 0;
  std::string text;
};

/// The program with the edits made in one of its files. Edits must not overlap and must lie within
/// mutable blocks (`internal` otherwise: the promise that other text never changes is kept here).
Result<Program> apply_edits(const Program& program, const ViewedFile& file,
                            std::vector<Edit> edits);

/// A text of at most 60 bytes on one line, for summaries.
std::string excerpt(std::string_view text);

}  // namespace genesis::evolve
