#pragma once

#include <chrono>
#include <functional>
#include <memory>

#include "launch/launcher.h"

namespace genesis::launch {

/// One backend for several runs, each of which sees a launcher of its own.
///
/// The members' jobs go to the backend in turn: first from whoever has fewest there, then round
/// robin; a few more than it has slots, so that none waits for us. What each member is told of the
/// capacity is its fair share (fair_share.h) and changes as the others come, go and rest. Tokens,
/// refs, outcomes and what the backend can do pass through unchanged, so that a job may be found
/// again by a launcher that shares nothing.
///
/// The backend is opened with the first member and closed by close(). A member that is closed ends
/// its own jobs by cancel: their grace may be longer than the member's deadline, and what has not
/// ended by then is ended by the pool's close(). I/O thread only; the pool outlives its members, or
/// they do nothing any more.
class SharedPool {
 public:
  /// `io` must outlive the pool.
  SharedPool(boost::asio::io_context& io, std::unique_ptr<Launcher> backend);
  ~SharedPool();  ///< Without close(): ends what runs, says nothing.
  SharedPool(const SharedPool&) = delete;
  SharedPool& operator=(const SharedPool&) = delete;

  /// A launcher for one run, which wants at most `max_jobs` at a time.
  std::unique_ptr<Launcher> join(int max_jobs);

  /// After the members are closed: closes the backend, then calls `done` once.
  void close(std::chrono::milliseconds deadline, std::function<void()> done);

 private:
  class Core;
  class Member;
  std::shared_ptr<Core> core_;
};

}  // namespace genesis::launch
