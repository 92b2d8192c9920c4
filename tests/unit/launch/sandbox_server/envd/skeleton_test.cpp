#include "launch/sandbox_server/envd/skeleton.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <array>

#include "genesis/base/files.h"

namespace genesis::envd {
namespace {

using Kind = SkeletonEntry::Kind;

SkeletonEntry entry(Kind kind, std::string path, mode_t mode, std::string content = {}) {
  SkeletonEntry made;
  made.kind = kind;
  made.path = std::move(path);
  made.mode = mode;
  made.content = std::move(content);
  return made;
}

struct stat look(const fs::path& path) {
  struct stat info {};
  EXPECT_EQ(::lstat(path.c_str(), &info), 0) << path;
  return info;
}

TEST(Skeleton, IsMadeWithExactModesWhateverTheUmask) {
  const TempDir place;
  const mode_t before = ::umask(077);
  const Status made = make_skeleton(
      place.path(),
      {entry(Kind::folder, "tmp", 01777), entry(Kind::folder, "a", 0755),
       entry(Kind::file, "a/secret", 0640, "text"), entry(Kind::link, "a/link", 0, "/run")});
  ::umask(before);
  ASSERT_TRUE(made) << made.error().message;
  EXPECT_EQ(look(place.path() / "tmp").st_mode & 07777, 01777u);
  EXPECT_EQ(look(place.path() / "a").st_mode & 07777, 0755u);
  EXPECT_EQ(look(place.path() / "a/secret").st_mode & 07777, 0640u);
  EXPECT_EQ(read_file(place.path() / "a/secret"), "text");
  EXPECT_EQ(fs::read_symlink(place.path() / "a/link"), "/run");
}

TEST(Skeleton, WhatIsInTheWayIsSaid) {
  const TempDir place;
  ASSERT_TRUE(write_file(place.path() / "taken", "x"));
  const Status made = make_skeleton(place.path(), {entry(Kind::file, "taken", 0644, "y")});
  ASSERT_FALSE(made);
  EXPECT_NE(made.error().message.find("taken"), std::string::npos) << made.error().message;
  EXPECT_EQ(read_file(place.path() / "taken"), "x");
}

TEST(Skeleton, OverlayfsIsToldWhatIsHiddenAndWhatIsJoined) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root may mark files for overlayfs";
  const TempDir place;
  if (::setxattr(place.path().c_str(), "trusted.overlay.opaque", "n", 1, 0) != 0) {
    GTEST_SKIP() << "the file system of " << place.path() << " takes no marks for overlayfs";
  }
  SkeletonEntry owned = entry(Kind::folder, "owned", 0700);
  owned.owner = 1234;
  const Status made = make_skeleton(
      place.path(), {entry(Kind::closed_folder, "closed", 0755), entry(Kind::hidden, "hidden", 0),
                     entry(Kind::merged_folder, "merged", 0755, "/usr"), owned});
  ASSERT_TRUE(made) << made.error().message;
  const auto attribute = [&](const char* name, const char* which) {
    std::array<char, 64> value;
    const ssize_t size =
        ::getxattr((place.path() / name).c_str(), which, value.data(), value.size());
    return std::string(value.data(), size > 0 ? static_cast<std::size_t>(size) : 0);
  };
  EXPECT_EQ(attribute("closed", "trusted.overlay.opaque"), "y");
  EXPECT_EQ(attribute("merged", "trusted.overlay.redirect"), "/usr");
  const struct stat hidden = look(place.path() / "hidden");
  EXPECT_TRUE(S_ISCHR(hidden.st_mode));
  EXPECT_EQ(hidden.st_rdev, makedev(0, 0));
  EXPECT_EQ(look(place.path() / "owned").st_uid, 1234u);
  EXPECT_EQ(look(place.path() / "owned").st_gid, 1234u);
}

}  // namespace
}  // namespace genesis::envd
