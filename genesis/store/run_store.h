#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "genesis/base/error.h"
#include "genesis/program/program.h"
#include "genesis/store/records.h"

namespace genesis::store {

/// How far a commit must have got before its barrier fires.
enum class Commit {
  process,  ///< Survives the end of this process.
  power,    ///< Survives a loss of power: before effects outside the machine.
};

struct StoreOptions {
  std::filesystem::path file;  ///< "<store_dir>/run.sqlite"
  /// Carries a callback to the owner's thread (asio::post, in the runner). Called from the writer
  /// thread, once per commit.
  std::function<void(std::function<void()>)> post;
  /// Called on the owner's thread. Kinds `io`, `unavailable`: a commit failed (disk full …); the
  /// writer keeps its work and tries again; told once per series, and again with an empty Status on
  /// recovery. `internal`: one entry contradicted the record and was ignored; the rest goes on.
  /// `conflict` (another owner) and `parse` (corrupt file): the writer has stopped for good.
  std::function<void(Status)> on_trouble;
  bool network_file_system = false;  ///< No WAL: exclusive locking and a rollback journal.
  std::int64_t fence = 0;            ///< From RunLock; a commit under a newer fence is refused.
  std::chrono::milliseconds retry_every{1000};  ///< After a commit that failed.
  /// At most, for readers on a network file system.
  std::chrono::milliseconds snapshot_every{5000};
};

/// Everything a runner needs to go on where an earlier one stopped.
struct LoadedRun {
  std::vector<PendingEvaluation> pending;
  Counters counters;
  std::int64_t next_proposal = 0;
  std::int64_t next_evaluation = 0;
  std::int64_t next_generation = 0;
};

/// The truth about a run: one SQLite file, one writer thread, group commit.
///
/// The journal calls only collect into a group on the owner's thread; `hand_over` gives the group
/// to the writer thread, which applies all the groups it finds, in order, in one transaction. A
/// group is never split between two transactions: what belongs together (a record and what was
/// learnt from it) is in the store together or not at all. `when_committed` hands over too, and
/// fires after everything queued before it is durable. Calls on the owner's thread unless said
/// otherwise.
class RunStore {
 public:
  /// Makes a new store with its schema (and the folder), or opens one and migrates it forward.
  /// Errors: `parse` (not a store of ours, corrupt), `unsupported` (newer schema than this program
  /// knows), `conflict` (a newer fence is in it), `io` (no permission, …).
  static Result<std::unique_ptr<RunStore>> open(StoreOptions options);
  /// Commits what is queued (one try), ends the writer.
  virtual ~RunStore() = default;

  // Journal (queue only).
  virtual void put_proposal(ProposalRecord proposal) = 0;  ///< One that ends without an evaluation.
  /// The proposal, its evaluation and the first attempt's token: intent before effect. No token:
  /// the result is known already and recorded in the same group.
  virtual void queue_evaluation(std::int64_t evaluation, ProposalRecord proposal,
                                AttemptRecord first) = 0;
  virtual void add_attempt(AttemptRecord attempt) = 0;
  /// Both are ignored when the attempt's evaluation has been decided already.
  virtual void set_attempt_ref(std::string token, std::string ref) = 0;
  virtual void finish_attempt(std::string token, std::string outcome, std::string detail,
                              std::int64_t held_millis = 0) = 0;
  /// The result, exactly once per evaluation: a second record of the same evaluation is an internal
  /// error reported to on_trouble and ignored. Marks the proposal recorded.
  virtual void record(ProgramRecord program, std::vector<MoveRecord> moves) = 0;
  /// Gives an evaluation up: its proposal's fate becomes failed.
  virtual void abandon_evaluation(std::int64_t evaluation, std::string why) = 0;
  /// What a lease has come to; see UsageRecord.
  virtual void put_usage(UsageRecord usage) = 0;
  /// A small value of something that learns or counts; written with the commit it is queued in (the
  /// last value per key wins).
  virtual void put_state(std::string key, std::string value) = 0;
  /// Gives what was journaled since the last call to the writer, as one indivisible group.
  virtual void hand_over() = 0;
  virtual void when_committed(Commit commit, std::function<void()> done) = 0;
  /// Hands over, and blocks until everything queued is committed, or a try to do so fails: then the
  /// error, and the work stays queued (at close and in tests).
  virtual Status flush() = 0;

