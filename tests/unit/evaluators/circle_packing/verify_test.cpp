#include "evaluators/circle_packing/verify.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <limits>
#include <vector>

#include "evaluators/circle_packing/construction.h"

namespace genesis::circle_packing {
namespace {

using ::testing::HasSubstr;

double up(double value) {
  return std::nextafter(value, 10.0);
}

Verdict verdict_of(const std::vector<Circle>& circles) {
  return value_or_throw(verify_circle_packing(circles));
}

TEST(Verify, TouchingCirclesAndWallsAreAllowedExactly) {
  const auto verdict = verdict_of({{0.25, 0.25, 0.25}, {0.75, 0.25, 0.25}, {0.5, 0.75, 0.25}});
  EXPECT_TRUE(verdict.valid) << verdict.problem;
  EXPECT_EQ(verdict.circles, 3u);
  EXPECT_EQ(verdict.sum, 0.75);
  EXPECT_EQ(verdict.sum_digits, "0.75000000000000000000");
}

// What a double comparison cannot see: the overlap is one unit in the last place of a radius.
TEST(Verify, OneUnitInTheLastPlaceIsTooMuch) {
  auto verdict = verdict_of({{0.25, 0.25, 0.25}, {0.75, 0.25, up(0.25)}});
  EXPECT_FALSE(verdict.valid);
  verdict = verdict_of({{0.25, 0.5, 0.25}, {0.75 - 0x1p-54, 0.5, 0.25}});
  EXPECT_TRUE(verdict.valid) << "0.75 - 2^-54 rounds to 0.75";
  verdict = verdict_of({{0.25, 0.5, 0.25}, {std::nextafter(0.75, 0.0), 0.5, 0.25}});
  EXPECT_FALSE(verdict.valid);
  EXPECT_THAT(verdict.problem, HasSubstr("circles 0 and 1 overlap by 1.11022e-16"));
  EXPECT_EQ(verdict.violation, 0x1p-53);
}

TEST(Verify, SumsOfSquaresThatRoundToEqualAreStillCompared) {
  // 3-4-5: the distance is 5/16 exactly; the smallest subnormal more is an overlap.
  const double tiny = std::numeric_limits<double>::denorm_min();
  EXPECT_TRUE(verdict_of({{0.25, 0.25, 0.25}, {0.4375, 0.5, 0.0625}}).valid);
  const auto verdict =
      verdict_of({{0.25, 0.25, 0.25}, {0.4375, 0.5, 0.0625}, {0.9, 0.9, tiny}, {0.9, 0.9, tiny}});
  EXPECT_FALSE(verdict.valid);
  EXPECT_THAT(verdict.problem, HasSubstr("circles 2 and 3"));
  EXPECT_EQ(verdict.violation, 2 * tiny);
  EXPECT_FALSE(verdict_of({{0.25, 0.25, 0.25}, {0.4375, 0.5, up(0.0625)}}).valid);
}

TEST(Verify, EveryWallIsChecked) {
  const struct {
    Circle circle;
    const char* side;
  } cases[] = {{{0.1, 0.5, up(0.1)}, "left"},
               {{0.9, 0.5, 0.1}, "right"},  // 0.9 + 0.1 is above 1 by 3e-17, and rounds to 1
               {{0.5, 0.1, up(0.1)}, "lower"},
               {{0.5, 0.9, 0.1}, "upper"}};
  for (const auto& [circle, side] : cases) {
    const auto verdict = verdict_of({circle});
    EXPECT_FALSE(verdict.valid) << side;
    EXPECT_THAT(verdict.problem, HasSubstr(side));
    EXPECT_GT(verdict.violation, 0);
    EXPECT_LT(verdict.violation, 1e-16);
  }
}

TEST(Verify, NegativeRadiiAndWhatIsNotFinite) {
  EXPECT_THAT(verdict_of({{0.5, 0.5, -0.125}}).problem, HasSubstr("negative radius"));
  EXPECT_EQ(verdict_of({{0.5, 0.5, -0.125}}).sum_digits, "-0.12500000000000000000");
  EXPECT_TRUE(verdict_of({{0.5, 0.5, 0.0}, {0.5, 0.5, 0.0}}).valid);
  const double nan = std::numeric_limits<double>::quiet_NaN();
  const double infinity = std::numeric_limits<double>::infinity();
  for (const Circle& bad : {Circle{nan, 0, 0}, Circle{0, infinity, 0}, Circle{0, 0, -infinity}})
    EXPECT_FALSE(verify_circle_packing(std::vector<Circle>{bad}));
  EXPECT_FALSE(verify_circle_packing({}));
  EXPECT_FALSE(verify_circle_packing(std::vector<Circle>(kMaxCircles + 1)));
  EXPECT_FALSE(verdict_of({{1e308, 0.5, 0.1}}).valid);
}

TEST(Verify, TheSumIsExactAndRoundedOnce) {
  std::vector<Circle> circles;  // ten times 0.1 in double arithmetic is 0.9999999999999999
  for (int i = 0; i < 10; ++i) circles.push_back({0.5, 0.5, 0.1});
  EXPECT_EQ(verdict_of(circles).sum, 1.0);
  EXPECT_EQ(verdict_of(circles).sum_digits, "1.00000000000000005551");
  EXPECT_EQ(verdict_of({{0.5, 0.5, 1.0}, {0.5, 0.5, 0x1p-53}}).sum, 1.0);
  EXPECT_EQ(verdict_of({{0.5, 0.5, 1.0}, {0.5, 0.5, 0x1p-53}, {0.5, 0.5, 0x1p-1000}}).sum, up(1.0));
}

std::vector<Circle> circles_of(std::string_view text) {
  return value_or_throw(parse_construction(text, "test"));
}

void expect_one(std::string_view text) {
  const auto circles = circles_of(text);
  ASSERT_EQ(circles.size(), 1u) << text;
  EXPECT_EQ(circles[0].x, 0.5);
  EXPECT_EQ(circles[0].y, 0.25);
  EXPECT_EQ(circles[0].r, 0.125);
}

TEST(Construction, AllTextForms) {
  expect_one(R"({"circles": [{"x": "0x1p-1", "y": 0.25, "r": "0x1.0000000000000p-3"}]})");
  expect_one(R"({"centers": [[0.5, "0.25"]], "radii": ["0x1p-3"]})");
  expect_one("0.5,0.25,0.125");
  expect_one("x,y,r\n# comment\n\n 0.5 0.25\t1.25e-1 # more\r\n");
  expect_one("0x1p-1; 0X1P-2; +0x.2p0");
  EXPECT_EQ(circles_of("-0x1p-1,0,0")[0].x, -0.5);
}

TEST(Construction, WhatIsMalformedSaysWhere) {
  const struct {
    std::string_view text, message;
  } cases[] = {
      {"", "no circles"},
      {"0.5,0.5", "line 1"},
      {"0.5,0.5,0.1\na,b,c", "line 2"},
      {"0.5,0.5,0.1,7", "line 1"},
      {"0.5,0.5,--1", "line 1"},
      {"{", "JSON"},
      {"[[[[[[[[[[[[1]]]]]]]]]]]]", "nested"},
      {"{}", "circles"},
      {R"({"circles": [{"x": 1, "y": 2}]})", "circle 0"},
      {R"({"circles": [{"x": 1, "y": 2, "r": "big"}]})", "circle 0's r"},
      {R"({"centers": [[1, 2]], "radii": []})", "one length"},
      {R"({"centers": [[1, 2, 3]], "radii": [1]})", "pair"},
      {"PK", "directory"},
      {"PK\5\6", "directory"},
  };
  for (const auto& [text, message] : cases) {
    const auto circles = parse_construction(text, "a.txt");
    ASSERT_FALSE(circles) << text;
    EXPECT_THAT(circles.error().message, HasSubstr(message));
    EXPECT_THAT(circles.error().message, HasSubstr("a.txt"));
  }
}

/// A .npy member as NumPy writes it.
std::string npy(std::string_view shape, const std::vector<double>& values,
                std::string_view order = "False") {
  std::string header = "{'descr': '<f8', 'fortran_order': " + std::string(order) +
                       ", 'shape': " + std::string(shape) + ", }";
  header.resize(118, ' ');
  std::string out("\x93NUMPY\1\0", 8);
  out += {'\x76', '\0'};
  out += header;
  out.append(reinterpret_cast<const char*>(values.data()), values.size() * sizeof(double));
  return out;
}

void append_number(std::string& out, std::uint32_t value, int bytes) {
  for (int i = 0; i < bytes; ++i) out.push_back(static_cast<char>(value >> (8 * i) & 0xff));
}

std::string zip(const std::vector<std::pair<std::string, std::string>>& members, int method = 0) {
  std::string out, directory;
  for (const auto& [name, data] : members) {
    const auto place = static_cast<std::uint32_t>(out.size());
    const auto size = static_cast<std::uint32_t>(data.size());
    out += "PK\3\4";
    out.append(22, '\0');
    append_number(out, static_cast<std::uint32_t>(name.size()), 2);
    append_number(out, 0, 2);
    out += name + data;
    directory += "PK\1\2";
    directory.append(6, '\0');
    append_number(directory, static_cast<std::uint32_t>(method), 2);
    directory.append(8, '\0');
    append_number(directory, size, 4);
    append_number(directory, size, 4);
    append_number(directory, static_cast<std::uint32_t>(name.size()), 2);
    directory.append(12, '\0');
    append_number(directory, place, 4);
    directory += name;
  }
  const auto start = static_cast<std::uint32_t>(out.size());
  out += directory + "PK\5\6";
  append_number(out, 0, 4);
  append_number(out, static_cast<std::uint32_t>(members.size()), 2);
  append_number(out, static_cast<std::uint32_t>(members.size()), 2);
  append_number(out, static_cast<std::uint32_t>(directory.size()), 4);
  append_number(out, start, 4);
  append_number(out, 0, 2);
  return out;
}

TEST(Construction, NumPyArchives) {
  const auto radii = npy("(2,)", {0.125, 0.25});
  const auto good =
      zip({{"centers.npy", npy("(2, 2)", {0.5, 0.25, 0.75, 1.0})}, {"radii.npy", radii}});
  const auto circles = circles_of(good);
  ASSERT_EQ(circles.size(), 2u);
  EXPECT_EQ(circles[1].x, 0.75);
  EXPECT_EQ(circles[1].y, 1.0);
  EXPECT_EQ(circles[1].r, 0.25);
  const auto columns = circles_of(
      zip({{"centers.npy", npy("(2, 2)", {0.5, 0.75, 0.25, 1.0}, "True")}, {"radii.npy", radii}}));
  EXPECT_EQ(columns[1].x, 0.75);
  EXPECT_EQ(columns[1].y, 1.0);

  for (std::size_t length = 0; length < good.size(); length += 7)
    EXPECT_FALSE(parse_npz(std::string_view(good).substr(0, length)));
  EXPECT_FALSE(parse_npz(zip({{"radii.npy", radii}})));
  EXPECT_FALSE(parse_npz(zip({{"centers.npy", radii}, {"radii.npy", radii}})));
  const auto compressed = parse_npz(zip({{"centers.npy", radii}, {"radii.npy", radii}}, 8));
  ASSERT_FALSE(compressed);
  EXPECT_THAT(compressed.error().message, HasSubstr("savez_compressed"));
}

TEST(Construction, ReadsFiles) {
  const TempDir folder;
  std::ofstream(folder.path() / "c.csv") << "0.5,0.5,0.5\n";
  EXPECT_EQ(value_or_throw(read_construction(folder.path() / "c.csv")).size(), 1u);
  EXPECT_EQ(read_construction(folder.path() / "none").error().kind, ErrorKind::not_found);
}

}  // namespace
}  // namespace genesis::circle_packing
