#pragma once

#include <sys/types.h>

#include <boost/asio/io_context.hpp>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>

#include "genesis/process/spawn.h"

namespace genesis::process {

/// How a child ended and what it had used (itself and the descendants that were waited for).
struct ChildExit {
  bool signalled = false;
  int code = 0;    ///< Exit code when not signalled.
  int signal = 0;  ///< Signal number when signalled.
  std::chrono::milliseconds cpu{0};
  std::uint64_t peak_memory_bytes = 0;  ///< Largest resident set of any one of its processes.
};

/// Waits for any number of children by their pidfds on one event loop, with no thread and no signal
/// handler, and reaps them.
///
/// I/O thread only. Handlers run from the loop, never from inside `watch`. Destruction forgets the
/// children that still run; they are neither ended nor reaped.
class ChildWatcher {
 public:
  using Handler = std::function<void(const ChildExit&)>;

  explicit ChildWatcher(boost::asio::io_context& io);
  ~ChildWatcher();
  ChildWatcher(const ChildWatcher&) = delete;
  ChildWatcher& operator=(const ChildWatcher&) = delete;

  void watch(Child child, Handler on_exit);
  /// Whether `pid` is a child that was given to `watch` and has not been reaped.
  bool watches(pid_t pid) const;
  std::size_t size() const;

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace genesis::process
