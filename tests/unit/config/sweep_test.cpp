#include "genesis/config/sweep.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "genesis/config/override_text.h"
#include "genesis/config/reject.h"

namespace genesis::config {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

std::vector<std::string> options(const std::string& group) {
  if (group == "db") return {"maria", "mysql", "postgres"};
  return {};
}

std::vector<std::string> values(const std::string& argument) {
  return sweep_values(parse_override(argument), options);
}

std::string problem(const std::string& argument) {
  try {
    values(argument);
  } catch (const ConfigError& error) {
    return error.what();
  }
  return "accepted";
}

TEST(Sweep, GoesThroughChoicesRangesAndGlobs) {
  EXPECT_THAT(values("a=1,two,'3, 4'"), ElementsAre("1", "two", "'3, 4'"));
  EXPECT_THAT(values("a=choice('b c',[1,2])"), ElementsAre("b\\ c", "[1,2]"));
  EXPECT_THAT(values("a=range(1,7,2)"), ElementsAre("1", "3", "5"));
  EXPECT_THAT(values("a=range(0.1,0.5,0.2)"), ElementsAre("0.1", "0.30000000000000004"));
  EXPECT_THAT(values("a=range(3,0,-1)"), ElementsAre("3", "2", "1"));
  EXPECT_THAT(values("db=glob(m*)"), ElementsAre("maria", "mysql"));
  EXPECT_THAT(values("db=glob(*,exclude=[m*])"), ElementsAre("postgres"));
  EXPECT_THAT(values("nothing=glob(*)"), IsEmpty());
}

// Hydra's order differs from call to call; ours must not, or no sweep could be continued.
TEST(Sweep, ShufflesTheSameWayEachTime) {
  const std::vector<std::string> once = values("a=shuffle(range(20))");
  EXPECT_EQ(once, values("a=shuffle(range(20))"));
  EXPECT_EQ(once, values("b=shuffle(range(20))")) << "the values alone decide";
  std::vector<std::string> straight = values("a=range(20)");
  EXPECT_NE(once, straight);
  std::vector<std::string> sorted = once;
  std::sort(sorted.begin(), sorted.end());
  std::sort(straight.begin(), straight.end());
  EXPECT_EQ(sorted, straight);
  EXPECT_EQ(override_text(parse_override("a=shuffle([1,2,3])").value),
            override_text(parse_override("a=shuffle([1,2,3])").value));
}

TEST(Sweep, SaysWhichArgumentCannotBeGoneThrough) {
  EXPECT_THAT(problem("a=interval(0,1)"), HasSubstr("argument 'a=interval(0,1)': interval()"));
  EXPECT_THAT(problem("a=interval(0,1)"), HasSubstr("use range() or choice()"));
  EXPECT_THAT(problem("a=range(0,1,0)"), HasSubstr("step must not be 0"));
  EXPECT_THAT(problem("a=range(0,inf)"), HasSubstr("more than 100000 values"));
  EXPECT_THAT(problem("a=range(-inf,1)"), HasSubstr("more than 100000 values"));
  EXPECT_THAT(problem("a=range(0,1e300)"), HasSubstr("more than 100000 values"));
  EXPECT_THAT(problem("a=range(0,nan)"), HasSubstr("NaN"));
  EXPECT_THAT(problem("db=glob([1])"), HasSubstr("patterns of glob() must be texts"));
}

TEST(Sweep, TheLastArgumentVariesFastest) {
  std::vector<Override> overrides;
  for (const char* text : {"a=1,2", "b=x", "c=3,4"}) overrides.push_back(parse_override(text));
  EXPECT_THAT(sweep_jobs(overrides, options),
              ElementsAre(ElementsAre("a=1", "b=x", "c=3"), ElementsAre("a=1", "b=x", "c=4"),
                          ElementsAre("a=2", "b=x", "c=3"), ElementsAre("a=2", "b=x", "c=4")));
}

TEST(Sweep, TooManyJobsAreRefusedBeforeTheyAreMade) {
  std::vector<Override> overrides;
  for (const char* text : {"a=range(1000)", "b=range(1000)", "c=range(1000)"}) {
    overrides.push_back(parse_override(text));
  }
  EXPECT_THROW(sweep_jobs(overrides, options), ConfigError);
}

}  // namespace
}  // namespace genesis::config
