#pragma once

#include <atomic>
#include <functional>
#include <thread>

#include "genesis/base/fd.h"

namespace genesis::cli {

/// Turns SIGINT, SIGTERM and SIGHUP into calls on a thread of its own, so that no code runs in a
/// signal handler. Make it before any other thread: the signals are blocked for threads started
/// later. SIGPIPE is ignored from then on. The destructor ends the thread and restores the mask.
class SignalThread {
 public:
  /// `on_signal(number, count)`: count is 1 for the first signal, 2 for the second …
  explicit SignalThread(std::function<void(int number, int count)> on_signal);
  ~SignalThread();
  SignalThread(const SignalThread&) = delete;
  SignalThread& operator=(const SignalThread&) = delete;

  int count() const;

 private:
  void run();

  std::function<void(int, int)> on_signal_;
  Fd signals_;
  Fd stop_;
  std::atomic<int> count_{0};
  std::thread thread_;
};

}  // namespace genesis::cli
