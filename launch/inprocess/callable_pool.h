#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "launch/job.h"

namespace boost::asio {
class io_context;
}

namespace genesis::launch {

/// How a callable learns that it should come to an end. Any thread.
class StopFlag {
 public:
  bool requested() const { return requested_.load(std::memory_order_relaxed); }
  void request() { requested_.store(true, std::memory_order_relaxed); }

 private:
  std::atomic<bool> requested_{false};
};

/// Scores one job. Called from `slots` threads at a time, so it must be thread-safe; what it throws
/// becomes exited(1) with the message. A long one looks at `stop` now and then.
using InProcessCallable = std::function<JobResults(const JobSpec& spec, const StopFlag& stop)>;

/// One call: what goes in and, after the `ended` notice, what came out.
struct Call {
  JobSpec spec;
  StopFlag stop;
  JobResults results;
  std::string error;  ///< What the callable threw.
  bool threw = false;
  std::chrono::steady_clock::time_point started;  ///< From the `started` notice on.
  std::chrono::milliseconds wall{0};
  std::chrono::milliseconds cpu{0};

  enum class Place { queued, taken, withdrawn };
  Place place = Place::queued;  ///< The pool's own, under its lock.
};

/// Threads that run a callable, one call per thread.
///
/// Why not a TBB arena: TBB's workers are capped by the machine's cores for the whole process, and
/// a callable may block or never return; its thread is then lost to this pool and to nobody else.
///
/// Thread: all methods on the I/O thread; the callable on the pool's. Notices come back to the I/O
/// context in batches, one post per batch.
class CallablePool {
 public:
  struct Notice {
    std::shared_ptr<Call> call;
    bool ended = false;  ///< False: it started.
  };
  using NoticeHandler = std::function<void(std::vector<Notice>& batch)>;

  /// `io` must outlive the pool. `threads` ≥ 1.
  CallablePool(boost::asio::io_context& io, InProcessCallable callable, int threads,
               NoticeHandler handler);
  /// Joins idle threads. A thread inside the callable cannot be ended: it is told to stop and left
  /// behind with a shared hold on the callable; its result is dropped.
  ~CallablePool();
  CallablePool(const CallablePool&) = delete;
  CallablePool& operator=(const CallablePool&) = delete;

  void submit(std::shared_ptr<Call> call);
  /// Takes a call out of the queue; false when a thread has taken it already.
  bool withdraw(const std::shared_ptr<Call>& call);

 private:
  struct Shared;
  std::shared_ptr<Shared> shared_;
};

}  // namespace genesis::launch
