#include "genesis/async/offload.h"

#include <algorithm>
#include <atomic>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <condition_variable>
#include <mutex>
#include <thread>
#include <utility>

#include "genesis/async/workers.h"

namespace genesis {

namespace {

using IoWork = boost::asio::executor_work_guard<boost::asio::io_context::executor_type>;

int worker_count(int wanted) {
  return wanted > 0 ? wanted : std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
}

}  // namespace

struct WorkerPool::State {
  State(boost::asio::io_context& io_context, std::unique_ptr<Workers> threads)
      : io(io_context),
        closed(std::make_shared<std::atomic<bool>>(false)),
        workers(std::move(threads)) {}

  void began() {
    const std::lock_guard lock(mutex);
    ++running;
  }
  void ended() {
    const std::lock_guard lock(mutex);
    if (--running == 0) idle.notify_all();
  }
  void wait_until_idle() {
    std::unique_lock lock(mutex);
    idle.wait(lock, [this] { return running == 0; });
  }

  boost::asio::io_context& io;
  std::shared_ptr<std::atomic<bool>> closed;  ///< Outlives the pool in posted results.
  std::mutex mutex;
  std::condition_variable idle;
  int running = 0;                   ///< Guarded by `mutex`.
  std::unique_ptr<Workers> workers;  ///< Last, so that they end before what they use.
};

WorkerPool::WorkerPool(boost::asio::io_context& io, int threads, WorkKind kind)
    : state_(std::make_shared<State>(io, kind == WorkKind::computes
                                             ? make_computing_workers(worker_count(threads))
                                             : make_waiting_workers(worker_count(threads)))) {}

WorkerPool::~WorkerPool() {
  state_->closed->store(true);
  state_->wait_until_idle();
}

void WorkerPool::run(std::function<void()> work, std::function<void()> done) {
  state_->began();
  // The task shares what it uses: the workers may drop their own copy of the callable after the
  // pool's destructor has returned.
  auto guard = std::make_shared<IoWork>(state_->io.get_executor());
  auto task = [state = state_.get(), closed = state_->closed, guard, work = std::move(work),
               done = std::move(done)]() mutable {
    work();
    work = nullptr;
    boost::asio::post(guard->get_executor(), [closed = std::move(closed), done = std::move(done)] {
      if (!closed->load()) done();
    });
    guard.reset();
    state->ended();
  };
  // enqueue() wants a const-callable, copyable functor.
  auto shared = std::make_shared<decltype(task)>(std::move(task));
  state_->workers->enqueue([shared] { (*shared)(); });
}

int WorkerPool::threads() const {
  return state_->workers->count();
}

}  // namespace genesis
