// A runner without an evolution, for store_crash_test: owns the run, finishes what an earlier one
// left, then makes programs until there are enough. Where it may stand when it is killed, the
// environment says (genesis/base/failpoint.h). Usage: store_worker RUN_DIR PROGRAMS [network]

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <condition_variable>
#include <cstdlib>
#include <mutex>
#include <string>

#include "genesis/base/files.h"
#include "genesis/store/run_lock.h"
#include "genesis/store/run_store.h"

namespace genesis::store {
namespace {

Program program_of(std::int64_t id) {
  return Program("main.py", fmt::format("x = {}\n# {}\n", id, std::string(3000, 'x')));
}

void queue(RunStore& store, std::int64_t id) {
  ProposalRecord proposal;
  proposal.id = id;
  proposal.parent = id - 1;
  proposal.mutator = "count";
  proposal.candidate = program_of(id).encode();
  proposal.program_key = program_of(id).key();
  AttemptRecord attempt;
  attempt.token = fmt::format("t{}", id);
  attempt.evaluation = id;
  store.queue_evaluation(id, std::move(proposal), std::move(attempt));
  store.hand_over();
}

void record(RunStore& store, std::int64_t id) {
  ProgramRecord program;
  program.generation = program.proposal = program.evaluation = id;
  program.parent = id - 1;
  program.program_key = program_of(id).key();
  program.score = static_cast<double>(id) / 3;
  program.correct = true;
  program.improved = true;
  program.outcome = "ok";
  store.finish_attempt(fmt::format("t{}", id), "exited", "");
  store.record(std::move(program),
               {{.event = id + 1, .generation = id, .to_island = 1, .copy = true}});
  store.put_state("learnt", std::to_string(id));
}

/// Waits for the commit, then tells the world: what is in the witness file must never be lost.
class Witness {
 public:
  explicit Witness(const fs::path& path)
      : fd_(::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644)) {}

  void wait_and_write(RunStore& store, std::int64_t id) {
    bool done = false;
    store.when_committed(id % 4 == 0 ? Commit::power : Commit::process, [this, &done] {
      const std::lock_guard lock(mutex_);
      done = true;
      wake_.notify_one();
    });
    std::unique_lock lock(mutex_);
    wake_.wait(lock, [&done] { return done; });
    const std::string line = fmt::format("{}\n", id);
    if (::write(fd_, line.data(), line.size()) < 0) std::abort();
  }

 private:
  const int fd_;
  std::mutex mutex_;
  std::condition_variable wake_;
};

void work(const fs::path& run_dir, std::int64_t programs, bool network) {
  const auto run_lock = value_or_throw(RunLock::acquire(run_dir));
  StoreOptions options;
  options.file = run_dir / "run.sqlite";
  options.fence = run_lock->fence();
  options.network_file_system = network;
  options.snapshot_every = std::chrono::milliseconds(0);
  const auto store = value_or_throw(RunStore::open(std::move(options)));
  const LoadedRun run = value_or_throw(store->load());
  Witness witness(run_dir / "witness");
  for (const PendingEvaluation& pending : run.pending) {
    record(*store, pending.evaluation);
    witness.wait_and_write(*store, pending.evaluation);
  }
  for (std::int64_t id = run.next_proposal; id < programs; ++id) {
    queue(*store, id);
    record(*store, id);
    witness.wait_and_write(*store, id);
  }
}

}  // namespace
}  // namespace genesis::store

int main(int argc, char** argv) {
  if (argc < 3) return 2;
  try {
    genesis::store::work(argv[1], std::atol(argv[2]), argc > 3);
  } catch (const std::exception& exception) {
    fmt::print(stderr, "store_worker: {}\n", exception.what());
    return 1;
  }
  return 0;
}
