#include "genesis/evolve/syntax/python_chunks.h"

#include <algorithm>
#include <array>

#include "genesis/program/language.h"
#include "genesis/program/lexing/lexer.h"

namespace genesis::evolve {
namespace {

constexpr std::array<std::string_view, 4> kContinuations = {"elif", "else", "except", "finally"};

}  // namespace

std::vector<std::string_view> split_python(std::string_view text) {
  const Language& python = *find_language("python");
  const LexedText lexed = lex(text, python, lexical_profile(python));
  std::vector<std::string_view> chunks;
  const std::vector<std::string_view> whole{text};
  if (lexed.error) return whole;
  std::size_t begin = 0;
  bool decorated = false;
  bool line_begins = true;
  for (const Token& token : lexed.tokens) {
    if (token.kind == TokenKind::newline) {
      line_begins = true;
      continue;
    }
    if (token.kind == TokenKind::comment || !line_begins) continue;
    line_begins = false;
    const bool top_level = token.begin == 0 || text[token.begin - 1] == '\n';
    if (!top_level) continue;
    const std::string_view word = token_text(text, token);
    if (word == "global") return whole;
    if (word == "from" && text.substr(token.begin, 60).find("__future__") != text.npos) {
      return whole;
    }
    const bool goes_on = decorated || std::find(kContinuations.begin(), kContinuations.end(),
                                                word) != kContinuations.end();
    decorated = word == "@";
    if (goes_on || token.begin == begin) continue;
    chunks.push_back(text.substr(begin, token.begin - begin));
    begin = token.begin;
  }
  chunks.push_back(text.substr(begin));
  return chunks;
}

}  // namespace genesis::evolve
