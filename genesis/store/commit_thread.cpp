#include "genesis/store/commit_thread.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "genesis/base/log.h"

namespace genesis::store {
namespace {

// A snapshot may take this share of the time at most: a large store is copied less often.
constexpr int kSnapshotShare = 20;

bool is_final(ErrorKind kind) {
  return kind == ErrorKind::conflict || kind == ErrorKind::parse || kind == ErrorKind::internal;
}

}  // namespace

CommitThread::CommitThread(Hooks hooks)
    : hooks_(std::move(hooks)), next_snapshot_(std::chrono::steady_clock::now()) {
  thread_ = std::thread([this] { run(); });
}

CommitThread::~CommitThread() {
  hand_over();
  {
    const Lock lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_one();
  thread_.join();
}

void CommitThread::add(JournalEntry entry) {
  group_.entries.push_back(std::move(entry));
}

void CommitThread::add_state(std::string key, std::string value) {
  group_.state.insert_or_assign(std::move(key), std::move(value));
}

void CommitThread::add_callback(Commit commit, std::function<void()> done) {
  group_.callbacks.push_back(std::move(done));
  group_.power = group_.power || commit == Commit::power;
  hand_over();
}

void CommitThread::hand_over() {
  if (group_.empty()) return;
  bool was_empty = false;
  {
    const Lock lock(mutex_);
    if (ended_) {
      group_.clear();
      return;
    }
    was_empty = pending_.empty();
    pending_.append(group_);
    ++queued_;
  }
  if (was_empty) wake_.notify_one();
}

Status CommitThread::flush() {
  hand_over();
  Lock lock(mutex_);
  const std::int64_t target = queued_;
  const std::int64_t failures = failures_;
  done_.wait(lock, [&] { return committed_ >= target || ended_ || failures_ != failures; });
  if (committed_ >= target && !ended_) return {};
  return last_failure_;
}

void CommitThread::run() {
  Lock lock(mutex_);
  for (;;) {
    wait_for_work(lock);
    if (pending_.empty() && stopping_) break;
    if (!pending_.empty() && !commit_or_stop(lock)) break;
    lock.unlock();
    snapshot_if_due(false);
    lock.lock();
  }
  ended_ = true;
  lock.unlock();
  done_.notify_all();
  snapshot_if_due(true);
}

void CommitThread::wait_for_work(Lock& lock) {
  const auto something = [this] { return !pending_.empty() || stopping_; };
  if (hooks_.snapshot && changed_) {
    wake_.wait_until(lock, next_snapshot_, something);
  } else {
    wake_.wait(lock, something);
  }
}

bool CommitThread::commit_or_stop(Lock& lock) {
  std::swap(pending_, working_);
  const std::int64_t serial = queued_;
  for (;;) {
    lock.unlock();
    Status status = hooks_.commit(working_);
    if (status) {
      tell_committed();
    } else if (is_final(status.error().kind)) {
      give_up(status);
    } else if (!std::exchange(in_trouble_, true)) {
      tell(status);
    }
    lock.lock();
    if (status) {
      committed_ = serial;
      done_.notify_all();
      return true;
    }
    last_failure_ = status;
    ++failures_;
    done_.notify_all();
    if (is_final(status.error().kind) || stopping_) {
      if (stopping_)
        log::error("the store was closed with work not written: {}", status.error().message);
      pending_.clear();
      return false;
    }
    wake_.wait_for(lock, hooks_.retry_every, [this] { return stopping_; });
  }
}

void CommitThread::give_up(Status why) {
  in_trouble_ = true;
  tell(std::move(why));
}

void CommitThread::tell_committed() {
  for (Error& refused : working_.refused) tell(tl::unexpected<Error>(std::move(refused)));
  if (std::exchange(in_trouble_, false)) tell({});
  if (!working_.callbacks.empty()) {
    // One post per commit, however many wait for it; shared because std::function copies.
    auto callbacks =
        std::make_shared<std::vector<std::function<void()>>>(std::move(working_.callbacks));
    post([callbacks] {
      for (const auto& callback : *callbacks) callback();
    });
  }
  changed_ = true;
  working_.clear();
}

void CommitThread::tell(Status status) {
  if (!hooks_.on_trouble) {
    if (!status) log::error("{}", status.error().message);
    return;
  }
  post([on_trouble = hooks_.on_trouble, status = std::move(status)] { on_trouble(status); });
}

void CommitThread::post(std::function<void()> work) {
  if (hooks_.post) {
    hooks_.post(std::move(work));
  } else {
    work();
  }
}

void CommitThread::snapshot_if_due(bool at_end) {
  if (!hooks_.snapshot || !changed_) return;
  const Time start = std::chrono::steady_clock::now();
  if (!at_end && start < next_snapshot_) return;
  const Status status = hooks_.snapshot();
  const Time end = std::chrono::steady_clock::now();
  next_snapshot_ =
      end + std::max<Time::duration>(hooks_.snapshot_every, (end - start) * kSnapshotShare);
  if (status) {
    changed_ = false;
  } else if (!snapshot_failed_) {
    // Readers see an older state; the run itself is not hurt.
    log::warning("{}", status.error().message);
  }
  snapshot_failed_ = !status;
}

}  // namespace genesis::store
