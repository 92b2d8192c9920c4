#include "genesis/program/edit_report.h"

#include <gtest/gtest.h>

#include "genesis/base/text.h"

namespace genesis {
namespace {

std::string difference(std::string_view yours, std::string_view programs) {
  return short_difference(split_lines(yours), split_lines(programs), "> ");
}

TEST(EditReportTest, ShowsWhatDiffers) {
  EXPECT_EQ(difference("a\nb", "a\nc"), ">  a\n> -b\n> +c\n");
  EXPECT_EQ(difference("a  ", "a"), ">  a\n");
  EXPECT_EQ(difference("", "a"), "> +a\n");
  EXPECT_EQ(difference("1\n2\n3\n4\n5\n6\nx\n8\n9", "1\n2\n3\n4\n5\n6\ny\n8\n9"),
            ">  … 5 lines alike\n>  6\n> -x\n> +y\n>  8\n>  9\n");
  EXPECT_EQ(difference("x\n2\n3\n4\n5\n6\ny", "X\n2\n3\n4\n5\n6\nY"),
            "> -x\n> +X\n>  2\n>  … 3 lines alike\n>  6\n> -y\n> +Y\n");
  std::string many;
  for (int i = 0; i < 40; ++i) many += std::to_string(i) + "\n";
  EXPECT_TRUE(difference(many, "").ends_with("> -23\n>  … 16 more lines\n"));
  EXPECT_EQ(clipped_line(std::string(200, 'a') + "\r\n").size(), 160 + 3 + 12u);
}

TEST(EditReportTest, DescribesEachPiece) {
  HunkReport fuzzy{"main.py", HunkStep::fuzzy, 0.9387, 4, 3, 5, "-a\n+b\n"};
  HunkReport exact{"lib/b.py", HunkStep::exact, 1, 9, 7, 7, ""};
  HunkReport added{"main.py", HunkStep::insertion, 1, 12, 20, 19, ""};
  HunkReport made{"c.py", HunkStep::created, 1, 14, 0, 0, ""};
  EXPECT_EQ(describe_hunks({fuzzy, exact, added, made}),
            "main.py, lines 3-5: fuzzy (93 % alike)\n  -a\n  +b\n"
            "lib/b.py, line 7: exact\n"
            "main.py, before line 20: insertion\n"
            "c.py: created\n");
  EXPECT_EQ(describe_hunks({}), "");
  EXPECT_EQ(to_string(HunkStep::deleted), "deleted");
  EXPECT_EQ(to_string(HunkStep::whitespace), "whitespace");
}

}  // namespace
}  // namespace genesis
