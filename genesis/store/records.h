#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace genesis::store {

/// The rows of a run's store. Plain values; texts are UTF-8, JSON texts are compact.

/// What became of a proposal.
enum class ProposalFate {
  queued,     ///< Its evaluation is journaled: it will be recorded, whatever happens.
  recorded,   ///< Became a program.
  duplicate,  ///< An equal program is in the run (`detail`: "gen 12" or "proposal 31").
  rejected,   ///< Failed the syntax gate.
  no_change,  ///< The mutator found nothing to change.
  failed,     ///< The mutator failed, or the evaluation was given up for infrastructure reasons.
};
std::string_view to_string(ProposalFate fate);

/// One attempt to make a program. Id 0 is the seed's.
struct ProposalRecord {
  std::int64_t id = 0;
  std::int64_t parent = -1;  ///< Generation, or -1 for the seed.
  std::vector<std::int64_t> inspirations;
  int island = 0;
  std::int64_t draw_event = 0;  ///< Programs recorded when it was drawn: what its draw saw.
  std::string mutator;          ///< Which operator or model.
  std::string patch;            ///< diff, full, cross, fix or operator.
  std::string summary;          ///< One line: what was changed.
  ProposalFate fate = ProposalFate::queued;
  std::string detail;
  std::string program_key;  ///< Program::key().
  std::string candidate;    ///< Program::encode(); empty when never queued.
};

/// A try of an evaluation, journaled before its effect.
struct AttemptRecord {
  std::string token;
  std::int64_t evaluation = 0;
  int stage = 0;
  int repeat = 0;
  int attempt = 1;
  std::string backend;  ///< Empty; the first word of `ref` names it.
  std::string ref;      ///< "<backend> <text>", the last known; empty before the first.
  std::string outcome;  ///< Empty while in flight, else to_string(JobOutcomeKind).
  std::string detail;
  std::int64_t held_millis = 0;  ///< JobOutcome::held.
};

/// A recorded program: the result of one evaluation. `generation` is its serial number in the run.
struct ProgramRecord {
  std::int64_t generation = 0;
  std::int64_t proposal = 0;
  std::int64_t evaluation = 0;
  std::int64_t parent = -1;
  int island = 0;
  std::string program_key;
  std::string mutator;
  std::string patch;
  std::string summary;
  double score = 0;
  bool correct = false;
  std::string outcome;  ///< ok, incorrect, invalid_output, or the job's: timeout, out_of_memory, …
  std::string error;    ///< One line: why it is not ok.
  std::string public_json = "{}";
  std::string private_json = "{}";
  std::string text_feedback;
  std::string extra_json = "{}";
  std::string log_tail;  ///< Last 4 KB of the job's error log, only when it failed.
  std::string log_path;  ///< Below the run's folder, where results.keep leaves it.
  std::int64_t log_bytes = 0;
  std::int64_t wall_millis = 0;
  std::int64_t cpu_millis = 0;
  std::int64_t peak_memory_bytes = 0;
  std::int64_t recorded_at = 0;     ///< Unix milliseconds.
  std::int64_t elapsed_millis = 0;  ///< Run time until then, over all sessions.
  std::int64_t draw_event = 0;
  bool improved = false;   ///< Was the best when it was recorded.
  std::uint32_t size = 0;  ///< Bytes of its files' texts.
};

/// A program's membership of an island beyond where it was born: copies of the seed, migration.
struct MoveRecord {
  std::int64_t event = 0;  ///< Programs recorded when it happened.
  std::int64_t generation = 0;
  int from_island = 0;
  int to_island = 0;
  bool copy = false;  ///< True: also stays.
};

/// The part of a program's row that a resumed run rebuilds its indexes from.
struct ProgramOutline {
  std::int64_t generation = 0;
  std::int64_t parent = -1;
  int island = 0;
  double score = 0;
  bool correct = false;
  std::uint32_t size = 0;
  std::string_view program_key;  ///< These two live as long as the visit.
  std::string_view outcome;
};

/// An evaluation that an earlier runner left unfinished.
struct PendingEvaluation {
  std::int64_t evaluation = 0;
  ProposalRecord proposal;
  std::vector<AttemptRecord> attempts;  ///< In order; the last may be in flight.
};

/// What one thing that is paid for by time (a sandbox, a node) has come to so far. A later record
/// of the same lease takes the place of the one before; amounts and costs never shrink.
struct UsageRecord {
  std::string lease;     ///< Whose, unique over all runs.
  std::string resource;  ///< "sandbox"
  std::string kind;      ///< Of which sort: a template, a partition.
  std::string unit;      ///< Of `amount`: "s".
  double cpus = 0;       ///< Its size; 0: nobody knows.
  double memory_gib = 0;
  double amount = 0;
  std::string currency;  ///< Empty: no price is known, `cost` is 0.
  double cost = 0;
  bool over = false;  ///< Nothing follows for this lease.
};

/// The same summed up over the leases that are alike.
struct UsageTotal {
  std::string resource, kind, unit;
  double cpus = 0;
  double memory_gib = 0;
  std::string currency;
  std::int64_t leases = 0;
  double amount = 0;
  double cost = 0;
  bool operator==(const UsageTotal&) const = default;
};

/// What happened in the run, for people and tools; also appended to events.jsonl by the runner.
struct Counters {
  std::int64_t proposals = 0;
  std::int64_t duplicates = 0;
  std::int64_t rejected = 0;
  std::int64_t no_change = 0;
  std::int64_t failed = 0;
  std::int64_t evaluations = 0;  ///< Queued.
  std::int64_t attempts = 0;
  std::int64_t programs = 0;  ///< Recorded, the seed included.
  bool operator==(const Counters&) const = default;
};

}  // namespace genesis::store
