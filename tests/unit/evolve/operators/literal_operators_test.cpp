#include <gtest/gtest.h>

#include <cmath>
#include <set>
#include <string>

#include "genesis/evolve/operator_api.h"
#include "genesis/evolve/operators/literal_sites.h"
#include "genesis/evolve/operators/literal_steps.h"
#include "genesis/evolve/syntax/syntax_checker.h"
#include "sample_programs.h"

namespace genesis::evolve {
namespace {

Result<OperatorResult> apply(std::string_view name, const Program& parent, std::uint64_t id,
                             std::string_view language = "python",
                             std::vector<const Program*> mates = {}) {
  RandomStream random(5, "operator", id);
  return find_operator(name)->apply({&parent, mates, find_language(language)}, random);
}

Program block(std::string body) {
  return Program("main.py", "# EVOLVE-BLOCK-START\n" + body + "# EVOLVE-BLOCK-END\n");
}

std::vector<double> values(const Program& program) {
  const auto view = view_source(program, *find_language("python"));
  std::vector<double> made;
  for (const LiteralSite& site : literal_sites(*view)) made.push_back(site.value());
  return made;
}

TEST(LiteralOperators, ReadBackExactlyWhatTheyDrew) {
  LiteralSite site;
  site.number.suffix = "";
  RandomStream random(1, "test", 1);
  for (int i = 0; i < 5000; ++i) {
    const double value = gaussian_step(random.normal(), draw_width(random), 1.0, random);
    const std::string text = real_text(site, std::fabs(value));
    EXPECT_EQ(std::stod(text), std::fabs(value)) << text;
  }
}

TEST(LiteralOperators, IntegersStayIntegers) {
  const Program parent = block("x = 7\ny = 0.5\nz = 0x10\n");
  std::set<double> seen;
  for (std::uint64_t id = 0; id < 200; ++id) {
    const auto result = apply("literal_int_step", parent, id);
    ASSERT_TRUE(result);
    const auto found = values(result->child);
    ASSERT_EQ(found.size(), 3u);
    EXPECT_EQ(found[1], 0.5);
    EXPECT_EQ(found[0], std::floor(found[0]));
    EXPECT_GE(found[0], 0);
    EXPECT_NE(result->child.text().find("0x"), std::string::npos);
    seen.insert(found[0]);
  }
  EXPECT_GT(seen.size(), 4u);
}

TEST(LiteralOperators, SignsAreWrittenSoThatTheyAreRead) {
  const Program parent = block("x = a - 0.5\ny = -0.25\nz = 2.0 ** -0.5\nw = (1 - 0.125)\n");
  EXPECT_EQ(values(parent)[1], -0.25);
  SyntaxChecker checker;
  bool parenthesised = false;
  for (std::uint64_t id = 0; id < 400; ++id) {
    const auto result = apply("literal_log", parent, id);
    ASSERT_TRUE(result);
    EXPECT_EQ(result->child.text().find("--"), std::string::npos) << result->child.text();
    parenthesised = parenthesised || result->child.text().find("(-") != std::string::npos;
    const auto verdict = checker.check(result->child, *find_language("python"));
    ASSERT_TRUE(verdict && !*verdict) << result->child.text();
  }
  EXPECT_TRUE(parenthesised);
}

TEST(LiteralOperators, StepsCoverTheDecades) {
  const Program parent = block("x = 1.0\n");
  int fine = 0;
  int coarse = 0;
  for (std::uint64_t id = 0; id < 500; ++id) {
    const auto result = apply("literal_gauss", parent, id);
    ASSERT_TRUE(result);
    const double step = std::fabs(values(result->child)[0] - 1.0);
    fine += step < 1e-3 ? 1 : 0;
    coarse += step > 1e-1 ? 1 : 0;
  }
  EXPECT_GT(fine, 50);
  EXPECT_GT(coarse, 50);
}

TEST(LiteralOperators, NothingToChangeIsToldApart) {
  const auto none = apply("literal_gauss", block("x = y\n"), 1);
  ASSERT_FALSE(none);
  EXPECT_EQ(none.error().kind, ErrorKind::not_found);
  const auto no_block = apply("literal_gauss", Program("main.py", "x = 1.5\n"), 1);
  ASSERT_FALSE(no_block);
  EXPECT_EQ(no_block.error().kind, ErrorKind::not_found);
  EXPECT_NE(no_block.error().message.find("EVOLVE-BLOCK"), std::string::npos);
  const auto no_mate = apply("literal_crossover", block("x = 1.5\n"), 1);
  ASSERT_FALSE(no_mate);
  EXPECT_EQ(no_mate.error().kind, ErrorKind::not_found);
}

TEST(LiteralOperators, CrossoverMeetsTheSameLines) {
  const Program parent = block("x = 1.0\ny = f(2.0, a)\nz = 3.0\n");
  const Program mate = block("z = 30.0\nq = g(9.0)\nx = 10.0\ny = f(20.0, a)\n");
  bool exchanged = false;
  for (std::uint64_t id = 0; id < 200; ++id) {
    const auto result = apply("literal_crossover", parent, id, "python", {&mate});
    if (!result) continue;
    const auto found = values(result->child);
    ASSERT_EQ(found.size(), 3u);
    // On the line through 1 and 10 (2 and 20, 3 and 30), a little beyond its ends at most.
    for (std::size_t i = 0; i < 3; ++i) {
      const double own = static_cast<double>(i + 1);
      EXPECT_GE(found[i], own - 0.41 * 9 * own);
      EXPECT_LE(found[i], own + 1.41 * 9 * own);
    }
    exchanged = exchanged || found[0] == 10.0 || found[2] == 30.0;
  }
  EXPECT_TRUE(exchanged);
}

TEST(LiteralOperators, ChangeTheFileThatHasBlocks) {
  const auto program =
      Program::create({{"main.py", "import lib.b\nx = 1.5\n"},
                       {"lib/b.py", "# EVOLVE-BLOCK-START\ny = 2.5\n# EVOLVE-BLOCK-END\n"}},
                      "main.py");
  ASSERT_TRUE(program);
  const auto result = apply("literal_gauss", *program, 3);
  ASSERT_TRUE(result);
  EXPECT_EQ(result->child.text(), program->text());
  EXPECT_NE(result->child, *program);
}

}  // namespace
}  // namespace genesis::evolve
