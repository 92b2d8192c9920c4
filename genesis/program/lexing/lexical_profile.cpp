#include "genesis/program/lexing/lexical_profile.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <utility>

namespace genesis {
namespace {

using Word = std::string_view;

constexpr Word kPythonArithmetic[] = {"+", "-", "*", "/", "//", "%", "**"};
constexpr Word kCArithmetic[] = {"+", "-", "*", "/", "%"};
constexpr Word kScriptArithmetic[] = {"+", "-", "*", "/", "%", "**"};
constexpr Word kPowerArithmetic[] = {"+", "-", "*", "/", "**"};
constexpr Word kJuliaArithmetic[] = {"+", "-", "*", "/", "%", "^"};
constexpr Word kAugmented[] = {"+=", "-=", "*=", "/="};
constexpr Word kOrdering[] = {"<", "<=", ">", ">="};
constexpr Word kFortranOrdering[] = {"<", "<=", ">", ">=", ".lt.", ".le.", ".gt.", ".ge."};
constexpr Word kEquality[] = {"==", "!="};
constexpr Word kFortranEquality[] = {"==", "/=", ".eq.", ".ne."};
constexpr Word kStrictEquality[] = {"===", "!==", "==", "!="};
constexpr Word kWordLogic[] = {"and", "or"};
constexpr Word kSignLogic[] = {"&&", "||"};
constexpr Word kFortranLogic[] = {".and.", ".or."};

constexpr Word kPythonKeywords[] = {
    "and",    "as",   "assert", "async",  "await",    "break", "class", "continue", "def",
    "del",    "elif", "else",   "except", "finally",  "for",   "from",  "global",   "if",
    "import", "in",   "is",     "lambda", "nonlocal", "not",   "or",    "pass",     "raise",
    "return", "try",  "while",  "with",   "yield",    "None",  "True",  "False"};
constexpr Word kPythonDeclarations[] = {"import", "from",  "def",      "class",
                                        "global", "async", "nonlocal", "@"};
constexpr Word kPythonContinuations[] = {"elif", "else", "except", "finally"};

constexpr Word kCKeywords[] = {
    "auto",      "bool",     "break",    "case",     "catch",    "char",     "class",    "const",
    "constexpr", "continue", "default",  "delete",   "do",       "double",   "else",     "enum",
    "extern",    "float",    "for",      "goto",     "if",       "inline",   "int",      "long",
    "namespace", "new",      "nullptr",  "operator", "private",  "public",   "return",   "short",
    "signed",    "sizeof",   "static",   "struct",   "switch",   "template", "this",     "throw",
    "true",      "false",    "try",      "typedef",  "typename", "union",    "unsigned", "using",
    "virtual",   "void",     "volatile", "while"};
constexpr Word kCDeclarations[] = {"using",   "namespace", "template", "typedef", "class",
                                   "struct",  "union",     "enum",     "extern",  "public",
                                   "private", "protected", "case",     "default", "static_assert"};
constexpr Word kBraceContinuations[] = {"else", "catch", "finally"};
constexpr Word kBraceControls[] = {"if",   "for", "while", "do",     "switch", "try",
                                   "loop", "{",   "match", "unsafe", "select", "synchronized"};
constexpr Word kCSuffixes[] = {"u", "l", "ul", "lu", "ll", "ull", "llu", "f", "z", "uz", "zu"};

constexpr Word kRustKeywords[] = {
    "as",     "async", "await", "break",  "const", "continue", "crate", "dyn",    "else",   "enum",
    "extern", "false", "fn",    "for",    "if",    "impl",     "in",    "let",    "loop",   "match",
    "mod",    "move",  "mut",   "pub",    "ref",   "return",   "self",  "static", "struct", "super",
    "trait",  "true",  "type",  "unsafe", "use",   "where",    "while"};
constexpr Word kRustDeclarations[] = {"use",  "fn",    "mod",   "struct", "enum",
                                      "impl", "trait", "const", "static", "extern",
                                      "pub",  "type",  "#"};
constexpr Word kRustSuffixes[] = {"f32", "f64", "u8",  "u16", "u32",  "u64",   "u128",
                                  "i8",  "i16", "i32", "i64", "i128", "usize", "isize"};

constexpr Word kGoKeywords[] = {
    "break",  "case",        "chan", "const",   "continue", "default", "defer",
    "else",   "fallthrough", "for",  "func",    "go",       "goto",    "if",
    "import", "interface",   "map",  "package", "range",    "return",  "select",
    "struct", "switch",      "type", "var",     "true",     "false",   "nil"};
constexpr Word kGoDeclarations[] = {"import", "package", "func", "type", "case", "default"};
constexpr Word kImaginarySuffixes[] = {"i"};
constexpr Word kPythonSuffixes[] = {"j"};

constexpr Word kJavaKeywords[] = {
    "abstract", "boolean",   "break",   "byte",   "case",   "catch",      "char",    "class",
    "const",    "continue",  "default", "do",     "double", "else",       "enum",    "extends",
    "final",    "finally",   "float",   "for",    "if",     "implements", "import",  "instanceof",
    "int",      "interface", "long",    "new",    "null",   "package",    "private", "protected",
    "public",   "return",    "short",   "static", "super",  "switch",     "this",    "throw",
    "throws",   "try",       "void",    "while",  "true",   "false"};
constexpr Word kJavaDeclarations[] = {"import", "package", "class",     "interface", "enum",
                                      "public", "private", "protected", "static",    "abstract",
                                      "case",   "default", "@"};
constexpr Word kJavaSuffixes[] = {"l", "f", "d"};

constexpr Word kScriptKeywords[] = {
    "async",    "await",   "break",    "case",   "catch",  "class",  "const",      "continue",
    "debugger", "default", "delete",   "do",     "else",   "export", "extends",    "false",
    "finally",  "for",     "function", "if",     "import", "in",     "instanceof", "let",
    "new",      "null",    "of",       "return", "static", "super",  "switch",     "this",
    "throw",    "true",    "try",      "typeof", "var",    "void",   "while",      "yield"};
constexpr Word kScriptDeclarations[] = {"import", "export",  "function", "class",
                                        "case",   "default", "async",    "static"};
constexpr Word kBigIntSuffixes[] = {"n"};

constexpr Word kJuliaKeywords[] = {
    "abstract", "baremodule", "begin",  "break",   "catch",  "const",  "continue",
    "do",       "else",       "elseif", "end",     "export", "false",  "finally",
    "for",      "function",   "global", "if",      "import", "in",     "let",
    "local",    "macro",      "module", "mutable", "quote",  "return", "struct",
    "true",     "try",        "using",  "where",   "while"};
constexpr Word kJuliaDeclarations[] = {"import", "using",   "export", "const", "module",
                                       "struct", "mutable", "macro",  "@",     "abstract"};
constexpr Word kJuliaOpeners[] = {"begin", "for",    "function",  "if",     "let",
                                  "macro", "module", "quote",     "struct", "mutable",
                                  "try",   "while",  "baremodule"};
constexpr Word kJuliaClosers[] = {"end"};
constexpr Word kJuliaContinuations[] = {"else", "elseif", "catch", "finally"};

constexpr Word kFortranKeywords[] = {
    "allocatable", "allocate", "associate",  "block",      "call",      "case",      "character",
    "complex",     "contains", "cycle",      "deallocate", "dimension", "do",        "double",
    "else",        "elseif",   "end",        "enddo",      "endif",     "exit",      "forall",
    "function",    "if",       "implicit",   "integer",    "intent",    "interface", "logical",
    "module",      "none",     "only",       "parameter",  "precision", "print",     "program",
    "pure",        "read",     "real",       "recursive",  "result",    "return",    "save",
    "select",      "stop",     "subroutine", "then",       "type",      "use",       "where",
    "while",       "write"};
constexpr Word kFortranDeclarations[] = {
    "use",       "implicit", "integer", "real",      "logical",  "character",
    "complex",   "double",   "type",    "class",     "contains", "parameter",
    "dimension", "save",     "data",    "interface", "external", "intrinsic",
    "private",   "public",   "case",    "format",    "import",   "common"};
constexpr Word kFortranOpeners[] = {"do",     "program",   "module",    "subroutine", "function",
                                    "select", "interface", "associate", "block",      "forall",
                                    "where",  "submodule", "pure",      "elemental",  "recursive"};
constexpr Word kFortranClosers[] = {"end",       "enddo",         "endif",       "endprogram",
                                    "endmodule", "endsubroutine", "endfunction", "endselect",
                                    "endwhere",  "endforall",     "endblock",    "endinterface",
                                    "endtype",   "endassociate"};
constexpr Word kFortranContinuations[] = {"else", "elseif", "elsewhere", "case"};

LexicalProfile python_profile() {
  LexicalProfile p;
  p.name = "python";
  p.blocks = BlockStyle::indentation;
  p.string_prefixes = "rbfuRBFU";
  p.triple_quotes = true;
  p.continuation = '\\';
  p.numbers_mix = true;
  p.suffixes = kPythonSuffixes;
  p.arithmetic = kPythonArithmetic;
  p.augmented = kAugmented;
  p.ordering = kOrdering;
  p.equality = kEquality;
  p.logic = kWordLogic;
  p.true_word = "True";
  p.false_word = "False";
  p.empty_statement = "pass";
  p.keywords = kPythonKeywords;
  p.declarations = kPythonDeclarations;
  p.continuations = kPythonContinuations;
  return p;
}

LexicalProfile brace_profile(Word name) {
  LexicalProfile p;
  p.name = name;
  p.blocks = BlockStyle::braces;
  p.statement_end = StatementEnd::semicolon;
  p.single_quote = SingleQuote::character;
  p.increments = true;
  p.arithmetic = kCArithmetic;
  p.augmented = kAugmented;
  p.ordering = kOrdering;
  p.equality = kEquality;
  p.logic = kSignLogic;
  p.true_word = "true";
  p.false_word = "false";
  p.continuations = kBraceContinuations;
  p.controls = kBraceControls;
  return p;
}

LexicalProfile c_profile(Word name) {
  LexicalProfile p = brace_profile(name);
  p.string_prefixes = "uULR8";
  p.raw_parenthesis = true;
  p.directives = true;
  p.digit_separator = '\'';
  p.suffixes = kCSuffixes;
  p.keywords = kCKeywords;
  p.declarations = kCDeclarations;
  return p;
}

LexicalProfile rust_profile() {
  LexicalProfile p = brace_profile("rust");
  p.single_quote = SingleQuote::lifetime_or_character;
  p.string_prefixes = "bcr";
  p.raw_hashes = true;
  p.multiline_strings = true;
  p.nested_comments = true;
  p.increments = false;
  p.suffixes = kRustSuffixes;
  p.keywords = kRustKeywords;
  p.declarations = kRustDeclarations;
  return p;
}

LexicalProfile go_profile() {
  LexicalProfile p = brace_profile("go");
  p.statement_end = StatementEnd::either;
  p.backquote_raw = true;
  p.bare_conditions = true;
  p.suffixes = kImaginarySuffixes;
  p.keywords = kGoKeywords;
  p.declarations = kGoDeclarations;
  return p;
}

LexicalProfile java_profile() {
  LexicalProfile p = brace_profile("java");
  p.triple_quotes = true;
  p.suffixes = kJavaSuffixes;
  p.keywords = kJavaKeywords;
  p.declarations = kJavaDeclarations;
  return p;
}

LexicalProfile script_profile() {
  LexicalProfile p = brace_profile("javascript");
  p.statement_end = StatementEnd::either;
  p.single_quote = SingleQuote::string;
  p.templates = true;
  p.numbers_mix = true;
  p.suffixes = kBigIntSuffixes;
  p.equality = kStrictEquality;
  p.keywords = kScriptKeywords;
  p.declarations = kScriptDeclarations;
  p.arithmetic = kScriptArithmetic;
  return p;
}

LexicalProfile julia_profile() {
  LexicalProfile p;
  p.name = "julia";
  p.blocks = BlockStyle::keyword_end;
  p.single_quote = SingleQuote::transpose;
  p.string_prefixes = "rbvs";
  p.triple_quotes = true;
  p.multiline_strings = true;
  p.nested_comments = true;
  p.exponents = "eEf";
  p.numbers_mix = true;
  p.arithmetic = kJuliaArithmetic;
  p.augmented = kAugmented;
  p.ordering = kOrdering;
  p.equality = kEquality;
  p.logic = kSignLogic;
  p.true_word = "true";
  p.false_word = "false";
  p.keywords = kJuliaKeywords;
  p.declarations = kJuliaDeclarations;
  p.block_openers = kJuliaOpeners;
  p.block_closers = kJuliaClosers;
  p.continuations = kJuliaContinuations;
  return p;
}

LexicalProfile fortran_profile() {
  LexicalProfile p;
  p.name = "fortran";
  p.blocks = BlockStyle::keyword_end;
  p.backslash_escapes = false;
  p.ignore_case = true;
  p.dotted_words = true;
  p.continuation = '&';
  p.digit_separator = '\0';
  p.exponents = "eEdD";
  p.radix_prefixes = false;
  p.kind_suffix = true;
  p.arithmetic = kPowerArithmetic;
  p.ordering = kFortranOrdering;
  p.equality = kFortranEquality;
  p.logic = kFortranLogic;
  p.true_word = ".true.";
  p.false_word = ".false.";
  p.keywords = kFortranKeywords;
  p.declarations = kFortranDeclarations;
  p.block_openers = kFortranOpeners;
  p.block_closers = kFortranClosers;
  p.continuations = kFortranContinuations;
  return p;
}

LexicalProfile cautious_profile() {
  LexicalProfile p;
  p.name = "";
  p.single_quote = SingleQuote::string_if_closed;
  return p;
}

struct NamedProfile {
  Word name;
  LexicalProfile profile;
};

const auto& profiles() {
  static const std::array<NamedProfile, 12> table{{{"python", python_profile()},
                                                   {"cpp", c_profile("cpp")},
                                                   {"c++", c_profile("cpp")},
                                                   {"c", c_profile("c")},
                                                   {"cuda", c_profile("cuda")},
                                                   {"rust", rust_profile()},
                                                   {"go", go_profile()},
                                                   {"java", java_profile()},
                                                   {"javascript", script_profile()},
                                                   {"typescript", script_profile()},
                                                   {"julia", julia_profile()},
                                                   {"fortran", fortran_profile()}}};
  return table;
}

bool equal_ignoring_case(Word a, Word b) {
  return a.size() == b.size() && std::equal(a.begin(), a.end(), b.begin(), [](char x, char y) {
           return std::tolower(static_cast<unsigned char>(x)) ==
                  std::tolower(static_cast<unsigned char>(y));
         });
}

}  // namespace

const LexicalProfile& lexical_profile(const Language& language) {
  for (const NamedProfile& entry : profiles()) {
    if (entry.name == language.name) return entry.profile;
  }
  for (const NamedProfile& entry : profiles()) {
    for (const std::string& alias : language.aliases) {
      if (entry.name == alias) return entry.profile;
    }
  }
  static const LexicalProfile cautious = cautious_profile();
  return cautious;
}

bool contains_word(std::span<const std::string_view> list, std::string_view word,
                   const LexicalProfile& profile) {
  if (!profile.ignore_case) return std::find(list.begin(), list.end(), word) != list.end();
  return std::any_of(list.begin(), list.end(),
                     [&](Word candidate) { return equal_ignoring_case(candidate, word); });
}

}  // namespace genesis
