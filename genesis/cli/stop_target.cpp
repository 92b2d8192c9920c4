#include "genesis/cli/stop_target.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cstring>
#include <utility>

namespace genesis::cli {
namespace {

/// Says on standard error what a signal does; a plain write, so that it works from any thread.
void announce(int number, int count) {
  const std::string text = fmt::format(
      "\n{}: {}\n", ::strsignal(number),
      count == 1 ? "finishing the running evaluations; a second signal ends them at once"
                 : "ending the running evaluations; the same command continues the run");
  const ssize_t ignored = ::write(STDERR_FILENO, text.data(), text.size());
  (void)ignored;
}

}  // namespace

void StopTarget::attach(std::function<void()> stop) {
  const std::lock_guard lock(mutex_);
  stop_ = std::move(stop);
  for (int i = 0; i < requests_; ++i) stop_();
}

void StopTarget::detach() {
  const std::lock_guard lock(mutex_);
  stop_ = nullptr;
}

void StopTarget::request_stop() {
  const std::lock_guard lock(mutex_);
  ++requests_;
  if (stop_) stop_();
}

bool StopTarget::requested() const {
  const std::lock_guard lock(mutex_);
  return requests_ > 0;
}

StopSignals::StopSignals(StopTarget& target)
    : thread_([&target](int number, int count) {
        if (count > 2) return;
        announce(number, count);
        target.request_stop();
      }) {}

}  // namespace genesis::cli
