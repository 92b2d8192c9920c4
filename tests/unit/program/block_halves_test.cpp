#include "genesis/program/block_halves.h"

#include <gtest/gtest.h>

namespace genesis {
namespace {

std::string halves(std::string search, std::string replace) {
  EditBlock block;
  block.search = std::move(search);
  block.replace = std::move(replace);
  const BlockHalves clean = clean_halves(block, *find_language("python"));
  return clean.search + "|" + clean.replace;
}

TEST(BlockHalvesTest, MarkersAndTheContextBehindThemAreLeftOut) {
  const std::string start = "# EVOLVE-BLOCK-START", end = "# EVOLVE-BLOCK-END";
  EXPECT_EQ(halves("a\nb", "c"), "a\nb|c");
  EXPECT_EQ(halves("a\r\nb", "c\r\n"), "a\nb|c\n");
  EXPECT_EQ(halves("", ""), "|");
  EXPECT_EQ(halves(start + "\na", "b"), "a|b");
  EXPECT_EQ(halves("a\n" + end, "b\n" + end), "a|b");
  EXPECT_EQ(halves("import x\n" + start + "\na", "import x\n" + start + "\nb"), "a|b");
  EXPECT_EQ(halves("a\n" + end + "\nmain()", "b\n" + end + "\nmain()"), "a|b");
  EXPECT_EQ(halves("x\n" + start + "\na\n" + end + "\ny", "x\n" + start + "\n" + end + "\ny"),
            "a|");
  // Not shared: what the answer wants to change outside stays visible, and fails later.
  EXPECT_EQ(halves("import x\n" + start + "\na", "import y\n" + start + "\na"),
            "import x\na|import y\na");
  // SEARCH must keep something to be found by.
  EXPECT_EQ(halves("import x\n" + start, "import x\n" + start + "\na"), "import x|import x\na");
}

}  // namespace
}  // namespace genesis
