#include "genesis/store/journal.h"

#include <SQLiteCpp/SQLiteCpp.h>
#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <utility>

#include "genesis/base/failpoint.h"
#include "genesis/store/connection.h"
#include "genesis/store/moves.h"
#include "genesis/store/statements.h"

namespace genesis::store {
namespace {

/// An entry that contradicts what is recorded: ours to report, not SQLite's.
struct Refused {
  std::string why;
};

[[noreturn]] void refuse(std::string why) {
  throw Refused{std::move(why)};
}

/// Another runner owns the run now.
struct Superseded {
  std::int64_t fence = 0;
};

constexpr int kQueued = 0;
constexpr int kRecorded = 1;
constexpr int kAbandoned = 2;

std::string join_numbers(const std::vector<std::int64_t>& numbers) {
  return fmt::format("{}", fmt::join(numbers, ","));
}

}  // namespace

void Batch::clear() {
  entries.clear();
  state.clear();
  callbacks.clear();
  refused.clear();
  power = false;
}

void Batch::append(Batch& later) {
  if (empty()) {
    std::swap(*this, later);
    return;
  }
  std::move(later.entries.begin(), later.entries.end(), std::back_inserter(entries));
  std::move(later.callbacks.begin(), later.callbacks.end(), std::back_inserter(callbacks));
  for (auto& [key, value] : later.state) state.insert_or_assign(key, std::move(value));
  power = power || later.power;
  later.clear();
}

struct Journal::Commands {
  explicit Commands(SQLite::Database& database)
      : proposal(database, "INSERT INTO proposals VALUES(?,?,?,?,?,?,?,?,?,?,?)"),
        candidate(database, "INSERT INTO candidates VALUES(?,?)"),
        evaluation(database, "INSERT INTO evaluations VALUES(?,?,?)"),
        attempt(database, "INSERT INTO attempts VALUES(?,?,?,?,?,?,?,?,?,?)"),
        ref(database,
            "UPDATE attempts SET ref=?5 "
            "WHERE evaluation=?1 AND stage=?2 AND repeat=?3 AND attempt=?4"),
        finish(database,
               "UPDATE attempts SET outcome=?5, detail=?6, held_millis=?7 "
               "WHERE evaluation=?1 AND stage=?2 AND repeat=?3 AND attempt=?4"),
        decide(database, "UPDATE evaluations SET state=?2 WHERE id=?1 AND state=0"),
        record_fate(database, "UPDATE proposals SET fate=?2 WHERE id=?1 AND fate=0"),
        abandon_fate(database,
                     "UPDATE proposals SET fate=?2, detail=?3 WHERE id="
                     "(SELECT proposal FROM evaluations WHERE id=?1)"),
        program(
            database,
            "INSERT INTO programs VALUES(?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)"),
        moves(database,
              "INSERT INTO island_moves VALUES(?1,?2) "
              "ON CONFLICT(event) DO UPDATE SET moves=moves || ' ' || ?2"),
        state(database, "INSERT OR REPLACE INTO state VALUES(?,?)"),
        meta(database, "INSERT OR REPLACE INTO meta VALUES(?,?)"),
        counters(
            database,
            "UPDATE counters SET proposals=?, duplicates=?, rejected=?, no_change=?, failed=?, "
            "evaluations=?, attempts=?, programs=?, commits=commits+1 WHERE id=1"),
        outcome(database,
                "INSERT INTO outcomes VALUES(?1,?2) "
                "ON CONFLICT(outcome) DO UPDATE SET programs=programs+?2"),
        lease(database,
              "INSERT INTO leases VALUES(?1,?2,?3,?4,?5,?6,?7,?8,?9) ON CONFLICT(lease) DO UPDATE "
              "SET "
              "resource=?2, kind=?3, unit=?4, cpus=?5, memory_gib=?6, currency=?7, "
              "amount=max(amount,?8), cost=max(cost,?9)"),
        lease_over(database,
                   "INSERT INTO usage SELECT resource, kind, unit, cpus, memory_gib, currency, 1, "
                   "amount, cost FROM leases WHERE lease=?1 "
                   "ON CONFLICT(resource, kind, unit, cpus, memory_gib, currency) DO UPDATE SET "
                   "leases=leases+1, amount=amount+excluded.amount, cost=cost+excluded.cost"),
        lease_away(database, "DELETE FROM leases WHERE lease=?1"),
        fence(database, "SELECT CAST(value AS INTEGER) FROM meta WHERE key='fence'") {}

