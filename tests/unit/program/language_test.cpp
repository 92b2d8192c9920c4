#include "genesis/program/language.h"

#include <gtest/gtest.h>

#include <set>

namespace genesis {
namespace {

TEST(LanguageTest, KnowsNamesAliasesAndExtensions) {
  const struct {
    const char* given;
    const char* name;
    const char* extension;
  } cases[] = {
      {"python", "python", "py"},
      {"py", "python", "py"},
      {"Python3", "python", "py"},
      {"C++", "cpp", "cpp"},
      {"cxx", "cpp", "cpp"},
      {"c", "c", "c"},
      {"cu", "cuda", "cu"},
      {"rs", "rust", "rs"},
      {"swift", "swift", "swift"},
      {"golang", "go", "go"},
      {"java", "java", "java"},
      {"js", "javascript", "js"},
      {"TS", "typescript", "ts"},
      {"jl", "julia", "jl"},
      {"f90", "fortran", "f90"},
      {"Mathematica", "wolfram", "wl"},
      {"systemverilog", "verilog", "sv"},
      {"json", "json", "json"},
      {"json5", "json5", "json5"},
      {"yml", "yaml", "yaml"},
      {"md", "markdown", "md"},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(c.given);
    const Language* const language = find_language(c.given);
    ASSERT_NE(language, nullptr);
    EXPECT_EQ(language->name, c.name);
    EXPECT_EQ(language->extension, c.extension);
  }
}

TEST(LanguageTest, UnknownNamesAreNull) {
  for (const char* name : {"", "cobol", "pythonic", "p y", "c+"}) {
    EXPECT_EQ(find_language(name), nullptr) << name;
  }
  EXPECT_EQ(language_of_extension(""), nullptr);
  EXPECT_EQ(language_of_extension("exe"), nullptr);
}

TEST(LanguageTest, ExtensionsIncludeLessCommonOnes) {
  EXPECT_EQ(language_of_extension("hpp")->name, "cpp");
  EXPECT_EQ(language_of_extension("h")->name, "c");
  EXPECT_EQ(language_of_extension("PY")->name, "python");
  EXPECT_EQ(language_of_extension("f95")->name, "fortran");
}

TEST(LanguageTest, NoNameOrAliasIsSharedAndEachLanguageCanBeCommented) {
  std::set<std::string> seen;
  for (const std::string& name : language_names()) {
    const Language& language = *find_language(name);
    EXPECT_EQ(language.name, name);
    EXPECT_TRUE(seen.insert(name).second) << name;
    for (const std::string& alias : language.aliases) {
      EXPECT_TRUE(seen.insert(alias).second) << alias;
      EXPECT_EQ(find_language(alias), &language) << alias;
    }
    EXPECT_EQ(language_of_extension(language.extension), &language) << name;
    EXPECT_FALSE(language.line_comments.empty() && language.block_comments.empty()) << name;
  }
  EXPECT_EQ(language_names().size(), 18u);
}

}  // namespace
}  // namespace genesis
