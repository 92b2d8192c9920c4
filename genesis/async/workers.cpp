#include "genesis/async/workers.h"

#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>
#include <vector>

#ifndef __SANITIZE_THREAD__
#include <tbb/global_control.h>
#include <tbb/task_arena.h>
#endif

namespace genesis {

namespace {

class ThreadWorkers final : public Workers {
 public:
  explicit ThreadWorkers(int count) {
    for (int i = 0; i < count; ++i) threads_.emplace_back([this] { work(); });
  }

  ~ThreadWorkers() override {
    {
      const std::lock_guard lock(mutex_);
      ending_ = true;
    }
    wake_.notify_all();
    for (std::thread& thread : threads_) thread.join();
  }
  ThreadWorkers(const ThreadWorkers&) = delete;
  ThreadWorkers& operator=(const ThreadWorkers&) = delete;

  void enqueue(std::function<void()> task) override {
    {
      const std::lock_guard lock(mutex_);
      tasks_.push_back(std::move(task));
    }
    wake_.notify_one();
  }

  int count() const override { return static_cast<int>(threads_.size()); }

 private:
  void work() {
    for (;;) {
      std::function<void()> task;
      {
        std::unique_lock lock(mutex_);
        wake_.wait(lock, [this] { return ending_ || !tasks_.empty(); });
        if (tasks_.empty()) return;
        task = std::move(tasks_.front());
        tasks_.pop_front();
      }
      task();
    }
  }

  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<std::function<void()>> tasks_;  ///< Guarded by `mutex_`.
  bool ending_ = false;                      ///< Guarded by `mutex_`.
  std::vector<std::thread> threads_;
};

#ifndef __SANITIZE_THREAD__
class TbbWorkers final : public Workers {
 public:
  explicit TbbWorkers(int count)
      // TBB counts the calling thread as one of the cores, but an I/O thread never helps out; and
      // no slot of the arena is reserved for it.
      : parallelism_(tbb::global_control::max_allowed_parallelism,
                     static_cast<std::size_t>(count) + 1),
        arena_(count, 0) {}

  void enqueue(std::function<void()> task) override {
    // enqueue() calls its functor as const.
    arena_.enqueue([task = std::move(task)] { task(); });
  }
  int count() const override { return arena_.max_concurrency(); }

 private:
  tbb::global_control parallelism_;
  tbb::task_arena arena_;
};
#endif

}  // namespace

std::unique_ptr<Workers> make_computing_workers(int count) {
#ifdef __SANITIZE_THREAD__
  return std::make_unique<ThreadWorkers>(count);
#else
  return std::make_unique<TbbWorkers>(count);
#endif
}

std::unique_ptr<Workers> make_waiting_workers(int count) {
  return std::make_unique<ThreadWorkers>(count);
}

}  // namespace genesis
