#include "genesis/process/child_watcher.h"

#include <sys/resource.h>
#include <sys/wait.h>

#include <boost/asio/posix/stream_descriptor.hpp>
#include <cerrno>
#include <unordered_map>
#include <utility>

namespace genesis::process {

namespace {

using boost::asio::posix::stream_descriptor;

std::chrono::milliseconds to_millis(const timeval& time) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(
      std::chrono::seconds(time.tv_sec) + std::chrono::microseconds(time.tv_usec));
}

ChildExit exit_from(int status, const rusage& usage) {
  ChildExit exit;
  exit.signalled = WIFSIGNALED(status);
  if (exit.signalled) {
    exit.signal = WTERMSIG(status);
  } else {
    exit.code = WEXITSTATUS(status);
  }
  exit.cpu = to_millis(usage.ru_utime) + to_millis(usage.ru_stime);
  exit.peak_memory_bytes = static_cast<std::uint64_t>(usage.ru_maxrss) * 1024;
  return exit;
}

}  // namespace

struct ChildWatcher::State : std::enable_shared_from_this<State> {
  struct Watched {
    Watched(boost::asio::io_context& io, int fd, Handler handler)
        : pidfd(io, fd), on_exit(std::move(handler)) {}
    stream_descriptor pidfd;
    Handler on_exit;
  };

  explicit State(boost::asio::io_context& context) : io(context) {}

  void arm(pid_t pid, Watched& child) {
    child.pidfd.async_wait(
        stream_descriptor::wait_read,
        [weak = weak_from_this(), pid](const boost::system::error_code& failure) {
          const auto self = weak.lock();
          if (self && !failure) self->reap(pid);
        });
  }

  /// Readiness may be stale (a descriptor number in its second life), so this never blocks.
  void reap(pid_t pid) {
    const auto found = children.find(pid);
    if (found == children.end()) return;
    int status = 0;
    rusage usage{};
    const pid_t reaped = ::wait4(pid, &status, WNOHANG, &usage);
    if (reaped == 0 || (reaped < 0 && errno == EINTR)) return arm(pid, *found->second);
    ChildExit exit;
    if (reaped == pid) {
      exit = exit_from(status, usage);
    } else {
      // Somebody else in this program waits for any child: the status is gone with it.
      exit.signalled = true;
    }
    const Handler on_exit = std::move(found->second->on_exit);
    children.erase(found);
    on_exit(exit);
  }

  boost::asio::io_context& io;
  std::unordered_map<pid_t, std::unique_ptr<Watched>> children;
};

ChildWatcher::ChildWatcher(boost::asio::io_context& io) : state_(std::make_shared<State>(io)) {}
ChildWatcher::~ChildWatcher() = default;

void ChildWatcher::watch(Child child, Handler on_exit) {
  auto watched =
      std::make_unique<State::Watched>(state_->io, child.pidfd.release(), std::move(on_exit));
  State::Watched& entry = *watched;
  state_->children[child.pid] = std::move(watched);
  state_->arm(child.pid, entry);
}

bool ChildWatcher::watches(pid_t pid) const {
  return state_->children.contains(pid);
}
std::size_t ChildWatcher::size() const {
  return state_->children.size();
}

}  // namespace genesis::process
