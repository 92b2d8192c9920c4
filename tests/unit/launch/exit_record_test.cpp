#include "launch/exit_record.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace genesis::launch {
namespace {

using namespace std::chrono_literals;

TEST(ExitRecord, ReadsARecord) {
  const auto record = parse_exit_record(
      R"({"v":1,"code":3,"timed_out":1,"wall_ms":1250,"cpu":"1m1.500000s 0m0.25s","oom":2,"left":0,
          "strangers":4,"files":[[10,"metrics.json"],[3,"a/b c"],[1,"../x"],[1,"/etc/x"],[2,""],null]})");
  ASSERT_TRUE(record.has_value()) << record.error().message;
  EXPECT_EQ(record->code, 3);
  EXPECT_TRUE(record->timed_out);
  EXPECT_EQ(record->wall, 1250ms);
  EXPECT_EQ(record->cpu, 61750ms);
  EXPECT_EQ(record->oom, 2);
  EXPECT_EQ(record->strangers, 4);
  EXPECT_THAT(record->files,
              testing::ElementsAre(testing::Pair("metrics.json", 10u), testing::Pair("a/b c", 3u)));
}

TEST(ExitRecord, RefusesWhatIsNoRecord) {
  for (const char* text :
       {"", "{", "[]", "{}", R"({"v":2,"code":0})", R"({"v":1})", R"({"v":1,"code":256})",
        R"({"v":1,"code":"0"})", R"({"v":1,"code":-1})"}) {
    EXPECT_FALSE(parse_exit_record(text).has_value()) << text;
  }
  EXPECT_EQ(parse_exit_record(R"({"v":1,"code":0,"oom":null})")->oom, std::nullopt);
}

}  // namespace
}  // namespace genesis::launch
