#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <set>
#include <string>

#include "genesis/evolve/operator_api.h"
#include "genesis/evolve/operators/source_view.h"
#include "genesis/evolve/syntax/syntax_checker.h"
#include "genesis/program/lexing/lexer.h"
#include "sample_programs.h"

namespace genesis::evolve {
namespace {

/// The text before the first block and after the last one.
std::pair<std::string, std::string> frame(const Program& program, const Language& language) {
  const auto view = view_source(program, language);
  EXPECT_TRUE(view.has_value());
  const ViewedFile& file = view->files[0];
  return {program.text().substr(0, file.blocks.front().begin),
          program.text().substr(file.blocks.back().end)};
}

/// Strings and comments of a text, in order of content.
std::multiset<std::string> hidden_text(const Program& program, const Language& language) {
  std::multiset<std::string> made;
  const std::string_view text = program.text();
  for (const Token& token : lex(text, language, lexical_profile(language)).tokens) {
    if (token.kind == TokenKind::string || token.kind == TokenKind::comment ||
        token.kind == TokenKind::directive) {
      made.emplace(token_text(text, token));
    }
  }
  return made;
}

bool changes_values_only(std::string_view name) {
  return name.starts_with("literal_") || name == "swap_constant" || name == "swap_operator" ||
         name == "swap_comparison";
}

/// Applies the operator with ids 0..count-1 to a parent that its own children replace now and then,
/// so that grown programs are tried too.
template <typename Check>
int many_children(const Operator& op, const Sample& sample, int count, Check check) {
  const Program seed = sample.program();
  Program parent = seed;
  Program mate = seed;
  int made = 0;
  for (int id = 0; id < count; ++id) {
    RandomStream random(7, op.name(), static_cast<std::uint64_t>(id));
    const Program* const mates[] = {&mate, &seed};
    auto result = op.apply({&parent, mates, &sample.known()}, random);
    if (!result) {
      EXPECT_EQ(result.error().kind, ErrorKind::not_found) << result.error().message;
      RandomStream other(8, "mate", static_cast<std::uint64_t>(id));
      auto grown = find_operator("literal_many")->apply({&seed, {}, &sample.known()}, other);
      if (grown) mate = std::move(grown->child);
      parent = seed;
      continue;
    }
    ++made;
    check(parent, *result);
    if (id % 4 == 3) mate = parent;
    parent = id % 20 == 19 ? seed : std::move(result->child);
  }
  return made;
}

TEST(Operators, NamesAreUniqueAndFound) {
  std::set<std::string_view> names;
  for (const Operator* op : builtin_operators()) {
    EXPECT_TRUE(names.insert(op->name()).second);
    EXPECT_EQ(find_operator(op->name()), op);
  }
  EXPECT_GE(names.size(), 12u);
  EXPECT_EQ(find_operator("no_such_operator"), nullptr);
}

TEST(Operators, EveryOneInEveryLanguageKeepsItsPromises) {
  for (const Sample& sample : code_samples()) {
    const auto outside = frame(sample.program(), sample.known());
    for (const Operator* op : builtin_operators()) {
      SCOPED_TRACE(std::string(sample.language) + " " + std::string(op->name()));
      const auto check = [&](const Program& parent, const OperatorResult& result) {
        const std::string& text = result.child.text();
        EXPECT_NE(result.child, parent);
        EXPECT_EQ(frame(result.child, sample.known()), outside);
        const auto lexed = lex(text, sample.known(), lexical_profile(sample.known()));
        EXPECT_FALSE(lexed.error) << lexed.error->message << "\n" << text;
        EXPECT_EQ(result.summary.find('\n'), std::string::npos);
        EXPECT_TRUE(result.summary.starts_with(op->name())) << result.summary;
        if (changes_values_only(op->name())) {
          EXPECT_EQ(hidden_text(result.child, sample.known()), hidden_text(parent, sample.known()));
        }
      };
      EXPECT_GE(many_children(*op, sample, 120, check), 40);
    }
  }
}

TEST(Operators, SameStreamSameChild) {
  for (const Sample& sample : code_samples()) {
    const Program parent = sample.program();
    for (const Operator* op : builtin_operators()) {
      for (std::uint64_t id = 0; id < 10; ++id) {
        const Program* const mates[] = {&parent};
        RandomStream first(3, "operator", id);
        RandomStream second(3, "operator", id);
        const auto a = op->apply({&parent, mates, &sample.known()}, first);
        const auto b = op->apply({&parent, mates, &sample.known()}, second);
        ASSERT_EQ(a.has_value(), b.has_value());
        if (!a) continue;
        EXPECT_EQ(a->child, b->child);
        EXPECT_EQ(a->summary, b->summary);
      }
    }
  }
}

TEST(Operators, PythonChildrenCompile) {
  SyntaxChecker checker;
  const Sample& python = code_samples()[0];
  std::map<std::string, int> wrong;
  for (const Operator* op : builtin_operators()) {
    many_children(*op, python, 150, [&](const Program&, const OperatorResult& result) {
      const auto verdict = checker.check(result.child, python.known());
      ASSERT_TRUE(verdict) << verdict.error().message;
      if (!*verdict) return;
      // Moving statements may take a `break` out of its loop; nothing else may go wrong.
      const bool loose = (*verdict)->message.find("outside loop") != std::string::npos;
      EXPECT_TRUE(loose && !changes_values_only(op->name()))
          << op->name() << ": " << (*verdict)->describe() << "\n"
          << result.child.text();
      ++wrong[std::string(op->name())];
    });
  }
  for (const auto& [name, count] : wrong) EXPECT_LT(count, 75) << name;
}

TEST(Operators, OtherLanguagesKeepLiteralsAndRefuseStatements) {
  for (const Sample& sample : literal_only_samples()) {
    const Program parent = sample.program();
    for (const Operator* op : builtin_operators()) {
      SCOPED_TRACE(std::string(sample.language) + " " + std::string(op->name()));
      RandomStream random(1, "operator", 1);
      const Program* const mates[] = {&parent};
      const auto result = op->apply({&parent, mates, &sample.known()}, random);
      if (op->name().starts_with("literal_") || op->name() == "swap_constant") {
        if (op->name() == "literal_crossover") continue;  // equal parents
        ASSERT_TRUE(result) << result.error().message;
        EXPECT_EQ(hidden_text(result->child, sample.known()), hidden_text(parent, sample.known()));
      } else {
        ASSERT_FALSE(result);
        EXPECT_EQ(result.error().kind, ErrorKind::unsupported) << result.error().message;
      }
    }
  }
}

TEST(Operators, WindowsLineEndsStayUniform) {
  const Program parent("main.py",
                       "# EVOLVE-BLOCK-START\r\nx = 1.5\r\ny = 2\r\nif x:\r\n    z = 3\r\n"
                       "# EVOLVE-BLOCK-END\r\n");
  for (const Operator* op : builtin_operators()) {
    for (std::uint64_t id = 0; id < 30; ++id) {
      RandomStream random(1, op->name(), id);
      const auto result = op->apply({&parent, {}, find_language("python")}, random);
      if (!result) continue;
      const std::string& text = result->child.text();
      for (std::size_t at = text.find('\n'); at != std::string::npos;
           at = text.find('\n', at + 1)) {
        EXPECT_EQ(text[at - 1], '\r') << op->name();
      }
    }
  }
}

TEST(Operators, KnowNoTask) {
  const std::filesystem::path folder =
      std::filesystem::path(GENESIS_SOURCE_DIR) / "genesis" / "evolve";
  std::vector<std::filesystem::path> sources{
      folder / "operator_selector.cpp", folder / "operator_selector.h", folder / "operator_api.h"};
  for (const auto& entry : std::filesystem::directory_iterator(folder / "operators")) {
    sources.push_back(entry.path());
  }
  ASSERT_GT(sources.size(), 15u);
  for (const auto& path : sources) {
    std::ifstream file(path);
    std::string text((std::istreambuf_iterator<char>(file)), {});
    ASSERT_FALSE(text.empty()) << path;
    std::transform(text.begin(), text.end(), text.begin(),
                   [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
    for (const char* word :
         {"circle", "packing", "radius", "radii", "center", "centre", "square", "numpy", "np."}) {
      EXPECT_EQ(text.find(word), std::string::npos) << path << " knows '" << word << "'";
    }
  }
}

/// Least squares: five numbers in a text must become those of a line. Nothing like the demo.
double fit(const Program& program) {
  const auto view = view_source(program, *find_language("python"));
  const ViewedFile& file = view->files[0];
  std::vector<double> numbers;
  for (const Token& token : file.tokens) {
    if (token.kind != TokenKind::number) continue;
    const double sign = program.text()[token.begin - 1] == '-' ? -1 : 1;
    numbers.push_back(sign * std::stod(std::string(token_text(program.text(), token))));
  }
  if (numbers.size() != 5) return -1e9;
  const double wanted[] = {3.25, -0.5, 120.0, 0.001, 7.0};
  double error = 0;
  for (std::size_t i = 0; i < 5; ++i) {
    const double relative = (numbers[i] - wanted[i]) / wanted[i];
    error += relative * relative;
  }
  return -error;
}

TEST(Operators, ImproveAnUnrelatedTask) {
  Program best("main.py",
               "# EVOLVE-BLOCK-START\ncoefficients = [1.0, 1.0, 1.0, 1.0, 1.0]\n"
               "# EVOLVE-BLOCK-END\n");
  double score = fit(best);
  for (std::uint64_t id = 0; id < 4000; ++id) {
    RandomStream random(11, "operator", id);
    const auto operators = builtin_operators();
    const Operator& op = *operators[random.below(operators.size())];
    auto result = op.apply({&best, {}, find_language("python")}, random);
    if (!result) continue;
    const double next = fit(result->child);
    if (next <= score) continue;
    score = next;
    best = std::move(result->child);
  }
  EXPECT_GT(score, -0.05) << best.text();
}

}  // namespace
}  // namespace genesis::evolve
