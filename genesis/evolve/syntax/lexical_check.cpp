#include "genesis/evolve/syntax/lexical_check.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "genesis/program/edit_blocks.h"

namespace genesis::evolve {
namespace {

constexpr std::string_view kJuliaOpeners[] = {
    "begin", "for",    "function", "if",    "let", "macro",    "module",   "baremodule",
    "quote", "struct", "try",      "while", "do",  "abstract", "primitive"};

SyntaxError error_at(std::string_view text, std::size_t offset, std::string message) {
  return {"", line_number(text, offset), std::move(message)};
}

/// Julia: every block word outside brackets has its `end`.
std::optional<SyntaxError> julia_blocks(std::string_view text, const std::vector<Token>& tokens) {
  std::vector<std::size_t> open;
  int depth = 0;
  for (std::size_t i = 0; i < tokens.size(); ++i) {
    depth += tokens[i].kind == TokenKind::open ? 1 : 0;
    depth -= tokens[i].kind == TokenKind::close ? 1 : 0;
    if (depth > 0 || tokens[i].kind != TokenKind::name) continue;
    if (i > 0 && tokens[i - 1].end == tokens[i].begin) {
      // `:end`, `x.end`, `@begin` are names.
      const std::string_view before = token_text(text, tokens[i - 1]);
      if (before == ":" || before == "." || before == "@") continue;
    }
    const std::string_view word = token_text(text, tokens[i]);
    if (word == "end") {
      if (open.empty()) return error_at(text, tokens[i].begin, "'end' without a block");
      open.pop_back();
    } else if (std::find(std::begin(kJuliaOpeners), std::end(kJuliaOpeners), word) !=
               std::end(kJuliaOpeners)) {
      open.push_back(tokens[i].begin);
    }
  }
  if (open.empty()) return std::nullopt;
  return error_at(text, open.back(), "block has no 'end'");
}

std::string folded(std::string_view word) {
  std::string made(word);
  for (char& c : made) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  return made;
}

/// Fortran: `do` and `if … then` have their ends. Other blocks are left to the compiler.
class FortranBlocks {
 public:
  FortranBlocks(std::string_view text, const std::vector<Token>& tokens)
      : text_(text), tokens_(tokens) {}

  std::optional<SyntaxError> run() {
    std::vector<std::string> line;
    std::size_t begin = 0;
    for (const Token& token : tokens_) {
      const bool ends = token.kind == TokenKind::newline || token_text(text_, token) == ";";
      if (ends) {
        if (auto error = read(line, begin)) return error;
        line.clear();
      } else if (token.kind != TokenKind::comment) {
        if (line.empty()) begin = token.begin;
        line.push_back(folded(token_text(text_, token)));
      }
    }
    if (auto error = read(line, begin)) return error;
    if (!do_.empty()) return error_at(text_, do_.back(), "'do' has no 'end do'");
    if (!if_.empty()) return error_at(text_, if_.back(), "'if … then' has no 'end if'");
    return std::nullopt;
  }

 private:
  std::optional<SyntaxError> read(const std::vector<std::string>& line, std::size_t begin) {
    if (line.empty()) return std::nullopt;
    // `name: do`
    const std::size_t at = line.size() > 2 && line[1] == ":" ? 2 : 0;
    const std::string next = at + 1 < line.size() ? line[at + 1] : "";
    if (line[at] == "do" && (next.empty() || (next[0] >= 'a' && next[0] <= 'z'))) {
      do_.push_back(begin);
    } else if (line[at] == "if" && line.back() == "then") {
      if_.push_back(begin);
    } else if (line[at] == "enddo" || (line[at] == "end" && next == "do")) {
      return pop(do_, begin, "'end do' without 'do'");
    } else if (line[at] == "endif" || (line[at] == "end" && next == "if")) {
      return pop(if_, begin, "'end if' without 'if … then'");
    }
    return std::nullopt;
  }

  std::optional<SyntaxError> pop(std::vector<std::size_t>& open, std::size_t begin,
                                 std::string message) const {
    if (open.empty()) return error_at(text_, begin, std::move(message));
    open.pop_back();
    return std::nullopt;
  }

  std::string_view text_;
  const std::vector<Token>& tokens_;
  std::vector<std::size_t> do_;
  std::vector<std::size_t> if_;
};

}  // namespace

std::optional<SyntaxError> lexical_check(std::string_view text, const Language& language) {
  const LexicalProfile& profile = lexical_profile(language);
  if (profile.name.empty() || language.is_data) return std::nullopt;
  const LexedText lexed = lex(text, language, profile);
  if (lexed.error) return error_at(text, lexed.error->offset, lexed.error->message);
  if (profile.name == "julia") return julia_blocks(text, lexed.tokens);
  if (profile.name == "fortran") return FortranBlocks(text, lexed.tokens).run();
  return std::nullopt;
}

}  // namespace genesis::evolve