  Command proposal, candidate, evaluation, attempt, ref, finish, decide, record_fate, abandon_fate,
      program, moves, state, meta, counters, outcome, lease, lease_over, lease_away;
  SQLite::Statement fence;
};

Journal::Journal(SQLite::Database& database, std::int64_t fence, bool power_needs_sync)
    : database_(database),
      fence_(fence),
      power_needs_sync_(power_needs_sync),
      commands_(std::make_unique<Commands>(database)),
      ranking_(database) {
  SQLite::Statement row(database, "SELECT * FROM counters WHERE id=1");
  if (row.executeStep()) {
    Counters& c = committed_counters_;
    int column = 1;
    for (std::int64_t* value : {&c.proposals, &c.duplicates, &c.rejected, &c.no_change, &c.failed,
                                &c.evaluations, &c.attempts, &c.programs}) {
      *value = row.getColumn(column++).getInt64();
    }
  }
  load_open_attempts();
}

Journal::~Journal() = default;

void Journal::load_open_attempts() {
  SQLite::Statement rows(database_,
                         "SELECT a.evaluation, a.stage, a.repeat, a.attempt, a.token "
                         "FROM evaluations e JOIN attempts a ON a.evaluation=e.id WHERE e.state=0");
  while (rows.executeStep()) {
    const AttemptKey key{rows.getColumn(0).getInt64(), rows.getColumn(1).getInt(),
                         rows.getColumn(2).getInt(), rows.getColumn(3).getInt()};
    const std::string token = rows.getColumn(4).getString();
    if (attempts_.emplace(token, key).second) tokens_[key.evaluation].push_back(token);
  }
}

Status Journal::commit(Batch& batch) {
  if (batch.entries.empty() && batch.state.empty() && !batch.power) return {};
  Status status = transact(batch, false);
  // Entry by entry costs a savepoint each, so only when the plain way met one that does not fit.
  if (!status && status.error().kind == ErrorKind::internal) status = transact(batch, true);
  if (status) {
    committed_counters_ = counters_;
    ranking_.commit();
    for (const std::int64_t evaluation : decided_) forget_attempts(evaluation);
  }
  return status;
}

Status Journal::transact(Batch& batch, bool entry_by_entry) {
  counters_ = committed_counters_;
  ranking_.begin();
  new_outcomes_.clear();
  decided_.clear();
  batch.refused.clear();
  return guarded("writing to the run's store", [&]() -> Status {
    try {
      // A synchronous commit also makes every earlier one durable: they are in the same WAL file.
      set_synchronous(batch.power);
      failpoint("store.commit.before");
      database_.exec("BEGIN IMMEDIATE");
      write(batch, entry_by_entry);
      failpoint("store.commit.written");
      database_.exec("COMMIT");
      failpoint("store.commit.after");
      return {};
    } catch (const Refused& refused) {
      database_.tryExec("ROLLBACK");
      return make_error(ErrorKind::internal, refused.why);
    } catch (const Superseded& newer) {
      database_.tryExec("ROLLBACK");
      return make_error(
          ErrorKind::conflict,
          fmt::format(
              "writing to the run's store: another runner has taken the run over (fence {}, "
              "ours is {}); this one stops",
              newer.fence, fence_));
    } catch (...) {
      database_.tryExec("ROLLBACK");
      throw;
    }
  });
}

void Journal::write(Batch& batch, bool entry_by_entry) {
  check_fence();
  for (const JournalEntry& entry : batch.entries) {
    if (entry_by_entry) {
      apply_alone(batch, entry);
    } else {
      std::visit([this](const auto& one) { apply(one); }, entry);
    }
  }
  for (const auto& [key, value] : batch.state) commands_->state.run(key, Command::Blob{value});
  ranking_.sort_in_if_due(counters_.programs);
  // Without a changed page there would be nothing to make synchronous: a number of this row always
  // changes.
  write_counters();
}

void Journal::apply_alone(Batch& batch, const JournalEntry& entry) {
  const auto leave_out = [&](std::string why) {
    database_.exec("ROLLBACK TO entry");
    batch.refused.push_back(Error{ErrorKind::internal, std::move(why)});
  };
  database_.exec("SAVEPOINT entry");
  try {
    std::visit([this](const auto& one) { apply(one); }, entry);
  } catch (const Refused& refused) {
    leave_out(refused.why);
  } catch (const SQLite::Exception&) {
    Error error = current_sqlite_error("writing to the run's store");
    if (error.kind != ErrorKind::internal) throw;
    leave_out(std::move(error.message));
  }
  database_.exec("RELEASE entry");
}

void Journal::check_fence() {
  commands_->fence.tryReset();
  std::int64_t stored = 0;
  if (commands_->fence.executeStep()) stored = commands_->fence.getColumn(0).getInt64();
  commands_->fence.tryReset();
  if (stored > fence_) throw Superseded{stored};
}

void Journal::set_synchronous(bool full) {
  if (!power_needs_sync_ || full == synchronous_full_) return;
  database_.exec(full ? "PRAGMA synchronous=FULL" : "PRAGMA synchronous=NORMAL");
  synchronous_full_ = full;
}

// Counters and tables in memory change after the last statement of an entry: an entry that is left
// out half way has then changed nothing.

void Journal::apply(const PutProposal& entry) {
  const ProposalFate fate = entry.proposal.fate;
  if (fate == ProposalFate::queued || fate == ProposalFate::recorded) {
    refuse(fmt::format("storing proposal {}: its fate '{}' needs an evaluation", entry.proposal.id,
                       to_string(fate)));
  }
  insert_proposal(entry.proposal, entry.proposal.fate);
  switch (entry.proposal.fate) {
    case ProposalFate::duplicate:
      ++counters_.duplicates;
      break;
    case ProposalFate::rejected:
      ++counters_.rejected;
      break;
    case ProposalFate::no_change:
      ++counters_.no_change;
      break;
    case ProposalFate::failed:
      ++counters_.failed;
      break;
    case ProposalFate::queued:
    case ProposalFate::recorded:
      break;
  }
  ++counters_.proposals;
}

void Journal::apply(const QueueEvaluation& entry) {
  insert_proposal(entry.proposal, ProposalFate::queued);
  commands_->evaluation.run(entry.evaluation, entry.proposal.id, kQueued);
  if (!entry.first.token.empty()) insert_attempt(entry.first, entry.evaluation);
  ++counters_.proposals;
  ++counters_.evaluations;
}

void Journal::apply(const AddAttempt& entry) {
  const std::int64_t evaluation = entry.attempt.evaluation;
  if (!tokens_.contains(evaluation) || decided_.contains(evaluation)) {
    refuse(fmt::format("journaling an attempt of evaluation {}: it is not waiting for a result",
                       evaluation));
  }
  insert_attempt(entry.attempt, entry.attempt.evaluation);
}

void Journal::apply(const SetAttemptRef& entry) {
  const AttemptKey* key = find_attempt(entry.token);
  if (key == nullptr) return;
  commands_->ref.run(key->evaluation, key->stage, key->repeat, key->attempt, entry.ref);
}

void Journal::apply(const FinishAttempt& entry) {
  const AttemptKey* key = find_attempt(entry.token);
  if (key == nullptr) return;
  commands_->finish.run(key->evaluation, key->stage, key->repeat, key->attempt, entry.outcome,
                        entry.detail, entry.held_millis);
}

void Journal::apply(const RecordProgram& entry) {
  const ProgramRecord& p = entry.program;
  if (commands_->decide.run(p.evaluation, kRecorded) == 0) {
    refuse(
        fmt::format("recording generation {}: evaluation {} is not waiting for a result (recorded "
                    "before, given up, or never queued); this result is ignored",
                    p.generation, p.evaluation));
  }
  if (commands_->record_fate.run(p.proposal, static_cast<int>(ProposalFate::recorded)) == 0) {
    refuse(fmt::format("recording generation {}: proposal {} is not waiting for a result",
                       p.generation, p.proposal));
  }
  commands_->program.run(p.generation, p.proposal, p.evaluation, p.parent, p.island, p.score,
                         p.correct, p.improved, p.draw_event, p.recorded_at, p.elapsed_millis,
                         p.wall_millis, p.cpu_millis, p.peak_memory_bytes, p.program_key, p.mutator,
                         p.patch, p.outcome, p.summary, p.error, p.public_json, p.private_json,
                         p.text_feedback, p.extra_json, p.log_tail, p.log_path, p.log_bytes,
                         static_cast<std::int64_t>(p.size));
  insert_moves(entry);
  if (p.correct) ranking_.add(p.generation, p.score);
  ++counters_.programs;
  ++new_outcomes_[p.outcome];
  decided_.insert(p.evaluation);
}

void Journal::apply(const AbandonEvaluation& entry) {
  if (commands_->decide.run(entry.evaluation, kAbandoned) == 0) {
    refuse(
        fmt::format("giving evaluation {} up: it is not waiting for a result", entry.evaluation));
  }
  commands_->abandon_fate.run(entry.evaluation, static_cast<int>(ProposalFate::failed), entry.why);
  ++counters_.failed;
  decided_.insert(entry.evaluation);
}

void Journal::apply(const SetMeta& entry) {
  commands_->meta.run(entry.key, entry.value);
}

void Journal::apply(const PutUsage& entry) {
  const UsageRecord& u = entry.usage;
  if (u.lease.empty() || !(u.amount >= 0) || !(u.cost >= 0) || !(u.cpus >= 0) ||
      !(u.memory_gib >= 0)) {
    refuse(fmt::format("recording what the lease '{}' has used: no such amount", u.lease));
  }
  commands_->lease.run(u.lease, u.resource, u.kind, u.unit, u.cpus, u.memory_gib, u.currency,
                       u.amount, u.cost);
  if (!u.over) return;
  commands_->lease_over.run(u.lease);
  commands_->lease_away.run(u.lease);
}

void Journal::insert_proposal(const ProposalRecord& p, ProposalFate fate) {
  commands_->proposal.run(p.id, p.parent, join_numbers(p.inspirations), p.island, p.draw_event,
                          p.mutator, p.patch, p.summary, static_cast<int>(fate), p.detail,
                          p.program_key);
  if (!p.candidate.empty()) commands_->candidate.run(p.id, Command::Blob{p.candidate});
}

// Usually all of one event; each event has a text of its own.
void Journal::insert_moves(const RecordProgram& entry) {
  const std::vector<MoveRecord>& moves = entry.moves;
  for (auto first = moves.begin(); first != moves.end();) {
    const auto last = std::find_if(
        first, moves.end(), [&](const MoveRecord& move) { return move.event != first->event; });
    for (auto move = first; move != last; ++move) {
      if (move->generation >= 0 && move->generation <= entry.program.generation &&
          move->from_island >= 0 && move->to_island >= 0) {
        continue;
      }
      refuse(fmt::format("recording generation {}: generation {} cannot move from island {} to {}",
                         entry.program.generation, move->generation, move->from_island,
                         move->to_island));
    }
    commands_->moves.run(first->event, encode_moves({first, last}));
    first = last;
  }
}

void Journal::insert_attempt(const AttemptRecord& a, std::int64_t evaluation) {
  const AttemptKey key{evaluation, a.stage, a.repeat, a.attempt};
  const AttemptKey* known = find_attempt(a.token);
  if (known != nullptr && *known != key) {
    refuse(
        fmt::format("journaling an attempt of evaluation {}: token '{}' is in use for "
                    "evaluation {}",
                    evaluation, a.token, known->evaluation));
  }
  commands_->attempt.run(evaluation, a.stage, a.repeat, a.attempt, a.token, a.backend, a.ref,
                         a.outcome, a.detail, a.held_millis);
  // The same batch may come twice, after a failed try.
  if (known == nullptr) {
    attempts_.emplace(a.token, key);
    tokens_[evaluation].push_back(a.token);
  }
  ++counters_.attempts;
}

const Journal::AttemptKey* Journal::find_attempt(const std::string& token) const {
  const auto found = attempts_.find(token);
  return found == attempts_.end() ? nullptr : &found->second;
}

void Journal::forget_attempts(std::int64_t evaluation) {
  const auto found = tokens_.find(evaluation);
  if (found == tokens_.end()) return;
  for (const std::string& token : found->second) attempts_.erase(token);
  tokens_.erase(found);
}

void Journal::write_counters() {
  const Counters& c = counters_;
  commands_->counters.run(c.proposals, c.duplicates, c.rejected, c.no_change, c.failed,
                          c.evaluations, c.attempts, c.programs);
  for (const auto& [outcome, programs] : new_outcomes_) commands_->outcome.run(outcome, programs);
}

}  // namespace genesis::store
