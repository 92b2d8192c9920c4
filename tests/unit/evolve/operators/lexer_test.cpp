#include "genesis/program/lexing/lexer.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "genesis/base/rng.h"
#include "genesis/program/lexing/number_literal.h"
#include "sample_programs.h"

namespace genesis::evolve {
namespace {

std::vector<std::string> texts(std::string_view language, std::string_view text, TokenKind kind) {
  const Language& known = *find_language(language);
  std::vector<std::string> made;
  for (const Token& token : lex(text, known, lexical_profile(known)).tokens) {
    if (token.kind == kind) made.emplace_back(token_text(text, token));
  }
  return made;
}

using Texts = std::vector<std::string>;

TEST(Lexer, NumbersOfEachLanguage) {
  const auto numbers = [](std::string_view language, std::string_view text) {
    return texts(language, text, TokenKind::number);
  };
  EXPECT_EQ(numbers("python", "1 2.5, .5 1. 1e-3 1_0.0 0x1F 3j a1 b2.5"),
            (Texts{"1", "2.5", ".5", "1.", "1e-3", "1_0.0", "0x1F", "3j"}));
  EXPECT_EQ(numbers("cpp", "1'000.5f 10UL 0x1p-3 1e9L x.y3"),
            (Texts{"1'000.5f", "10UL", "0x1p-3", "1e9L"}));
  EXPECT_EQ(numbers("rust", "0..12 pair.0 1.max(2) 1_f64 2usize 0.5"),
            (Texts{"0", "12", "1", "2", "1_f64", "2usize", "0.5"}));
  EXPECT_EQ(numbers("julia", "2x 1:10 1.5f0 1.+x 3im"), (Texts{"2", "1", "10", "1.5f0", "1", "3"}));
  EXPECT_EQ(numbers("fortran", "1.0d0 1.eq.2 1. 2_dp 1.e5"),
            (Texts{"1.0d0", "1", "2", "1.", "2_dp", "1.e5"}));
}

TEST(Lexer, StringsAndCommentsHideTheirNumbers) {
  for (const auto& [language, text] : std::vector<std::pair<std::string, std::string>>{
           {"python", "'1' \"2\" '''3\n4''' f'{5}' rb'6' # 7\n"},
           {"cpp", "\"1\" '2' R\"x(3 )\" )x\" /* 4 */ // 5\n"},
           {"rust", "\"1\n2\" '3' r##\"4\"# \"## b\"5\" /* /* 6 */ 7 */"},
           {"go", "`1\n2` \"3\" '4' // 5"},
           {"java", "\"\"\"\n1 \"2\" \"\"\" \"3\\\"4\""},
           {"javascript", "`1 ${2 + `3` + '`'} 4`; /5[/]6/; '7'"},
           {"julia", "\"1\n2\" \"\"\"3\"4\"\"\" '5' #= 6 #= 7 =# =#"},
           {"fortran", "'1''2' \"3\" ! 4"},
           {"yaml", "a: \"1\"\nb: ['2'] # 3"}}) {
    EXPECT_EQ(texts(language, text, TokenKind::number), Texts{}) << language;
    const Language& known = *find_language(language);
    const auto error = lex(text, known, lexical_profile(known)).error;
    EXPECT_FALSE(error) << language << ": " << error->message;
  }
}

TEST(Lexer, SamplesHaveNoErrorAndTheirTokensCoverThem) {
  for (const Sample& sample : code_samples()) {
    const LexedText lexed = lex(sample.text, sample.known(), lexical_profile(sample.known()));
    EXPECT_FALSE(lexed.error) << sample.language << ": " << lexed.error->message << " at "
                              << lexed.error->offset;
    std::uint32_t at = 0;
    for (const Token& token : lexed.tokens) {
      ASSERT_GE(token.begin, at);
      ASSERT_GT(token.end, token.begin);
      const std::string_view gap = sample.text.substr(at, token.begin - at);
      EXPECT_EQ(gap.find_first_not_of(" \t\n\r&\\"), std::string_view::npos) << gap;
      at = token.end;
    }
  }
}

TEST(Lexer, AnyBytesGiveOrderedTokens) {
  for (const Sample& sample : code_samples()) {
    RandomStream random(1, sample.language, 0);
    for (int round = 0; round < 300; ++round) {
      std::string text(sample.text.substr(random.below(sample.text.size())));
      for (int change = 0; change < 5 && !text.empty(); ++change) {
        text[random.below(text.size())] = "'\"`\\/*#(){}[]\n0.e&\0\xff"[random.below(20)];
      }
      const LexedText lexed = lex(text, sample.known(), lexical_profile(sample.known()));
      std::uint32_t at = 0;
      for (const Token& token : lexed.tokens) {
        ASSERT_GE(token.begin, at);
        ASSERT_GT(token.end, token.begin);
        ASSERT_LE(token.end, text.size());
        at = token.end;
      }
    }
  }
}

TEST(Lexer, TellsWhatIsNotClosed) {
  const Language& cpp = *find_language("cpp");
  const auto message = [&](std::string_view text) {
    const auto error = lex(text, cpp, lexical_profile(cpp)).error;
    return error ? std::to_string(error->offset) + " " + error->message : std::string();
  };
  EXPECT_EQ(message("a /* b"), "2 comment is never closed");
  EXPECT_EQ(message("x = \"abc\n\""), "4 string is never closed");
  EXPECT_EQ(message("f(]"), "2 ']' has no partner");
  EXPECT_EQ(message("{ ( )"), "0 bracket is never closed");
}

TEST(NumberLiteral, TakesApartAndPutsTogether) {
  const auto parse = [](std::string_view language, std::string_view text) {
    return parse_number(text, lexical_profile(*find_language(language)));
  };
  EXPECT_EQ(parse("cpp", "1'000.5f")->value, 1000.5);
  EXPECT_EQ(format_real(0.1, *parse("cpp", "1.5f")), "0.1f");
  EXPECT_EQ(format_real(1e-20, *parse("fortran", "1.0d0")), "1d-20");
  EXPECT_EQ(format_real(0.25, *parse("fortran", "1.0d0")), "0.25d0");
  EXPECT_EQ(format_real(2.0, *parse("julia", "1.5f0")), "2.0f0");
  EXPECT_EQ(format_real(0.5, *parse("fortran", "1.5_dp")), "0.5_dp");
  EXPECT_EQ(format_integer(31, *parse("python", "0x10")), "0x1f");
  EXPECT_EQ(format_integer(7, *parse("rust", "12usize")), "7usize");
  EXPECT_TRUE(parse("python", "3j")->imaginary);
  EXPECT_FALSE(parse("python", "3if"));
  EXPECT_FALSE(parse("c", "017"));
  EXPECT_FALSE(parse("python", "99999999999999999999"));
}

}  // namespace
}  // namespace genesis::evolve
