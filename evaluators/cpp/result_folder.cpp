#include "result_folder.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>

#include "genesis_evaluator/evaluator.h"

namespace genesis::evaluator {
namespace {

namespace fs = std::filesystem;

[[noreturn]] void fail(const std::string& what) {
  throw CannotEvaluate(what + ": " + std::strerror(errno));
}

bool write_all(int file, const std::string& text) {
  for (std::size_t done = 0; done < text.size();) {
    const ssize_t written = write(file, text.data() + done, text.size() - done);
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return false;
    done += static_cast<std::size_t>(written);
  }
  return true;
}

void remove_whole(const fs::path& path) {
  std::error_code failure;
  fs::remove_all(path, failure);
  if (failure) throw CannotEvaluate("cannot remove " + path.string() + ": " + failure.message());
}

}  // namespace

ResultFolder::ResultFolder(fs::path path) : path_(std::move(path)) {
  std::error_code failure;
  path_ = fs::absolute(path_, failure);
  fs::create_directories(path_, failure);
  folder_ = open(path_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (folder_ < 0) fail("cannot use the results folder " + path_.string());
  try {
    clear();
  } catch (...) {
    close(folder_);
    throw;
  }
}

ResultFolder::~ResultFolder() {
  close(folder_);
}

void ResultFolder::require_the_same() const {
  struct stat held {
  }, found{};
  if (fstat(folder_, &held) != 0 || stat(path_.c_str(), &found) != 0 ||
      held.st_dev != found.st_dev || held.st_ino != found.st_ino)
    throw CannotEvaluate("the results folder " + path_.string() +
                         " was replaced during the evaluation");
}

void ResultFolder::clear() const {
  require_the_same();
  for (const char* name : {"metrics.json", "correct.json"}) remove_whole(path_ / name);
}

void ResultFolder::publish(const std::string& name, const std::string& text) const {
  require_the_same();
  const std::string temporary = "." + name + ".tmp";
  remove_whole(path_ / temporary);
  remove_whole(path_ / name);
  const int file = openat(folder_, temporary.c_str(),
                          O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644);
  if (file < 0) fail("cannot create " + (path_ / temporary).string());
  const bool written = write_all(file, text);
  const int cause = errno;
  // Network file systems report a full disk on close.
  const bool closed = close(file) == 0;
  if (!written) errno = cause;
  if (!written || !closed) fail("cannot write " + (path_ / name).string());
  if (renameat(folder_, temporary.c_str(), folder_, name.c_str()) != 0)
    fail("cannot rename to " + (path_ / name).string());
}

}  // namespace genesis::evaluator
