#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/io_context.hpp>
#include <functional>
#include <memory>

namespace genesis {

/// Whether the tasks of a pool compute with the processors to themselves (a TBB arena, whose idle
/// workers look for more before they sleep), or wait for files or leave the processors to other
/// processes (threads that sleep).
enum class WorkKind { computes, waits };

/// Runs work away from the I/O thread and brings the result back by post.
///
/// Thread: `run` may be called from any thread; `work` runs on a worker; `done` runs on the I/O
/// context. The pool keeps the context alive (a work guard) while work is in flight, and its
/// destructor waits for what is running; results that arrive later are dropped.
class WorkerPool {
 public:
  /// `threads` 0 = the machine's cores.
  WorkerPool(boost::asio::io_context& io, int threads, WorkKind kind = WorkKind::computes);
  ~WorkerPool();
  WorkerPool(const WorkerPool&) = delete;
  WorkerPool& operator=(const WorkerPool&) = delete;

  /// `work` must not throw; results travel in what the two callables share.
  void run(std::function<void()> work, std::function<void()> done);
  int threads() const;

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace genesis
