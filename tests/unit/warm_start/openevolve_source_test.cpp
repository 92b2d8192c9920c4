#include "genesis/warm_start/openevolve_source.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "genesis/base/files.h"

namespace genesis::warm_start {
namespace {

using testing::HasSubstr;

OpenEvolveProgram parsed(const std::string& metrics, const std::string& more = "") {
  return value_or_throw(parse_openevolve_program(R"({"id": "p", "code": "x = 1\n", "metrics": )" +
                                                 metrics + more + "}"));
}

TEST(ParseOpenEvolveProgram, TakesWhatAWarmStartNeeds) {
  const OpenEvolveProgram program =
      parsed(R"({"combined_score": 0.5, "time": 2})",
             R"(, "parent_id": "q", "generation": 4, "language": "python",
                "metadata": {"island": 3, "changes": ["a"]}, "embedding": [0.1, 0.2],
                "artifacts_json": null)");
  EXPECT_EQ(program.listing.id, "p");
  EXPECT_EQ(program.listing.parent_id, "q");
  EXPECT_EQ(program.listing.generation, 4);
  EXPECT_EQ(program.listing.island, 3);
  EXPECT_EQ(program.listing.score, 0.5);
  EXPECT_TRUE(program.listing.correct);
  EXPECT_EQ(program.text.code, "x = 1\n");
  EXPECT_EQ(program.text.public_json, R"({"combined_score":0.5,"time":2})");
}

TEST(ParseOpenEvolveProgram, FitnessIsTheirs) {
  EXPECT_EQ(parsed(R"({"a": 1, "b": 3, "complexity": 100, "diversity": 7})").listing.score, 2.0);
  EXPECT_EQ(parsed(R"({"complexity": 4, "diversity": 2})").listing.score, 3.0);
  EXPECT_EQ(parsed(R"({"a": 1, "flag": true, "b": NaN, "c": "x"})").listing.score, 1.0);
}

TEST(ParseOpenEvolveProgram, FailuresAreIncorrect) {
  for (const char* metrics :
       {R"({"error": 0.0})", R"({"combined_score": NaN})", R"({"combined_score": Infinity})", "{}",
        R"({"combined_score": 0.0, "error": "cannot import"})", R"({"timeout": true})"}) {
    EXPECT_FALSE(parsed(metrics).listing.correct) << metrics;
  }
}

TEST(ParseOpenEvolveProgram, RefusesWhatIsNoProgram) {
  for (const char* text :
       {"", "[]", "{", R"({"id": "p"})", R"({"code": "x"})", R"({"id": 1, "code": "x"})",
        R"({"id": "p", "code": 5})", R"({"id": "p", "code": "x", "metrics": {"a": 1)"}) {
    EXPECT_FALSE(parse_openevolve_program(text)) << text;
  }
  const std::string deep(100'000, '[');
  EXPECT_FALSE(parse_openevolve_program(R"({"id": "p", "code": "x", "metadata": )" + deep));
  // Odd values in places that do not matter are passed over.
  const auto odd = parse_openevolve_program(
      R"({"id": "p", "code": "x", "generation": 1e300, "metadata": {"island": -1}, "metrics": 7})");
  ASSERT_TRUE(odd);
  EXPECT_EQ(odd->listing.generation, 0);
  EXPECT_FALSE(odd->listing.island);
}

class OpenEvolveFolder : public testing::Test {
 protected:
  void put(const std::string& name, const std::string& text) {
    ASSERT_TRUE(make_directories(dir_.path() / "programs"));
    ASSERT_TRUE(write_file(dir_.path() / "programs" / name, text));
  }
  TempDir dir_;
};

TEST_F(OpenEvolveFolder, ReadsInTheOrderOfNamesAndCountsTheUnreadable) {
  put("b.json", R"({"id": "b", "code": "b", "metrics": {"combined_score": 2}})");
  put("a.json", R"({"id": "a", "code": "a", "metrics": {"combined_score": 1}})");
  put("c.json", "not json");
  put("d.txt", "no program");
  ASSERT_TRUE(make_directories(dir_.path() / "programs" / "e.json"));
  const auto source = value_or_throw(open_openevolve(dir_.path()));
  Skipped skipped;
  const auto listed = value_or_throw(source->list(skipped));
  ASSERT_EQ(listed.size(), 2u);
  EXPECT_EQ(listed[0].id, "a");
  EXPECT_EQ(skipped, (Skipped{{"unreadable", 2}}));
  EXPECT_EQ(value_or_throw(source->read(listed[1])).code, "b");
}

TEST_F(OpenEvolveFolder, AllUnreadableOrNoneIsAnError) {
  EXPECT_FALSE(open_openevolve(dir_.path()));
  put("a.json", "{");
  const auto source = value_or_throw(open_openevolve(dir_.path()));
  Skipped skipped;
  const auto listed = source->list(skipped);
  ASSERT_FALSE(listed);
  EXPECT_THAT(listed.error().message, HasSubstr("none of the 1 programs can be read"));
  EXPECT_THAT(listed.error().message, HasSubstr("a.json"));
}

}  // namespace
}  // namespace genesis::warm_start
