#include "genesis/cli/log_follower.h"

#include <unistd.h>

#include <array>
#include <chrono>
#include <fstream>
#include <string>

#include "genesis/ui/console.h"

namespace genesis::cli {
namespace {

constexpr std::chrono::milliseconds kInterval{50};

void write_all(int fd, std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = ::write(fd, text.data(), text.size());
    if (written <= 0) return;
    text.remove_prefix(static_cast<std::size_t>(written));
  }
}

}  // namespace

LogFollower::LogFollower(std::vector<Source> sources)
    : sources_(std::move(sources)), copied_(sources_.size(), 0), thread_([this] { run(); }) {}

LogFollower::~LogFollower() {
  stop_ = true;
  thread_.join();
  copy_new();
}

void LogFollower::run() {
  while (!stop_) {
    copy_new();
    std::this_thread::sleep_for(kInterval);
  }
}

void LogFollower::copy_new() {
  std::array<char, 1 << 14> buffer;
  for (std::size_t i = 0; i < sources_.size(); ++i) {
    std::ifstream file(sources_[i].file, std::ios::binary);
    if (!file.seekg(copied_[i])) continue;
    while (file.read(buffer.data(), buffer.size()), file.gcount() > 0) {
      const auto size = static_cast<std::size_t>(file.gcount());
      copied_[i] += file.gcount();
      const std::string_view text(buffer.data(), size);
      const int fd = sources_[i].fd;
      write_all(fd, ::isatty(fd) == 1 ? printable(text, true) : std::string(text));
    }
  }
}

}  // namespace genesis::cli
