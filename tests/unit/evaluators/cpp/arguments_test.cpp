#include "genesis_evaluator/arguments.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <string>
#include <vector>

namespace genesis::evaluator {
namespace {

using ::testing::HasSubstr;

const std::vector<Flag> kFlags = {{"compiler", "g++", "the compiler"},
                                  {"seconds", "10", "of time"},
                                  {"strict", "", "no excuses"}};

Arguments parse(std::vector<std::string> words) {
  words.insert(words.begin(), {"--program_path", "a b.cpp", "--results_dir=out=1"});
  return Arguments::parse(words, kFlags);
}

std::string refusal(const std::vector<std::string>& words) {
  try {
    Arguments::parse(words, kFlags);
  } catch (const UsageError& error) {
    return error.what();
  }
  return "";
}

TEST(EvaluatorArguments, TakesBothSpellings) {
  const Arguments arguments = parse({"--compiler=clang++", "--seconds", "-2.5"});
  EXPECT_EQ(arguments.program_path(), "a b.cpp");
  EXPECT_EQ(arguments.results_dir(), "out=1");
  EXPECT_EQ(arguments.text("compiler"), "clang++");
  EXPECT_EQ(arguments.number("seconds"), -2.5);
}

TEST(EvaluatorArguments, WhatIsNotGivenIsItsFallback) {
  EXPECT_EQ(parse({}).text("compiler"), "g++");
  EXPECT_EQ(parse({}).integer("seconds"), 10);
  EXPECT_FALSE(parse({}).enabled("strict"));
}

TEST(EvaluatorArguments, AFlagWithoutAValueIsTrue) {
  EXPECT_TRUE(parse({"--strict"}).enabled("strict"));
  EXPECT_TRUE(parse({"--strict", "--seconds", "3"}).enabled("strict"));
  EXPECT_FALSE(parse({"--strict", "no"}).enabled("strict"));
}

TEST(EvaluatorArguments, RefusesWithTheReason) {
  EXPECT_THAT(refusal({}), HasSubstr("are needed"));
  EXPECT_THAT(refusal({"--program_path", "p"}), HasSubstr("--results_dir"));
  EXPECT_THAT(refusal({"--program_path"}), HasSubstr("--program_path needs a path"));
  EXPECT_THAT(refusal({"--results_dir", "--program_path", "p"}), HasSubstr("needs a path"));
  EXPECT_THAT(refusal({"--results_dir="}), HasSubstr("needs a path"));
  EXPECT_THAT(refusal({"main.cpp"}), HasSubstr("'main.cpp' belongs to no flag"));
  EXPECT_THAT(refusal({"--secnds", "1"}), HasSubstr("--secnds is not known; accepted are"));
  EXPECT_THAT(refusal({"--secnds", "1"}), HasSubstr("--seconds"));
}

TEST(EvaluatorArguments, RefusesValuesOfTheWrongKind) {
  for (const char* text : {"", "ten", "1s", "nan", "inf", "1e999", " 1"})
    EXPECT_THROW(parse({std::string("--seconds=") + text}).number("seconds"), UsageError) << text;
  for (const char* text : {"", "1.5", "99999999999999999999"})
    EXPECT_THROW(parse({std::string("--seconds=") + text}).integer("seconds"), UsageError) << text;
  EXPECT_THROW(parse({"--strict=perhaps"}).enabled("strict"), UsageError);
  EXPECT_THROW(parse({}).text("undeclared"), std::logic_error);
}

TEST(EvaluatorArguments, AMissingProgramIsNamed) {
  const Arguments arguments = Arguments::parse(
      std::vector<std::string>{"--program_path=no-such-file", "--results_dir=out"});
  try {
    arguments.program();
    FAIL() << "read a file that is not there";
  } catch (const CannotEvaluate& error) {
    EXPECT_THAT(error.what(), HasSubstr("no-such-file"));
  }
}

TEST(Arguments, TellsWhichUnseenSeed) {
  ::unsetenv("GENESIS_UNSEEN_SEED");
  EXPECT_EQ(Arguments::unseen_seed(), 0);
  ::setenv("GENESIS_UNSEEN_SEED", "7", 1);
  EXPECT_EQ(Arguments::unseen_seed(), 7);
  for (const char* wrong : {"-1", "x", "1x", "99999999999999"}) {
    ::setenv("GENESIS_UNSEEN_SEED", wrong, 1);
    EXPECT_THROW(Arguments::unseen_seed(), CannotEvaluate) << wrong;
  }
  ::unsetenv("GENESIS_UNSEEN_SEED");
}

}  // namespace
}  // namespace genesis::evaluator
