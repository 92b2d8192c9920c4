#include "genesis/cli/signal_thread.h"

#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <cerrno>

#include "genesis/base/error.h"

namespace genesis::cli {
namespace {

sigset_t handled_signals() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGINT);
  sigaddset(&set, SIGTERM);
  sigaddset(&set, SIGHUP);
  return set;
}

}  // namespace

SignalThread::SignalThread(std::function<void(int, int)> on_signal)
    : on_signal_(std::move(on_signal)) {
  ::signal(SIGPIPE, SIG_IGN);
  const sigset_t set = handled_signals();
  ::pthread_sigmask(SIG_BLOCK, &set, nullptr);
  signals_ = Fd(::signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK));
  stop_ = Fd(::eventfd(0, EFD_CLOEXEC));
  if (!signals_ || !stop_) {
    throw GenesisError(errno_error("watch for signals", "signalfd", errno).value());
  }
  thread_ = std::thread([this] { run(); });
}

SignalThread::~SignalThread() {
  const std::uint64_t one = 1;
  if (::write(stop_.get(), &one, sizeof one) == sizeof one) thread_.join();
  const sigset_t set = handled_signals();
  ::pthread_sigmask(SIG_UNBLOCK, &set, nullptr);
}

int SignalThread::count() const {
  return count_.load();
}

void SignalThread::run() {
  for (;;) {
    pollfd ready[2] = {{signals_.get(), POLLIN, 0}, {stop_.get(), POLLIN, 0}};
    if (::poll(ready, 2, -1) < 0 && errno != EINTR) return;
    signalfd_siginfo info{};
    while (::read(signals_.get(), &info, sizeof info) == sizeof info) {
      on_signal_(static_cast<int>(info.ssi_signo), ++count_);
    }
    if ((ready[1].revents & POLLIN) != 0) return;
  }
}

}  // namespace genesis::cli
