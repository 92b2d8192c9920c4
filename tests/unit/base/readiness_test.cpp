#include "genesis/base/readiness.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include "genesis/base/fd.h"

namespace genesis {
namespace {

TEST(Readiness, IsWhatTheDescriptorHasNow) {
  int ends[2];
  ASSERT_EQ(::pipe(ends), 0);
  const Fd out(ends[0]);
  Fd in(ends[1]);
  EXPECT_FALSE(is_readable(out.get()));
  ASSERT_EQ(::write(in.get(), "x", 1), 1);
  EXPECT_TRUE(is_readable(out.get()));
  char letter = 0;
  ASSERT_EQ(::read(out.get(), &letter, 1), 1);
  EXPECT_FALSE(is_readable(out.get()));
  in.reset();
  EXPECT_TRUE(is_readable(out.get()));  // Its end can be read.
}

}  // namespace
}  // namespace genesis
