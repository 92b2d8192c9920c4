#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "genesis/program/language.h"
#include "genesis/program/lexing/lexical_profile.h"

namespace genesis {

enum class TokenKind : std::uint8_t {
  newline,  ///< Ends a line outside brackets (and not continued). Brace languages: every line.
  comment,
  directive,  ///< A preprocessor line.
  string,     ///< Whole, with prefix and quotes; also characters, templates, regular expressions.
  number,
  name,   ///< Identifier or keyword.
  sign,   ///< Operator, comma, colon, dot, semicolon.
  open,   ///< ( [ {
  close,  ///< ) ] }
};
std::string_view to_string(TokenKind kind);

/// A piece of the text; white space lies between tokens.
struct Token {
  TokenKind kind;
  std::uint32_t begin;
  std::uint32_t end;
};

/// What a lexical check finds wrong: an unterminated string or comment, a bracket without partner.
struct LexicalError {
  std::size_t offset = 0;
  std::string message;
};

struct LexedText {
  std::vector<Token> tokens;
  std::optional<LexicalError> error;  ///< The first one; the tokens go on after it.
};

/// Splits the text in one pass, in time linear in its size. Never fails: what it does not
/// understand becomes a one-byte sign. Texts of 4 GiB and more are cut there. Any thread.
LexedText lex(std::string_view text, const Language& language, const LexicalProfile& profile);

inline std::string_view token_text(std::string_view text, const Token& token) {
  return text.substr(token.begin, token.end - token.begin);
}

}  // namespace genesis
