#include "genesis/evolve/operators/statements.h"

#include <gtest/gtest.h>

#include <set>
#include <string>
#include <utility>

#include "genesis/evolve/operator_api.h"
#include "sample_programs.h"

namespace genesis::evolve {
namespace {

struct Found {
  std::vector<std::string> texts;
  std::vector<Statement> statements;
};

Found find(std::string_view language, std::string_view text) {
  const Language& known = *find_language(language);
  const Program program("main." + known.extension, std::string(text));
  const auto view = view_source(program, known);
  Found found;
  found.statements = find_statements(view->files[0], view->files[0].blocks[0]);
  for (const Statement& s : found.statements) {
    found.texts.emplace_back(program.text().substr(s.begin, s.end - s.begin));
  }
  return found;
}

TEST(Statements, PythonNestsByIndentation) {
  const Found found = find("python",
                           "# EVOLVE-BLOCK-START\n"
                           "a = (1,\n  2)  # c\n"
                           "if a:\n    b = 1\n# lone\nelse:\n    c = 2\n"
                           "def f():\n    return 3\n"
                           "d = 4\n# EVOLVE-BLOCK-END\n");
  ASSERT_EQ(found.texts.size(), 7u);
  EXPECT_EQ(found.texts[0], "a = (1,\n  2)");
  EXPECT_EQ(found.texts[1], "if a:\n    b = 1\n# lone\nelse:\n    c = 2");
  EXPECT_TRUE(found.statements[1].compound);
  EXPECT_EQ(found.texts[2], "b = 1");
  EXPECT_EQ(found.texts[3], "c = 2");
  EXPECT_TRUE(found.statements[4].fixed) << found.texts[4];
  EXPECT_TRUE(found.statements[5].fixed) << found.texts[5];
  EXPECT_EQ(found.texts[6], "d = 4");
  EXPECT_EQ(found.statements[0].scope, found.statements[6].scope);
  EXPECT_NE(found.statements[2].scope, found.statements[3].scope);
}

TEST(Statements, BracesSemicolonsAndElse) {
  const Found found = find("cpp",
                           "// EVOLVE-BLOCK-START\n"
                           "double f(double x) {\n"
                           "  double v[] = {1, 2};\n"
                           "  x = 1;  x += g([&] { return 2; });\n"
                           "  if (x > 1) x = 2; else { x = 3; }\n"
                           "  do { x -= 1; } while (x > 9);\n"
                           "  return x;\n"
                           "}\n// EVOLVE-BLOCK-END\n");
  ASSERT_EQ(found.texts.size(), 9u);
  EXPECT_TRUE(found.statements[0].fixed);
  EXPECT_TRUE(found.statements[1].fixed) << found.texts[1];
  EXPECT_EQ(found.texts[2], "x = 1;");
  EXPECT_EQ(found.texts[3], "x += g([&] { return 2; });");
  EXPECT_EQ(found.texts[4], "if (x > 1) x = 2; else { x = 3; }");
  EXPECT_EQ(found.texts[5], "x = 3;");
  EXPECT_EQ(found.texts[6], "do { x -= 1; } while (x > 9);");
  EXPECT_EQ(found.texts[7], "x -= 1;");
  EXPECT_TRUE(found.statements[8].fixed);
}

TEST(Statements, GoAndJavaScriptEndAtLines) {
  const Found found = find("go",
                           "// EVOLVE-BLOCK-START\n"
                           "for i := 0; i < 3; i++ {\n\tx += 1\n\ty = f(x,\n\t\t2)\n}\n"
                           "z = 3\n// EVOLVE-BLOCK-END\n");
  ASSERT_EQ(found.texts.size(), 4u);
  EXPECT_EQ(found.texts[1], "x += 1");
  EXPECT_EQ(found.texts[2], "y = f(x,\n\t\t2)");
  EXPECT_EQ(found.texts[3], "z = 3");
  const Found script = find("javascript",
                            "// EVOLVE-BLOCK-START\nx = a\n  .b(1)\ny = 2;\n"
                            "// EVOLVE-BLOCK-END\n");
  ASSERT_EQ(script.texts.size(), 2u);
  EXPECT_EQ(script.texts[0], "x = a\n  .b(1)");
}

TEST(Statements, PlainLinesBetweenKeywords) {
  const Found found = find("fortran",
                           "! EVOLVE-BLOCK-START\ninteger :: i\nx = 1.0\ny = 2.0 &\n  + 3.0\n"
                           "do i = 1, 3\n  z = i\nend do\nif (x > 1) y = 0\n"
                           "! EVOLVE-BLOCK-END\n");
  ASSERT_EQ(found.texts.size(), 4u);
  EXPECT_EQ(found.texts[1], "y = 2.0 &\n  + 3.0");
  EXPECT_EQ(found.statements[0].scope, found.statements[1].scope);
  EXPECT_NE(found.statements[1].scope, found.statements[2].scope);
  EXPECT_EQ(found.texts[3], "if (x > 1) y = 0");
}

TEST(Statements, DeepNestingNeedsNoRecursion) {
  const Language& cpp = *find_language("cpp");
  const auto count = [&](const std::string& body) {
    const Program program("main.cpp", "// EVOLVE-BLOCK-START\n" + body + "\n// EVOLVE-BLOCK-END\n");
    const auto view = view_source(program, cpp);
    return find_statements(view->files[0], view->files[0].blocks[0]).size();
  };
  EXPECT_EQ(count(std::string(300'000, '{') + std::string(300'000, '}')), 300'000u);
  EXPECT_EQ(count(std::string(500'000, '{')), 0u);
}

TEST(Statements, PythonScopesNeverBecomeEmpty) {
  const Program parent("main.py", "# EVOLVE-BLOCK-START\nif a:\n    b = 1\n# EVOLVE-BLOCK-END\n");
  const Language& python = *find_language("python");
  bool emptied = false;
  for (std::uint64_t id = 0; id < 50; ++id) {
    RandomStream random(1, "t", id);
    const auto result = find_operator("delete_statement")->apply({&parent, {}, &python}, random);
    ASSERT_TRUE(result);
    const std::string body = result->child.text();
    emptied = emptied || body.find("    pass\n") != std::string::npos;
    EXPECT_NE(body.find("pass"), std::string::npos) << body;
  }
  EXPECT_TRUE(emptied);
}

// Duplication and divergence: a copy of a loop lacks a statement of it, or has one twice, and the
// original stays as it is.
TEST(Statements, ACopyOfACompoundOneMayDiverge) {
  const Program parent("main.py",
                       "# EVOLVE-BLOCK-START\n"
                       "for i in n:\n    a(i)\n    b(i)\n    if i:\n        c(i)\n"
                       "d()\n"
                       "# EVOLVE-BLOCK-END\n");
  const std::string loop = "for i in n:\n    a(i)\n    b(i)\n    if i:\n        c(i)\n";
  const std::string lacking = "for i in n:\n    a(i)\n    if i:\n        c(i)\n";
  const std::string emptied = "for i in n:\n    a(i)\n    b(i)\n    if i:\n        pass\n";
  const std::string doubled =
      "for i in n:\n    a(i)\n    b(i)\n    b(i)\n    if i:\n        c(i)\n";
  std::set<std::string> seen;
  for (std::uint64_t id = 0; id < 3000; ++id) {
    RandomStream random(1, "operator", id);
    const auto result =
        find_operator("duplicate_statement")->apply({&parent, {}, find_language("python")}, random);
    ASSERT_TRUE(result) << result.error().message;
    const std::string& text = result->child.text();
    for (const auto& [name, other] :
         {std::pair{"lacking", lacking}, {"emptied", emptied}, {"doubled", doubled}}) {
      if (text.find(loop + other) != std::string::npos) seen.insert(name + std::string(" behind"));
      if (text.find(other + loop) != std::string::npos) seen.insert(name + std::string(" before"));
    }
  }
  EXPECT_EQ(seen, (std::set<std::string>{"lacking behind", "lacking before", "emptied behind",
                                         "emptied before", "doubled behind", "doubled before"}));
}

}  // namespace
}  // namespace genesis::evolve
