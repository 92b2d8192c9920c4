#include "launch/sandbox_server/spread_subfolders.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <linux/fs.h>
#include <sys/ioctl.h>

#include "genesis/base/fd.h"
#include "genesis/base/files.h"

namespace genesis::sandbox_server {
namespace {

TEST(SpreadSubfolders, IsAHintThatHarmsNowhere) {
  const TempDir place;
  const Fd opened(::open(place.path().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  int flags = 0;
  const bool knows_flags = ::ioctl(opened.get(), FS_IOC_GETFLAGS, &flags) == 0;
  int wanted = flags | FS_TOPDIR_FL;
  const bool takes_it = knows_flags && ::ioctl(opened.get(), FS_IOC_SETFLAGS, &wanted) == 0;
  if (takes_it) {
    ASSERT_EQ(::ioctl(opened.get(), FS_IOC_SETFLAGS, &flags), 0);
  }
  for (int i = 0; i < 2; ++i) {
    spread_subfolders(place.path());
    int now = 0;
    const bool told =
        ::ioctl(opened.get(), FS_IOC_GETFLAGS, &now) == 0 && (now & FS_TOPDIR_FL) != 0;
    EXPECT_EQ(told, takes_it);
  }
  EXPECT_TRUE(write_file(place.path() / "file", "x"));
  spread_subfolders(place.path() / "file");
  spread_subfolders(place.path() / "missing");
}

}  // namespace
}  // namespace genesis::sandbox_server
