#include "genesis/async/workers.h"

#ifdef __SANITIZE_THREAD__
#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>
#include <vector>
#else
#include <tbb/global_control.h>
#include <tbb/task_arena.h>
#endif

namespace genesis {

#ifdef __SANITIZE_THREAD__

struct Workers::Impl {
  std::mutex mutex;
  std::condition_variable wake;
  std::deque<std::function<void()>> tasks;  ///< Guarded by `mutex`.
  bool ending = false;                      ///< Guarded by `mutex`.
  std::vector<std::thread> threads;

  void work() {
    for (;;) {
      std::function<void()> task;
      {
        std::unique_lock lock(mutex);
        wake.wait(lock, [this] { return ending || !tasks.empty(); });
        if (tasks.empty()) return;
        task = std::move(tasks.front());
        tasks.pop_front();
      }
      task();
    }
  }
};

Workers::Workers(int count) : impl_(std::make_unique<Impl>()) {
  for (int i = 0; i < count; ++i) impl_->threads.emplace_back([this] { impl_->work(); });
}

Workers::~Workers() {
  {
    const std::lock_guard lock(impl_->mutex);
    impl_->ending = true;
  }
  impl_->wake.notify_all();
  for (std::thread& thread : impl_->threads) thread.join();
}

void Workers::enqueue(std::function<void()> task) {
  {
    const std::lock_guard lock(impl_->mutex);
    impl_->tasks.push_back(std::move(task));
  }
  impl_->wake.notify_one();
}

int Workers::count() const {
  return static_cast<int>(impl_->threads.size());
}

#else

struct Workers::Impl {
  explicit Impl(int count)
      // TBB counts the calling thread as one of the cores, but an I/O thread never helps out; and
      // no slot of the arena is reserved for it.
      : parallelism(tbb::global_control::max_allowed_parallelism,
                    static_cast<std::size_t>(count) + 1),
        arena(count, 0) {}

  tbb::global_control parallelism;
  tbb::task_arena arena;
};

Workers::Workers(int count) : impl_(std::make_unique<Impl>(count)) {}
Workers::~Workers() = default;

void Workers::enqueue(std::function<void()> task) {
  // enqueue() calls its functor as const.
  impl_->arena.enqueue([task = std::move(task)] { task(); });
}

int Workers::count() const {
  return impl_->arena.max_concurrency();
}

#endif

}  // namespace genesis
