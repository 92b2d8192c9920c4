#include "genesis/store/run_store.h"

#include <SQLiteCpp/SQLiteCpp.h>
#include <fmt/format.h>

#include <mutex>
#include <utility>

#include "genesis/base/failpoint.h"
#include "genesis/base/files.h"
#include "genesis/store/commit_thread.h"
#include "genesis/store/connection.h"
#include "genesis/store/journal.h"
#include "genesis/store/queries.h"
#include "genesis/store/snapshot.h"

namespace genesis::store {
namespace {

/// Takes the store for this owner: from here on an earlier owner's commits are refused.
Status take_over(SQLite::Database& database, std::int64_t fence) {
  failpoint("store.fence.before");
  database.exec("PRAGMA synchronous=FULL");
  database.exec("BEGIN IMMEDIATE");
  const auto stored =
      query_integer(database, "SELECT CAST(value AS INTEGER) FROM meta WHERE key='fence'");
  if (stored && *stored > fence) {
    database.exec("ROLLBACK");
    return make_error(ErrorKind::conflict,
                      fmt::format("opening the store: another runner has taken the run over (fence "
                                  "{}, ours is {})",
                                  *stored, fence));
  }
  database.exec(fmt::format("INSERT OR REPLACE INTO meta VALUES('fence', '{}')", fence));
  database.exec("COMMIT");
  failpoint("store.fence.after");
  return {};
}

class SqliteRunStore final : public RunStore {
 public:
  /// Throws SQLite's exceptions.
  SqliteRunStore(StoreOptions options, std::unique_ptr<SQLite::Database> writer,
                 std::unique_ptr<SQLite::Database> reader)
      : exclusive_(options.network_file_system),
        file_(options.file),
        writer_(std::move(writer)),
        reader_(std::move(reader)),
        queries_(reader_ ? *reader_ : *writer_),
        journal_(*writer_, options.fence, !exclusive_),
        commits_(hooks(std::move(options))) {}

  void put_proposal(ProposalRecord proposal) override {
    commits_.add(PutProposal{std::move(proposal)});
  }
  void queue_evaluation(std::int64_t evaluation, ProposalRecord proposal,
                        AttemptRecord first) override {
    commits_.add(QueueEvaluation{evaluation, std::move(proposal), std::move(first)});
  }
  void add_attempt(AttemptRecord attempt) override { commits_.add(AddAttempt{std::move(attempt)}); }
  void set_attempt_ref(std::string token, std::string ref) override {
    commits_.add(SetAttemptRef{std::move(token), std::move(ref)});
  }
  void finish_attempt(std::string token, std::string outcome, std::string detail,
                      std::int64_t held_millis) override {
    commits_.add(
        FinishAttempt{std::move(token), std::move(outcome), std::move(detail), held_millis});
  }
  void put_usage(UsageRecord usage) override { commits_.add(PutUsage{std::move(usage)}); }
  void record(ProgramRecord program, std::vector<MoveRecord> moves) override {
    commits_.add(RecordProgram{std::move(program), std::move(moves)});
  }
  void abandon_evaluation(std::int64_t evaluation, std::string why) override {
    commits_.add(AbandonEvaluation{evaluation, std::move(why)});
  }
  void put_state(std::string key, std::string value) override {
    commits_.add_state(std::move(key), std::move(value));
  }
  void when_committed(Commit commit, std::function<void()> done) override {
    commits_.add_callback(commit, std::move(done));
  }
  void hand_over() override { commits_.hand_over(); }
  Status flush() override { return commits_.flush(); }

