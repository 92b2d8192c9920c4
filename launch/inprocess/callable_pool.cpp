#include "launch/inprocess/callable_pool.h"

#include <ctime>

#include <algorithm>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <condition_variable>
#include <deque>
#include <exception>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>

namespace genesis::launch {

namespace {

using std::chrono::duration_cast;
using std::chrono::milliseconds;
using std::chrono::steady_clock;
using WorkGuard = boost::asio::executor_work_guard<boost::asio::io_context::executor_type>;

std::chrono::nanoseconds thread_cpu_time() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return std::chrono::seconds{now.tv_sec} + std::chrono::nanoseconds{now.tv_nsec};
}

void perform(const InProcessCallable& callable, Call& call) {
  const auto cpu_before = thread_cpu_time();
  try {
    call.results = callable(call.spec, call.stop);
  } catch (const std::exception& error) {
    call.threw = true;
    call.error = error.what();
  } catch (...) {
    call.threw = true;
    call.error = "the callable threw something that is not a std::exception";
  }
  call.wall = duration_cast<milliseconds>(steady_clock::now() - call.started);
  call.cpu = duration_cast<milliseconds>(thread_cpu_time() - cpu_before);
}

}  // namespace

struct CallablePool::Shared : std::enable_shared_from_this<Shared> {
  Shared(boost::asio::io_context& context, InProcessCallable function, NoticeHandler notice_handler)
      : io(&context), callable(std::move(function)), handler(std::move(notice_handler)) {}

  void work(std::size_t index);
  std::shared_ptr<Call> take(std::size_t index);
  void notify(std::shared_ptr<Call> call, bool ended);  // Under the mutex.
  void deliver();

  boost::asio::io_context* io;  // Not touched once `quitting`.
  InProcessCallable callable;
  NoticeHandler handler;  // I/O thread only.

  std::mutex mutex;
  std::condition_variable work_arrived;
  // All below are guarded by `mutex`.
  std::deque<std::shared_ptr<Call>> queue;
  std::vector<std::shared_ptr<Call>> current;  // By thread; null when idle.
  std::vector<Notice> notices;
  std::optional<WorkGuard> guard;  // While calls are queued or running: their end will be posted.
  std::size_t in_flight = 0;
  std::size_t idle = 0;
  bool post_pending = false;
  bool quitting = false;

  std::vector<std::thread> threads;  // I/O thread only.
  std::vector<Notice> delivering;    // I/O thread only.
};

void CallablePool::Shared::work(std::size_t index) {
  while (const auto call = take(index)) {
    perform(callable, *call);
    std::lock_guard lock(mutex);
    current[index] = nullptr;
    notify(call, true);
  }
}

std::shared_ptr<Call> CallablePool::Shared::take(std::size_t index) {
  std::unique_lock lock(mutex);
  std::shared_ptr<Call> call;
  do {
    ++idle;
    work_arrived.wait(lock, [this] { return quitting || !queue.empty(); });
    --idle;
    if (quitting) return nullptr;
    call = std::move(queue.front());
    queue.pop_front();
  } while (call->place == Call::Place::withdrawn);
  call->place = Call::Place::taken;
  call->started = steady_clock::now();
  current[index] = call;
  notify(call, false);
  return call;
}

void CallablePool::Shared::notify(std::shared_ptr<Call> call, bool ended) {
  if (quitting) return;
  notices.push_back({std::move(call), ended});
  if (std::exchange(post_pending, true)) return;
  boost::asio::post(*io, [self = shared_from_this()] { self->deliver(); });
}

void CallablePool::Shared::deliver() {
  {
    std::lock_guard lock(mutex);
    post_pending = false;
    if (quitting) return;
    delivering.swap(notices);
    in_flight -= static_cast<std::size_t>(std::count_if(
        delivering.begin(), delivering.end(), [](const Notice& notice) { return notice.ended; }));
    if (in_flight == 0) guard.reset();
  }
  handler(delivering);
  delivering.clear();
}

CallablePool::CallablePool(boost::asio::io_context& io, InProcessCallable callable, int threads,
                           NoticeHandler handler)
    : shared_(std::make_shared<Shared>(io, std::move(callable), std::move(handler))) {
  const auto count = static_cast<std::size_t>(threads);
  shared_->current.resize(count);
  for (std::size_t index = 0; index < count; ++index) {
    shared_->threads.emplace_back([shared = shared_, index] { shared->work(index); });
  }
}

CallablePool::~CallablePool() {
  std::vector<bool> busy;
  {
    std::lock_guard lock(shared_->mutex);
    shared_->quitting = true;
    shared_->queue.clear();
    shared_->notices.clear();
    shared_->guard.reset();
    for (const auto& call : shared_->current) {
      busy.push_back(call != nullptr);
      if (call) call->stop.request();
    }
  }
  shared_->work_arrived.notify_all();
  for (std::size_t index = 0; index < busy.size(); ++index) {
    if (busy[index]) {
      shared_->threads[index].detach();
    } else {
      shared_->threads[index].join();
    }
  }
}

void CallablePool::submit(std::shared_ptr<Call> call) {
  bool wake = false;
  {
    std::lock_guard lock(shared_->mutex);
    shared_->queue.push_back(std::move(call));
    wake = shared_->idle > 0;
    if (shared_->in_flight++ == 0) shared_->guard.emplace(shared_->io->get_executor());
  }
  if (wake) shared_->work_arrived.notify_one();
}

bool CallablePool::withdraw(const std::shared_ptr<Call>& call) {
  std::lock_guard lock(shared_->mutex);
  if (call->place != Call::Place::queued) return false;
  // It stays in the queue, where a thread drops it: finding it would cost more.
  call->place = Call::Place::withdrawn;
  if (--shared_->in_flight == 0) shared_->guard.reset();
  return true;
}

}  // namespace genesis::launch
