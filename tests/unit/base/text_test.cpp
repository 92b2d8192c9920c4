#include "genesis/base/text.h"

#include <gtest/gtest.h>

#include <cstdlib>

namespace genesis {
namespace {

using std::chrono::milliseconds;

TEST(ParseDuration, AcceptsTheFormsUsersWrite) {
  EXPECT_EQ(parse_duration("01:00:00").value(), milliseconds(3'600'000));
  EXPECT_EQ(parse_duration("02:30").value(), milliseconds(150'000));
  EXPECT_EQ(parse_duration("1-00:00:01").value(), milliseconds(86'401'000));
  EXPECT_EQ(parse_duration("90").value(), milliseconds(90'000));
  EXPECT_EQ(parse_duration("1.5").value(), milliseconds(1'500));
  EXPECT_EQ(parse_duration("250ms").value(), milliseconds(250));
  EXPECT_EQ(parse_duration("5m").value(), milliseconds(300'000));
  EXPECT_EQ(parse_duration("2h").value(), milliseconds(7'200'000));
}

TEST(ParseDuration, RefusesWhatIsNotOne) {
  for (const char* bad :
       {"", "abc", "-5", "1:2:3:4", "nan", "inf", "1x", ":", "5 minutes", "1e300"}) {
    EXPECT_FALSE(parse_duration(bad)) << bad;
  }
}

TEST(FormatDuration, PicksTheUnitPeopleRead) {
  EXPECT_EQ(format_duration(milliseconds(850)), "850 ms");
  EXPECT_EQ(format_duration(milliseconds(12'300)), "12.3 s");
  EXPECT_EQ(format_duration(milliseconds(245'000)), "4m05s");
  EXPECT_EQ(format_duration(milliseconds(7'380'000)), "2h03m");
  EXPECT_EQ(format_duration(milliseconds(273'600'000)), "3d04h");
}

TEST(ParseBytes, UsesPowersOf1024) {
  EXPECT_EQ(parse_bytes("8G").value(), 8ull << 30);
  EXPECT_EQ(parse_bytes("512M").value(), 512ull << 20);
  EXPECT_EQ(parse_bytes("1.5GiB").value(), 3ull << 29);
  EXPECT_EQ(parse_bytes("4096").value(), 4096u);
  EXPECT_FALSE(parse_bytes("lots"));
  EXPECT_FALSE(parse_bytes("-1G"));
}

TEST(NearestName, SuggestsOnlyWhatIsNear) {
  const std::vector<std::string> names{"num_generations", "num_islands", "max_parallel_jobs"};
  EXPECT_EQ(nearest_name("num_generation", names), "num_generations");
  EXPECT_EQ(nearest_name("max_paralel_jobs", names), "max_parallel_jobs");
  EXPECT_EQ(nearest_name("zebra", names), "");
}

TEST(Utf8, TellsValidFromInvalid) {
  EXPECT_TRUE(is_valid_utf8("héllo 한국어 🎉"));
  EXPECT_FALSE(is_valid_utf8("\xC0\x80"));          // overlong
  EXPECT_FALSE(is_valid_utf8("\xED\xA0\x80"));      // surrogate
  EXPECT_FALSE(is_valid_utf8("\xF4\x90\x80\x80"));  // beyond U+10FFFF
  EXPECT_FALSE(is_valid_utf8("abc\xE2\x82"));       // truncated
  EXPECT_EQ(to_valid_utf8("a\xFFz"), "a\xEF\xBF\xBDz");
}

TEST(ShortestDouble, ReadsBackExactly) {
  for (const double value : {0.1, 1.0, -2.5e-300, 1e22, 3.141592653589793, 5e-324, 0.0}) {
    EXPECT_EQ(std::strtod(shortest_double(value).c_str(), nullptr), value);
  }
  EXPECT_EQ(shortest_double(2.0), "2.0");
}

TEST(SplitLines, KeepsContentNotTerminators) {
  EXPECT_EQ(split_lines("a\r\nb\n\nc\n"), (std::vector<std::string_view>{"a", "b", "", "c"}));
  EXPECT_TRUE(split_lines("").empty());
}

}  // namespace
}  // namespace genesis
