#pragma once

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <chrono>
#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "genesis/base/files.h"
#include "genesis/store/run_store.h"

namespace genesis::store {

/// Stands for the owner's event loop: what the store posts is run where the test says.
class PostedWork {
 public:
  std::function<void(std::function<void()>)> poster() {
    return [this](std::function<void()> work) {
      const std::lock_guard lock(mutex_);
      queue_.push_back(std::move(work));
      ++posts_;
      wake_.notify_all();
    };
  }

  /// Runs posted work until `done` holds; false after ten seconds.
  bool run_until(const std::function<bool()>& done) {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(10);
    std::unique_lock lock(mutex_);
    while (!done()) {
      if (!wake_.wait_until(lock, deadline, [this] { return !queue_.empty(); })) return false;
      const std::function<void()> work = std::move(queue_.front());
      queue_.pop_front();
      lock.unlock();
      work();
      lock.lock();
    }
    return true;
  }

  int posts() {
    const std::lock_guard lock(mutex_);
    return posts_;
  }

 private:
  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<std::function<void()>> queue_;
  int posts_ = 0;
};

inline ProposalRecord make_proposal(std::int64_t id) {
  ProposalRecord p;
  p.id = id;
  p.parent = id - 1;
  p.inspirations = {0, id / 2};
  p.island = static_cast<int>(id % 2);
  p.draw_event = id;
  p.mutator = "literal";
  p.patch = "operator";
  p.summary = fmt::format("changed {} to {}", id, id + 1);
  const Program program("main.py", fmt::format("x = {}\n", id));
  p.program_key = program.key();
  p.candidate = program.encode();
  return p;
}

inline AttemptRecord make_attempt(std::int64_t evaluation, int attempt = 1) {
  AttemptRecord a;
  a.token = fmt::format("token-{}-{}", evaluation, attempt);
  a.evaluation = evaluation;
  a.attempt = attempt;
  a.backend = "local";
  return a;
}

inline ProgramRecord make_program(std::int64_t id, double score = 0) {
  const ProposalRecord from = make_proposal(id);
  ProgramRecord p;
  p.generation = id;
  p.proposal = id;
  p.evaluation = id;
  p.parent = from.parent;
  p.island = from.island;
  p.program_key = from.program_key;
  p.mutator = from.mutator;
  p.patch = from.patch;
  p.summary = from.summary;
  p.score = score;
  p.correct = true;
  p.outcome = "ok";
  p.size = 1000 + static_cast<std::uint32_t>(id);
  p.public_json = R"({"a":1})";
  p.draw_event = from.draw_event;
  p.wall_millis = 12;
  p.recorded_at = 1'700'000'000'000 + id;
  return p;
}

/// Journals and records one program in the way of the runner.
inline void evolve_one(RunStore& store, std::int64_t id, double score) {
  store.queue_evaluation(id, make_proposal(id), make_attempt(id));
  store.set_attempt_ref(make_attempt(id).token, fmt::format("pid-{}", id));
  store.finish_attempt(make_attempt(id).token, "exited", "");
  store.record(make_program(id, score), {});
}

/// The generations that `top` gives.
inline std::vector<std::int64_t> best_first(StoreReader& reader, int count) {
  std::vector<std::int64_t> generations;
  const std::vector<ProgramRecord> programs = value_or_throw(reader.top(count));
  for (const ProgramRecord& program : programs) generations.push_back(program.generation);
  return generations;
}

class StoreTest : public ::testing::Test {
 protected:
  StoreOptions options() {
    StoreOptions options;
    options.file = file();
    options.post = posted_.poster();
    options.on_trouble = [this](Status status) { troubles_.push_back(std::move(status)); };
    options.retry_every = std::chrono::milliseconds(20);
    return options;
  }
  std::unique_ptr<RunStore> open(std::int64_t fence = 0) {
    StoreOptions wanted = options();
    wanted.fence = fence;
    return value_or_throw(RunStore::open(std::move(wanted)));
  }
  std::unique_ptr<StoreReader> reader() { return value_or_throw(StoreReader::open(file())); }
  std::filesystem::path file() const { return dir_.path() / "run.sqlite"; }

  TempDir dir_;
  PostedWork posted_;
  std::vector<Status> troubles_;
};

}  // namespace genesis::store
