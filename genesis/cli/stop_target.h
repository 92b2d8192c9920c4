#pragma once

#include <functional>
#include <mutex>

#include "genesis/cli/signal_thread.h"

namespace genesis::cli {

/// What a request to stop reaches: whatever runs at the moment, or the next thing to run. Any
/// thread.
class StopTarget {
 public:
  /// `stop` is called for each request, also at once for those that came before; from the signal
  /// thread, so it must be quick.
  void attach(std::function<void()> stop);
  void detach();
  void request_stop();
  bool requested() const;

 private:
  mutable std::mutex mutex_;
  std::function<void()> stop_;
  int requests_ = 0;
};

/// SIGINT, SIGTERM and SIGHUP as requests to stop, the first two of them, each with a word on
/// standard error. To be made before other threads exist.
class StopSignals {
 public:
  explicit StopSignals(StopTarget& target);

 private:
  SignalThread thread_;
};

}  // namespace genesis::cli