  // Reads. They see what is committed. Any one thread at a time; `visit` must not call the store.
  virtual Result<LoadedRun> load() = 0;
  /// Calls `visit` for every program in order of generation, without candidate texts; stops early
  /// when it returns false. A million rows in seconds.
  virtual Status for_each_program(const std::function<bool(const ProgramRecord&)>& visit) = 0;
  /// The same with what indexes hold, which takes a fraction of the time.
  virtual Status for_each_outline(const std::function<void(const ProgramOutline&)>& visit) = 0;
  /// All moves between islands in order of event. There may be several times as many as programs.
  virtual Status for_each_move(const std::function<void(const MoveRecord&)>& visit) = 0;
  /// The generation that an evaluation became, if it is recorded.
  virtual Result<std::optional<std::int64_t>> generation_of(std::int64_t evaluation) = 0;
  /// Programs that were the best when they were recorded, in order.
  virtual Result<std::vector<ProgramRecord>> improvements() = 0;
  virtual Result<ProgramRecord> program(std::int64_t generation) = 0;
  virtual Result<Program> source(std::int64_t generation) = 0;
  /// In order of resource, kind, size. Leases that are not over count as far as they are known.
  virtual Result<std::vector<UsageTotal>> usage() = 0;
  virtual std::optional<std::string> state(std::string_view key) = 0;
  virtual std::optional<std::string> meta(std::string_view key) = 0;
  /// Meta values (run id, task, configuration) are set before the run begins: synchronous.
  virtual Status set_meta(std::string_view key, std::string_view value) = 0;
};

/// Read-only view for other processes: `genesis show`, `best`, `export`, while a runner may write.
/// On a network file system it reads the periodic snapshot "<file>.snapshot" instead.
class StoreReader {
 public:
  static Result<std::unique_ptr<StoreReader>> open(const std::filesystem::path& file);
  virtual ~StoreReader() = default;

  virtual Result<Counters> counters() = 0;
  /// Programs by outcome: {"ok": 812, "timeout": 3, …}.
  virtual Result<std::vector<std::pair<std::string, std::int64_t>>> outcomes() = 0;
  /// As RunStore::usage.
  virtual Result<std::vector<UsageTotal>> usage() = 0;
  /// The best of the present epoch (store/epochs.h), as `top` and `improvements` are.
  virtual Result<std::optional<ProgramRecord>> best() = 0;
  virtual Result<std::vector<ProgramRecord>> top(int count) = 0;
  /// The best of the generations from `first` to before `end`: of an earlier epoch.
  virtual Result<std::optional<ProgramRecord>> best_between(std::int64_t first,
                                                            std::int64_t end) = 0;
  virtual Result<ProgramRecord> program(std::int64_t generation) = 0;
  virtual Result<Program> source(std::int64_t generation) = 0;
  virtual Status for_each_program(const std::function<bool(const ProgramRecord&)>& visit) = 0;
  /// Improvements in order: generation, score, elapsed.
  virtual Result<std::vector<ProgramRecord>> improvements() = 0;
  virtual std::optional<std::string> meta(std::string_view key) = 0;
  virtual std::optional<std::string> state(std::string_view key) = 0;
  /// The canonical dump: programs, parents, operators, scores, fates, in order; no times, no run
  /// id, no tokens. Equal for runs that are the same.
  virtual Result<std::string> canonical_dump() = 0;
};

}  // namespace genesis::store
