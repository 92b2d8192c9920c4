#include "genesis/ui/console.h"

#include <poll.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>

#include "genesis/base/text.h"

namespace genesis {
namespace {

constexpr std::size_t kMaxWaiting = 256u << 10;
/// A pipe that polls as writable takes this much without blocking (PIPE_BUF).
constexpr std::size_t kChunk = 4096;

bool colour_wanted() {
  const char* no_colour = std::getenv("NO_COLOR");
  if (no_colour != nullptr && *no_colour != '\0') return false;
  const char* term = std::getenv("TERM");
  return term == nullptr || std::string_view(term) != "dumb";
}

}  // namespace

Console::Console(int fd)
    : fd_(fd), terminal_(::isatty(fd) == 1), colour_(terminal_ && colour_wanted()) {}

int Console::width() const {
  winsize size{};
  if (terminal_ && ::ioctl(fd_, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) return size.ws_col;
  return 80;
}

void Console::write(std::string_view text) {
  if (broken_) return;
  if (waiting_.size() + text.size() > kMaxWaiting) {
    dropped_ += text.size();
  } else {
    waiting_ += text;
  }
  push(0);
}

void Console::push(int wait_millis) {
  std::size_t taken = 0;
  while (!broken_ && taken < waiting_.size()) {
    pollfd ready{fd_, POLLOUT, 0};
    const int count = ::poll(&ready, 1, wait_millis);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) break;
    const std::size_t size = std::min(kChunk, waiting_.size() - taken);
    const ssize_t written = ::write(fd_, waiting_.data() + taken, size);
    if (written > 0) {
      taken += static_cast<std::size_t>(written);
    } else if (written < 0 && errno == EAGAIN) {
      break;
    } else if (written < 0 && errno != EINTR) {
      broken_ = true;
    }
  }
  waiting_.erase(0, taken);
  if (broken_) waiting_.clear();
}

void Console::flush(std::chrono::milliseconds deadline) {
  const auto end = std::chrono::steady_clock::now() + deadline;
  while (!broken_ && !waiting_.empty()) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
        end - std::chrono::steady_clock::now());
    if (left.count() <= 0) return;
    push(static_cast<int>(left.count()));
  }
}

std::string printable(std::string_view text, bool keep_newlines) {
  std::string clean = to_valid_utf8(text);
  for (char& c : clean) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '\t' || (keep_newlines && c == '\n')) continue;
    if (byte < 0x20 || byte == 0x7f) c = c == '\n' ? ' ' : '?';
  }
  return clean;
}

}  // namespace genesis
