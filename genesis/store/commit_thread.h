#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <string>
#include <thread>

#include "genesis/base/error.h"
#include "genesis/store/journal.h"
#include "genesis/store/run_store.h"

namespace genesis::store {

/// Group commit: entries are queued by the owner's thread, and a thread of its own writes all that
/// is queued in one transaction while the next batch gathers. Under load batches grow by
/// themselves; when idle an entry is committed at once.
class CommitThread {
 public:
  struct Hooks {
    std::function<Status(Batch&)> commit;  ///< On the commit thread.
    std::function<Status()> snapshot;      ///< On the commit thread; empty when none is wanted.
    std::function<void(std::function<void()>)> post;  ///< Empty: run on the commit thread.
    std::function<void(Status)> on_trouble;           ///< Through `post`; may be empty.
    std::chrono::milliseconds retry_every{1000};
    std::chrono::milliseconds snapshot_every{5000};
  };

  explicit CommitThread(Hooks hooks);
  ~CommitThread();  ///< Commits what is queued (one try), then joins.
  CommitThread(const CommitThread&) = delete;
  CommitThread& operator=(const CommitThread&) = delete;

  // The owner's thread.
  void add(JournalEntry entry);
  void add_state(std::string key, std::string value);
  void add_callback(Commit commit, std::function<void()> done);  ///< Hands over.
  void hand_over();
  Status flush();  ///< Hands over.

 private:
  using Lock = std::unique_lock<std::mutex>;
  using Time = std::chrono::steady_clock::time_point;

  void run();
  void wait_for_work(Lock& lock);
  bool commit_or_stop(Lock& lock);  ///< False when the thread must end.
  void give_up(Status why);
  void tell(Status status);
  void tell_committed();
  void snapshot_if_due(bool at_end);
  void post(std::function<void()> work);

  const Hooks hooks_;
  Batch group_;  ///< The owner's.
  std::mutex mutex_;
  std::condition_variable wake_;  ///< For the thread.
  std::condition_variable done_;  ///< For flush.
  Batch pending_;                 ///< mutex_
  bool stopping_ = false;         ///< mutex_
  std::int64_t queued_ = 0;       ///< mutex_; groups so far
  std::int64_t committed_ = 0;    ///< mutex_
  std::int64_t failures_ = 0;     ///< mutex_
  Status last_failure_;           ///< mutex_
  bool ended_ = false;            ///< mutex_; nothing will be committed any more

  // The thread's own.
  Batch working_;
  bool in_trouble_ = false;
  bool changed_ = false;  ///< Since the last snapshot.
  bool snapshot_failed_ = false;
  Time next_snapshot_;
  std::thread thread_;
};

}  // namespace genesis::store
