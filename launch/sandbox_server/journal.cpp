#include "launch/sandbox_server/journal.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <nlohmann/json.hpp>

#include "genesis/base/failpoint.h"
#include "genesis/base/files.h"

namespace genesis::sandbox_server {
namespace {

using nlohmann::json;

constexpr std::size_t kMostJournal = 1u << 30;

std::string line_of(const json& value) {
  return value.dump(-1, ' ', false, json::error_handler_t::replace) + "\n";
}

Status write_all(int fd, std::string_view text, const fs::path& path) {
  while (!text.empty()) {
    const ssize_t count = ::write(fd, text.data(), text.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return errno_error("write the journal", path.string(), errno);
    text.remove_prefix(static_cast<std::size_t>(count));
  }
  return {};
}

Result<std::vector<json>> read_lines(const fs::path& path) {
  std::vector<json> lines;
  if (!fs::exists(path)) return lines;
  GENESIS_TRY_ASSIGN(const std::string text, read_file(path, kMostJournal));
  std::size_t at = 0;
  for (int number = 1; at < text.size(); ++number) {
    const auto end = text.find('\n', at);
    if (end == std::string::npos) break;  // Cut in half: what it announced has not happened.
    json line = json::parse(text.begin() + static_cast<std::ptrdiff_t>(at),
                            text.begin() + static_cast<std::ptrdiff_t>(end), nullptr, false);
    if (!line.is_object()) {
      return make_error(ErrorKind::parse,
                        fmt::format("read the journal '{}': line {} is not one of ours; move the "
                                    "file away to start without what it knows",
                                    path.string(), number));
    }
    lines.push_back(std::move(line));
    at = end + 1;
  }
  return lines;
}

}  // namespace

Result<Journal> Journal::open(const fs::path& folder, std::vector<json>& lines) {
  Journal journal;
  journal.path_ = folder / "journal.jsonl";
  const fs::path lock = folder / "lock";
  journal.lock_ = Fd(::open(lock.c_str(), O_CREAT | O_RDWR | O_CLOEXEC, 0600));
  if (!journal.lock_) return errno_error("open", lock.string(), errno);
  if (::flock(journal.lock_.get(), LOCK_EX | LOCK_NB) != 0) {
    return make_error(ErrorKind::conflict,
                      fmt::format("the state folder '{}' is in use by another sandboxd; end that "
                                  "one, or choose another --state-dir",
                                  folder.string()));
  }
  GENESIS_TRY_ASSIGN(lines, read_lines(journal.path_));
  return journal;
}

Status Journal::compact(const std::vector<json>& lines) {
  const fs::path fresh = path_.string() + ".new";
  Fd file(::open(fresh.c_str(), O_CREAT | O_TRUNC | O_WRONLY | O_APPEND | O_CLOEXEC, 0600));
  if (!file) return errno_error("write", fresh.string(), errno);
  std::string text;
  for (const json& line : lines) text += line_of(line);
  GENESIS_TRY(write_all(file.get(), text, fresh));
  if (::fdatasync(file.get()) != 0) return errno_error("write", fresh.string(), errno);
  failpoint("sandboxd.compact.before");
  if (::rename(fresh.c_str(), path_.c_str()) != 0) {
    return errno_error("replace the journal", path_.string(), errno);
  }
  failpoint("sandboxd.compact.after");
  file_ = std::move(file);
  grown_ = 0;
  return {};
}

Status Journal::append(const json& line) {
  const std::string text = line_of(line);
  struct stat before {};
  ::fstat(file_.get(), &before);
  const Status written = write_all(file_.get(), text, path_);
  if (!written) {
    // Half a line must not become the beginning of the next one.
    [[maybe_unused]] const int cut = ::ftruncate(file_.get(), before.st_size);
    return written;
  }
  grown_ += text.size();
  return {};
}

}  // namespace genesis::sandbox_server
