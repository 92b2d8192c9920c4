#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "genesis/program/language.h"

namespace genesis {

/// How a language marks the statements that belong together.
enum class BlockStyle : std::uint8_t {
  none,         ///< Not known: numbers may be changed, statements may not.
  indentation,  ///< Python.
  braces,       ///< C, C++, Rust, Go, Java, JavaScript.
  keyword_end,  ///< Julia, Fortran: `if … end`, `do … end do`.
};

/// Where a simple statement ends.
enum class StatementEnd : std::uint8_t { newline, semicolon, either };

/// How a single quote is read.
enum class SingleQuote : std::uint8_t {
  string,
  character,
  lifetime_or_character,  ///< Rust
  transpose,              ///< Julia: an operator after an operand, else a character
  string_if_closed,       ///< Unknown language: a string when it closes on its line
};

/// What the lexer and the operators know about a language beyond its comments, which are in
/// `Language`. Immutable tables with static storage; any thread.
struct LexicalProfile {
  std::string_view name;
  BlockStyle blocks = BlockStyle::none;
  StatementEnd statement_end = StatementEnd::newline;

  // Strings.
  SingleQuote single_quote = SingleQuote::string;
  std::string_view string_prefixes;  ///< Letters that may stand before a quote ("rbfuRBFU").
  bool triple_quotes = false;
  bool raw_parenthesis = false;  ///< C++ R"x(…)x".
  bool raw_hashes = false;       ///< Rust r#"…"#.
  bool backquote_raw = false;    ///< Go `…`.
  bool templates = false;        ///< JavaScript `…${…}…` and /regular expressions/.
  bool backslash_escapes = true;
  bool multiline_strings = false;

  // Comments and layout.
  bool nested_comments = false;
  bool directives = false;    ///< C preprocessor lines.
  bool ignore_case = false;   ///< Fortran.
  bool dotted_words = false;  ///< Fortran .and. .lt.
  bool increments = false;    ///< ++ and --
  char continuation = '\0';   ///< Last on a line, joins it with the next.

  // Numbers.
  char digit_separator = '_';
  std::string_view exponents = "eE";
  bool trailing_point = true;  ///< `1.` is a number.
  bool radix_prefixes = true;  ///< 0x 0o 0b
  bool numbers_mix = false;    ///< An integer may become a real without a type error.
  std::span<const std::string_view> suffixes;  ///< Lower case; what may follow the digits.
  bool kind_suffix = false;                    ///< Fortran 1.0_dp

  // Operators that may stand for each other.
  std::span<const std::string_view> arithmetic;
  std::span<const std::string_view> augmented;
  std::span<const std::string_view> ordering;
  std::span<const std::string_view> equality;
  std::span<const std::string_view> logic;
  std::string_view true_word, false_word;
  std::string_view empty_statement;  ///< "pass"

  /// Words that are no operands; the first words of lines that must stay where they are.
  std::span<const std::string_view> keywords;
  std::span<const std::string_view> declarations;
  /// First words of statements that hold others, in brace languages.
  std::span<const std::string_view> controls;
  bool bare_conditions = false;  ///< Go: semicolons before the brace belong to the condition.
  /// Open or close blocks in keyword_end languages; continue the statement before elsewhere.
  std::span<const std::string_view> block_openers;
  std::span<const std::string_view> block_closers;
  std::span<const std::string_view> continuations;
};

/// The profile of a language by its name or aliases. For others a cautious one that knows numbers
/// and double-quoted strings only.
const LexicalProfile& lexical_profile(const Language& language);

/// Whether `word` is in the list, ignoring case where the language does.
bool contains_word(std::span<const std::string_view> list, std::string_view word,
                   const LexicalProfile& profile);

}  // namespace genesis
