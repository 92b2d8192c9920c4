#include "genesis/base/failpoint.h"

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <atomic>
#include <cstdlib>
#include <mutex>
#include <set>
#include <string>

namespace genesis {
namespace {

struct Plan {
  bool active = false;
  bool list = false;
  std::string target;  // a failpoint's name, or the file to list into
  std::atomic<long> remaining{0};

  Plan() {
    const char* text = std::getenv("GENESIS_FAILPOINT");
    if (text == nullptr || *text == '\0') return;
    const std::string value = text;
    const auto colon = value.rfind(':');
    if (colon == std::string::npos) return;
    active = true;
    if (value.starts_with("list:")) {
      list = true;
      target = value.substr(5);
    } else {
      target = value.substr(0, colon);
      remaining = std::atol(value.c_str() + colon + 1);
    }
  }
};

Plan& plan() {
  static Plan the_plan;
  return the_plan;
}

void list_name(const std::string& file, std::string_view name) {
  static std::mutex mutex;
  static std::set<std::string, std::less<>> seen;
  const std::lock_guard lock(mutex);
  if (!seen.emplace(name).second) return;
  const int fd = ::open(file.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
  if (fd < 0) return;
  const std::string line = std::string(name) + "\n";
  [[maybe_unused]] const ssize_t written = ::write(fd, line.data(), line.size());
  ::close(fd);
}

}  // namespace

void failpoint(std::string_view name) {
  Plan& the_plan = plan();
  if (!the_plan.active) return;
  if (the_plan.list) {
    list_name(the_plan.target, name);
    return;
  }
  if (name == the_plan.target && the_plan.remaining.fetch_sub(1) == 1) {
    ::kill(::getpid(), SIGKILL);
    for (;;) ::pause();
  }
}

}  // namespace genesis
