#include "genesis/program/language.h"

#include <algorithm>
#include <cctype>

namespace genesis {

namespace {

using Pairs = std::vector<std::pair<std::string, std::string>>;

const Pairs kCBlocks = {{"/*", "*/"}};

/// In the order that help and messages show. Extensions are those of the results directory that
/// users know (gen_<n>/main.<ext>).
const std::vector<Language>& languages() {
  static const std::vector<Language> all = {
      {"python", {"py", "python3", "py3", "pyi"}, "py", {"#"}, {}, false},
      {"cpp", {"c++", "cc", "cxx", "hpp", "h++", "hxx", "hh"}, "cpp", {"//"}, kCBlocks, false},
      {"c", {"h"}, "c", {"//"}, kCBlocks, false},
      {"cuda", {"cu", "cuh"}, "cu", {"//"}, kCBlocks, false},
      {"rust", {"rs"}, "rs", {"//"}, kCBlocks, false},
      {"swift", {}, "swift", {"//"}, kCBlocks, false},
      {"go", {"golang"}, "go", {"//"}, kCBlocks, false},
      {"java", {}, "java", {"//"}, kCBlocks, false},
      {"javascript", {"js", "mjs", "cjs", "jsx", "node"}, "js", {"//"}, kCBlocks, false},
      {"typescript", {"ts", "mts", "cts", "tsx"}, "ts", {"//"}, kCBlocks, false},
      {"julia", {"jl"}, "jl", {"#"}, {{"#=", "=#"}}, false},
      {"fortran", {"f90", "f95", "f03", "f08", "f", "for"}, "f90", {"!"}, {}, false},
      {"wolfram",
       {"wl", "wls", "m", "mathematica", "wolframscript", "wolfram-language"},
       "wl",
       {},
       {{"(*", "*)"}},
       false},
      {"verilog", {"systemverilog", "sv", "v", "svh", "vh"}, "sv", {"//"}, kCBlocks, false},
      // JSON has no comments; a program in it can still be edited whole, or with the `//` marker
      // lines that evaluators of such programs strip.
      {"json", {}, "json", {"//"}, {}, true},
      {"json5", {"jsonc"}, "json5", {"//"}, kCBlocks, true},
      {"yaml", {"yml"}, "yaml", {"#"}, {}, true},
      {"markdown", {"md", "mdown", "prompt"}, "md", {}, {{"<!--", "-->"}}, true},
  };
  return all;
}

bool equal_ignoring_case(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](char x, char y) {
    return std::tolower(static_cast<unsigned char>(x)) ==
           std::tolower(static_cast<unsigned char>(y));
  });
}

}  // namespace

const Language* find_language(std::string_view name) {
  for (const Language& language : languages()) {
    if (equal_ignoring_case(language.name, name)) return &language;
  }
  for (const Language& language : languages()) {
    for (const std::string& alias : language.aliases) {
      if (equal_ignoring_case(alias, name)) return &language;
    }
  }
  return nullptr;
}

const Language* language_of_extension(std::string_view extension) {
  for (const Language& language : languages()) {
    if (equal_ignoring_case(language.extension, extension)) return &language;
  }
  // Aliases hold the other extensions ("hpp", "f95"); no alias is the extension of another
  // language.
  return extension.empty() ? nullptr : find_language(extension);
}

std::vector<std::string> language_names() {
  std::vector<std::string> names;
  for (const Language& language : languages()) names.push_back(language.name);
  return names;
}

}  // namespace genesis