  Result<LoadedRun> load() override {
    const auto lock = lock_for_reading();
    return queries_.load();
  }
  Status for_each_program(const std::function<bool(const ProgramRecord&)>& visit) override {
    const auto lock = lock_for_reading();
    return queries_.for_each_program(visit);
  }
  Status for_each_outline(const std::function<void(const ProgramOutline&)>& visit) override {
    const auto lock = lock_for_reading();
    return queries_.for_each_outline(visit);
  }
  Status for_each_move(const std::function<void(const MoveRecord&)>& visit) override {
    const auto lock = lock_for_reading();
    return queries_.for_each_move(visit);
  }
  Result<std::optional<std::int64_t>> generation_of(std::int64_t evaluation) override {
    const auto lock = lock_for_reading();
    return queries_.generation_of(evaluation);
  }
  Result<std::vector<ProgramRecord>> improvements() override {
    const auto lock = lock_for_reading();
    return queries_.improvements();
  }
  Result<ProgramRecord> program(std::int64_t generation) override {
    const auto lock = lock_for_reading();
    return queries_.program(generation);
  }
  Result<Program> source(std::int64_t generation) override {
    const auto lock = lock_for_reading();
    return queries_.source(generation);
  }
  Result<std::vector<UsageTotal>> usage() override {
    const auto lock = lock_for_reading();
    return queries_.usage();
  }
  std::optional<std::string> state(std::string_view key) override {
    const auto lock = lock_for_reading();
    return queries_.state(key);
  }
  std::optional<std::string> meta(std::string_view key) override {
    const auto lock = lock_for_reading();
    return queries_.meta(key);
  }
  Status set_meta(std::string_view key, std::string_view value) override {
    commits_.add(SetMeta{std::string(key), std::string(value)});
    return commits_.flush();
  }

 private:
  CommitThread::Hooks hooks(StoreOptions options) {
    CommitThread::Hooks hooks;
    hooks.commit = [this](Batch& batch) {
      const std::lock_guard lock(writer_mutex_);
      return journal_.commit(batch);
    };
    if (exclusive_) {
      hooks.snapshot = [this] {
        const std::lock_guard lock(writer_mutex_);
        return write_snapshot(*writer_, file_);
      };
    }
    hooks.post = std::move(options.post);
    hooks.on_trouble = std::move(options.on_trouble);
    hooks.retry_every = options.retry_every;
    hooks.snapshot_every = options.snapshot_every;
    return hooks;
  }

  /// Under the exclusive lock there is one connection, which reads share with the writer.
  std::unique_lock<std::mutex> lock_for_reading() {
    return exclusive_ ? std::unique_lock(writer_mutex_) : std::unique_lock<std::mutex>();
  }

  const bool exclusive_;
  const std::filesystem::path file_;
  std::mutex writer_mutex_;
  const std::unique_ptr<SQLite::Database> writer_;
  const std::unique_ptr<SQLite::Database> reader_;  ///< None in exclusive mode.
  Queries queries_;
  Journal journal_;
  CommitThread commits_;  ///< Last: its thread uses all the others.
};

}  // namespace

Result<std::unique_ptr<RunStore>> RunStore::open(StoreOptions options) {
  if (options.file.has_parent_path()) GENESIS_TRY(make_directories(options.file.parent_path()));
  const bool exclusive = options.network_file_system;
  GENESIS_TRY_ASSIGN(auto writer, open_connection(options.file, exclusive ? Access::write_exclusive
                                                                          : Access::write));
  std::unique_ptr<SQLite::Database> reader;
  const std::string operation = fmt::format("opening the store '{}'", options.file.string());
  GENESIS_TRY(guarded(operation, [&] { return take_over(*writer, options.fence); }));
  if (!exclusive) {
    // A snapshot from a time on another file system would hide the file from readers.
    std::error_code ignored;
    std::filesystem::remove(snapshot_path(options.file), ignored);
    GENESIS_TRY_ASSIGN(reader, open_connection(options.file, Access::read));
  }
  return guarded(operation, [&]() -> Result<std::unique_ptr<RunStore>> {
    return std::make_unique<SqliteRunStore>(std::move(options), std::move(writer),
                                            std::move(reader));
  });
}

}  // namespace genesis::store
