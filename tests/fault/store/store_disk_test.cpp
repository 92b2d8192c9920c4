// A disk that cannot be written and one that fills up, for real: file systems of this process
// alone. A program of its own, for it leaves the mount namespace that other tests start their
// workers in.

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <sched.h>
#include <sys/mount.h>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <mutex>

#include "genesis/base/files.h"
#include "genesis/store/run_store.h"

namespace genesis::store {
namespace {

/// A file system of 2 MB, seen by this process alone and gone with it. Why not, where it cannot be.
std::string mount_small_disk(const fs::path& folder) {
  const auto failed = [](const char* what) {
    return fmt::format("{}: {}", what, std::strerror(errno));
  };
  if (::unshare(CLONE_NEWNS) != 0) return failed("a mount namespace of its own needs root");
  // Without this a mount would reach the namespace that we come from.
  if (::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) {
    return failed("making mounts private needs a root folder that is a mount point (no chroot)");
  }
  if (::mount("tmpfs", folder.c_str(), "tmpfs", 0, "size=2m") != 0) return failed("mounting tmpfs");
  return {};
}

TEST(StoreDisk, AClosedStoreCanBeReadWhereNothingCanBeWritten) {
  const TempDir dir;
  if (const std::string why = mount_small_disk(dir.path()); !why.empty()) GTEST_SKIP() << why;
  StoreOptions options;
  options.file = dir.path() / "run.sqlite";
  value_or_throw(value_or_throw(RunStore::open(options))->set_meta("run_id", "abc"));
  ASSERT_EQ(::mount("tmpfs", dir.path().c_str(), "tmpfs", MS_REMOUNT | MS_RDONLY, "size=2m"), 0);
  const auto reader = StoreReader::open(options.file);
  ASSERT_TRUE(reader) << reader.error().message;
  EXPECT_EQ((*reader)->meta("run_id"), "abc");
  const auto writer = RunStore::open(options);
  ASSERT_FALSE(writer);
  EXPECT_EQ(writer.error().kind, ErrorKind::io);
  EXPECT_EQ(::umount2(dir.path().c_str(), MNT_DETACH), 0);
}

TEST(StoreDisk, AFullFileSystemIsSurvived) {
  const TempDir dir;
  if (const std::string why = mount_small_disk(dir.path()); !why.empty()) {
    GTEST_SKIP() << why << "; TroubleTest covers the same through a file system of SQLite's";
  }
  const std::string text(20'000, 'x');
  bool troubled = false;
  bool recovered = false;
  {
    StoreOptions options;
    options.file = dir.path() / "run.sqlite";
    options.retry_every = std::chrono::milliseconds(10);
    std::mutex mutex;
    options.on_trouble = [&](const Status& status) {
      const std::lock_guard lock(mutex);
      (status ? recovered : troubled) = true;
    };
    const auto store = value_or_throw(RunStore::open(std::move(options)));
    ASSERT_TRUE(write_file(dir.path() / "filler", std::string(1 << 20, 'f')));
    std::int64_t id = 0;
    Status status;
    for (; status && id < 1000; ++id) {
      ProposalRecord proposal;
      proposal.id = id;
      proposal.fate = ProposalFate::rejected;
      proposal.candidate = text;
      store->put_proposal(std::move(proposal));
      status = store->flush();
    }
    ASSERT_FALSE(status) << "it never got full";
    EXPECT_EQ(status.error().kind, ErrorKind::io);
    fs::remove(dir.path() / "filler");
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(10);
    while (!store->flush() && std::chrono::steady_clock::now() < deadline) {
    }
    EXPECT_EQ(store->load()->counters.rejected, id);
  }
  EXPECT_TRUE(troubled);
  EXPECT_TRUE(recovered);
  EXPECT_EQ(::umount(dir.path().c_str()), 0);
}

}  // namespace
}  // namespace genesis::store
