#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <variant>
#include <vector>

#include "genesis/base/error.h"
#include "genesis/store/ranking.h"
#include "genesis/store/records.h"

namespace SQLite {
class Database;
}

namespace genesis::store {

// What the owner's thread queues; see RunStore for what each means.
struct PutProposal {
  ProposalRecord proposal;
};
struct QueueEvaluation {
  std::int64_t evaluation = 0;
  ProposalRecord proposal;
  AttemptRecord first;
};
struct AddAttempt {
  AttemptRecord attempt;
};
struct SetAttemptRef {
  std::string token;
  std::string ref;
};
struct FinishAttempt {
  std::string token;
  std::string outcome;
  std::string detail;
  std::int64_t held_millis = 0;
};
struct RecordProgram {
  ProgramRecord program;
  std::vector<MoveRecord> moves;
};
struct AbandonEvaluation {
  std::int64_t evaluation = 0;
  std::string why;
};
struct SetMeta {
  std::string key;
  std::string value;
};
struct PutUsage {
  UsageRecord usage;
};
using JournalEntry =
    std::variant<PutProposal, QueueEvaluation, AddAttempt, SetAttemptRef, FinishAttempt,
                 RecordProgram, AbandonEvaluation, SetMeta, PutUsage>;

/// What one transaction writes.
struct Batch {
  std::vector<JournalEntry> entries;
  std::map<std::string, std::string> state;  ///< Last value per key.
  std::vector<std::function<void()>> callbacks;
  bool power = false;          ///< Somebody waits for it to be on the disk.
  std::vector<Error> refused;  ///< Out: entries that could never be applied, and why.

  bool empty() const { return entries.empty() && state.empty() && callbacks.empty() && !power; }
  void clear();
  /// Takes what `later` holds behind its own, and leaves `later` empty.
  void append(Batch& later);
};

/// Applies batches to the database, each in one transaction, in the order queued. An entry that
/// contradicts the record (a second result, an unknown evaluation) is left out and reported; it
/// never holds up the others. The writer thread's.
class Journal {
 public:
  /// `power_needs_sync`: commits are not synchronous by themselves (WAL), so those of a batch with
  /// `power` are made so. Throws SQLite's exceptions.
  Journal(SQLite::Database& database, std::int64_t fence, bool power_needs_sync);
  ~Journal();

  /// All or nothing. Errors: `conflict` (a newer owner), `io` and `unavailable` (try again),
  /// `parse` (the file is corrupt). After an error nothing has changed.
  Status commit(Batch& batch);

 private:
  struct Commands;
  struct AttemptKey {
    std::int64_t evaluation = 0;
    int stage = 0;
    int repeat = 0;
    int attempt = 0;
    bool operator==(const AttemptKey&) const = default;
  };

  void load_open_attempts();
  Status transact(Batch& batch, bool entry_by_entry);
  void write(Batch& batch, bool entry_by_entry);
  void apply_alone(Batch& batch, const JournalEntry& entry);
  void check_fence();
  void set_synchronous(bool full);

  void apply(const PutProposal& entry);
  void apply(const QueueEvaluation& entry);
  void apply(const AddAttempt& entry);
  void apply(const SetAttemptRef& entry);
  void apply(const FinishAttempt& entry);
  void apply(const RecordProgram& entry);
  void apply(const AbandonEvaluation& entry);
  void apply(const SetMeta& entry);
  void apply(const PutUsage& entry);

  void insert_proposal(const ProposalRecord& proposal, ProposalFate fate);
  void insert_moves(const RecordProgram& entry);
  void insert_attempt(const AttemptRecord& attempt, std::int64_t evaluation);
  const AttemptKey* find_attempt(const std::string& token) const;
  void write_counters();
  void forget_attempts(std::int64_t evaluation);

  SQLite::Database& database_;
  const std::int64_t fence_;
  const bool power_needs_sync_;
  bool synchronous_full_ = true;  ///< As the connection is handed over.
  std::unique_ptr<Commands> commands_;
  Ranking ranking_;
  Counters counters_;
  Counters committed_counters_;
  std::map<std::string, std::int64_t> new_outcomes_;
  std::unordered_set<std::int64_t> decided_;  ///< Evaluations that this transaction ends.
  // Tokens of undecided evaluations only: bounded by what is in flight.
  std::unordered_map<std::string, AttemptKey> attempts_;
  std::unordered_map<std::int64_t, std::vector<std::string>> tokens_;
};

}  // namespace genesis::store
