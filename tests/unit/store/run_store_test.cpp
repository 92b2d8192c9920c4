#include "genesis/store/run_store.h"

#include <gmock/gmock.h>

#include <cmath>
#include <limits>

#include "tests/unit/store/store_fixture.h"

namespace genesis::store {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Pair;
using ::testing::SizeIs;

TEST_F(StoreTest, ANewStoreIsEmpty) {
  const auto store = open();
  const LoadedRun run = store->load().value();
  EXPECT_EQ(run.counters, Counters());
  EXPECT_EQ(run.next_proposal, 0);
  EXPECT_EQ(run.next_evaluation, 0);
  EXPECT_EQ(run.next_generation, 0);
  EXPECT_THAT(run.pending, SizeIs(0));
  EXPECT_EQ(store->program(0).error().kind, ErrorKind::not_found);
  EXPECT_EQ(store->source(0).error().kind, ErrorKind::not_found);
  EXPECT_EQ(store->state("none"), std::nullopt);
}

TEST_F(StoreTest, EveryFieldOfAProgramComesBack) {
  ProgramRecord p = make_program(0, 0.1);
  p.outcome = "invalid_output";
  p.correct = false;
  p.improved = true;
  p.error = "metrics.json: 'combined_score' is missing; it's \"quoted\"; DROP TABLE programs;--";
  p.private_json = R"({"k":"v"})";
  p.text_feedback = std::string("nul \0 inside", 12);
  p.extra_json = "[]";
  p.log_tail = "Traceback …\n";
  p.log_path = "evaluations/0/attempt_1/job_log.err";
  p.log_bytes = 1LL << 40;
  p.cpu_millis = 3;
  p.peak_memory_bytes = 4LL << 30;
  p.elapsed_millis = 77;
  {
    const auto store = open();
    store->queue_evaluation(0, make_proposal(0), make_attempt(0));
    store->record(p, {});
    ASSERT_TRUE(store->flush());
  }
  const auto store = open();
  const ProgramRecord q = store->program(0).value();
  EXPECT_EQ(std::tie(q.generation, q.proposal, q.evaluation, q.parent, q.island, q.program_key),
            std::tie(p.generation, p.proposal, p.evaluation, p.parent, p.island, p.program_key));
  EXPECT_EQ(std::tie(q.mutator, q.patch, q.summary, q.score, q.correct, q.outcome, q.error),
            std::tie(p.mutator, p.patch, p.summary, p.score, p.correct, p.outcome, p.error));
  EXPECT_EQ(std::tie(q.public_json, q.private_json, q.text_feedback, q.extra_json, q.log_tail),
            std::tie(p.public_json, p.private_json, p.text_feedback, p.extra_json, p.log_tail));
  EXPECT_EQ(std::tie(q.log_path, q.log_bytes, q.wall_millis, q.cpu_millis, q.peak_memory_bytes),
            std::tie(p.log_path, p.log_bytes, p.wall_millis, p.cpu_millis, p.peak_memory_bytes));
  EXPECT_EQ(std::tie(q.recorded_at, q.elapsed_millis, q.draw_event, q.improved),
            std::tie(p.recorded_at, p.elapsed_millis, p.draw_event, p.improved));
  EXPECT_EQ(store->source(0).value(), Program("main.py", "x = 0\n"));
}

TEST_F(StoreTest, ScoresThatAreNotFiniteSurvive) {
  const auto store = open();
  const double infinity = std::numeric_limits<double>::infinity();
  evolve_one(*store, 0, std::nan(""));
  evolve_one(*store, 1, infinity);
  evolve_one(*store, 2, -infinity);
  evolve_one(*store, 3, 5e-324);
  ASSERT_TRUE(store->flush());
  EXPECT_TRUE(std::isnan(store->program(0)->score));
  EXPECT_EQ(store->program(1)->score, infinity);
  EXPECT_EQ(store->program(2)->score, -infinity);
  EXPECT_EQ(store->program(3)->score, 5e-324);
  // NaN is nobody's best.
  EXPECT_THAT(reader()->top(10).value(), SizeIs(3));
}

TEST_F(StoreTest, PendingEvaluationsComeBackWithTheirAttempts) {
  {
    const auto store = open();
    evolve_one(*store, 0, 1.0);
    store->queue_evaluation(1, make_proposal(1), make_attempt(1));
    store->finish_attempt("token-1-1", "lost", "the machine went away");
    store->add_attempt(make_attempt(1, 2));
    store->set_attempt_ref("token-1-2", "v1:pid=7");
    store->queue_evaluation(2, make_proposal(2), make_attempt(2));
    store->abandon_evaluation(2, "lost five times");
    ASSERT_TRUE(store->flush());
  }
  const auto store = open();
  const LoadedRun run = store->load().value();
  ASSERT_THAT(run.pending, SizeIs(1));
  const PendingEvaluation& pending = run.pending[0];
  EXPECT_EQ(pending.evaluation, 1);
  EXPECT_EQ(pending.proposal.id, 1);
  EXPECT_EQ(pending.proposal.candidate, make_proposal(1).candidate);
  EXPECT_THAT(pending.proposal.inspirations, ElementsAre(0, 0));
  EXPECT_EQ(pending.proposal.fate, ProposalFate::queued);
  ASSERT_THAT(pending.attempts, SizeIs(2));
  EXPECT_EQ(pending.attempts[0].outcome, "lost");
  EXPECT_EQ(pending.attempts[0].detail, "the machine went away");
  EXPECT_EQ(pending.attempts[1].ref, "v1:pid=7");
  EXPECT_EQ(pending.attempts[1].outcome, "");
  EXPECT_EQ(run.next_proposal, 3);
  EXPECT_EQ(run.next_evaluation, 3);
  EXPECT_EQ(run.next_generation, 1);
  EXPECT_EQ(
      run.counters,
      (Counters{.proposals = 3, .failed = 1, .evaluations = 3, .attempts = 4, .programs = 1}));
  // An attempt of an earlier session is still known by its token.
  store->finish_attempt("token-1-2", "exited", "");
  store->record(make_program(1, 2.0), {});
  ASSERT_TRUE(store->flush());
  EXPECT_THAT(store->load()->pending, SizeIs(0));
  EXPECT_EQ(store->load()->next_generation, 2);
}

TEST_F(StoreTest, ProposalsWithoutEvaluationsAreCountedByFate) {
  const auto store = open();
  std::int64_t id = 0;
  for (const ProposalFate fate :
       {ProposalFate::duplicate, ProposalFate::rejected, ProposalFate::rejected,
        ProposalFate::no_change, ProposalFate::failed}) {
    ProposalRecord proposal = make_proposal(id++);
    proposal.fate = fate;
    store->put_proposal(std::move(proposal));
  }
  ASSERT_TRUE(store->flush());
  EXPECT_EQ(
      store->load()->counters,
      (Counters{.proposals = 5, .duplicates = 1, .rejected = 2, .no_change = 1, .failed = 1}));
  EXPECT_EQ(reader()->counters().value(), store->load()->counters);
}

TEST_F(StoreTest, AResultIsRecordedExactlyOnce) {
  const auto store = open();
  evolve_one(*store, 0, 1.0);
  store->record(make_program(0, 2.0), {});
  ProgramRecord other_generation = make_program(0, 3.0);
  other_generation.generation = 1;
  store->record(other_generation, {});
  // What stands beside the refused entries in the same batch is written.
  evolve_one(*store, 2, 4.0);
  ASSERT_TRUE(store->flush());
  ASSERT_TRUE(posted_.run_until([&] { return troubles_.size() == 2; }));
  EXPECT_EQ(troubles_[0].error().kind, ErrorKind::internal);
  EXPECT_THAT(troubles_[0].error().message, HasSubstr("evaluation 0"));
  EXPECT_EQ(store->program(0)->score, 1.0);
  EXPECT_EQ(store->program(1).error().kind, ErrorKind::not_found);
  EXPECT_EQ(store->program(2)->score, 4.0);
  EXPECT_EQ(store->load()->counters.programs, 2);
  EXPECT_THAT(reader()->outcomes().value(), ElementsAre(Pair("ok", 2)));
}

TEST_F(StoreTest, EntriesThatContradictTheRecordAreReportedAndLeftOut) {
  const auto store = open();
  evolve_one(*store, 0, 1.0);
  store->record(make_program(9, 1.0), {});                        // never queued
  store->abandon_evaluation(0, "too late");                       // has a result
  store->queue_evaluation(7, make_proposal(0), make_attempt(7));  // proposal exists
  store->add_attempt(make_attempt(0, 2));                         // decided
  store->put_proposal(make_proposal(5));                          // fate "queued"
  store->queue_evaluation(1, make_proposal(1), make_attempt(1));
  AttemptRecord same_token = make_attempt(1);
  same_token.attempt = 2;
  store->add_attempt(same_token);
  ASSERT_TRUE(store->flush());
  ASSERT_TRUE(posted_.run_until([&] { return troubles_.size() == 6; }));
  for (const Status& trouble : troubles_) EXPECT_EQ(trouble.error().kind, ErrorKind::internal);
  // Evaluation 7 left no half: neither its proposal twice, nor its row, nor its attempt.
  EXPECT_EQ(store->load()->next_evaluation, 2);
  EXPECT_EQ(store->load()->counters,
            (Counters{.proposals = 2, .evaluations = 2, .attempts = 2, .programs = 1}));
}

TEST_F(StoreTest, LateNewsOfADecidedEvaluationIsIgnored) {
  const auto store = open();
  evolve_one(*store, 0, 1.0);
  ASSERT_TRUE(store->flush());
  store->set_attempt_ref("token-0-1", "late");
  store->finish_attempt("token-0-1", "cancelled", "");
  store->finish_attempt("nobody's", "cancelled", "");
  ASSERT_TRUE(store->flush());
  bool fired = false;
  store->when_committed(Commit::process, [&] { fired = true; });
  ASSERT_TRUE(posted_.run_until([&] { return fired; }));
  EXPECT_THAT(troubles_, SizeIs(0));
}

TEST_F(StoreTest, CallbacksFireAfterWhatWasQueuedBefore) {
  const auto store = open();
  int fired = 0;
  for (int i = 0; i < 100; ++i) {
    evolve_one(*store, i, i);
    store->when_committed(i % 2 == 0 ? Commit::process : Commit::power, [&, i] {
      EXPECT_EQ(fired, i);
      EXPECT_TRUE(store->program(i)) << i;
      ++fired;
    });
  }
  ASSERT_TRUE(posted_.run_until([&] { return fired == 100; }));
  EXPECT_LE(posted_.posts(), 100);
}

TEST_F(StoreTest, StateKeepsTheLastValueAndAnyBytes) {
  {
    const auto store = open();
    store->put_state("bandit", "one");
    store->put_state("bandit", std::string("\0\xff two", 6));
    store->put_state("empty", "");
    ASSERT_TRUE(store->flush());
    EXPECT_EQ(store->state("bandit"), std::string("\0\xff two", 6));
  }
  const auto store = open();
  EXPECT_EQ(store->state("bandit"), std::string("\0\xff two", 6));
  EXPECT_EQ(store->state("empty"), "");
  ASSERT_TRUE(store->set_meta("run_id", "o'brien \"x\""));
  EXPECT_EQ(store->meta("run_id"), "o'brien \"x\"");
  ASSERT_TRUE(store->set_meta("run_id", "two"));
  EXPECT_EQ(reader()->meta("run_id"), "two");
  EXPECT_EQ(reader()->state("empty"), "");
}

TEST_F(StoreTest, CandidatesKeepTheirBytesAndOtherTextsBecomeUtf8) {
  const auto store = open();
  ProposalRecord proposal = make_proposal(0);
  const Program latin("main.c", "char x = '\xe9'; \xff\xfe");
  proposal.candidate = latin.encode();
  store->queue_evaluation(0, proposal, make_attempt(0));
  ProgramRecord program = make_program(0, 1);
  program.log_tail = "caf\xe9";
  program.outcome = "incorrect";
  store->record(program, {});
  ASSERT_TRUE(store->flush());
  EXPECT_EQ(store->source(0).value(), latin);
  EXPECT_EQ(store->program(0)->log_tail, "caf\xEF\xBF\xBD");
}

TEST_F(StoreTest, AHugeTextComesBack) {
  const auto store = open();
  ProposalRecord proposal = make_proposal(0);
  const Program huge("main.py", std::string(20 << 20, 'x'));
  proposal.candidate = huge.encode();
  store->queue_evaluation(0, proposal, make_attempt(0));
  store->record(make_program(0, 1), {});
  ASSERT_TRUE(store->flush());
  EXPECT_EQ(store->source(0)->size(), huge.size());
}

TEST_F(StoreTest, MovesComeBackInOrder) {
  const auto store = open();
  store->queue_evaluation(0, make_proposal(0), make_attempt(0));
  store->record(make_program(0, 1),
                {{.event = 1, .generation = 0, .from_island = 0, .to_island = 1, .copy = true},
                 {.event = 1, .generation = 0, .from_island = 0, .to_island = 2, .copy = true}});
  store->queue_evaluation(1, make_proposal(1), make_attempt(1));
  store->record(make_program(1, 1),
                {{.event = 2, .generation = 1, .from_island = 2, .to_island = 0}});
  ASSERT_TRUE(store->flush());
  std::vector<MoveRecord> moves;
  ASSERT_TRUE(store->for_each_move([&](const MoveRecord& move) { moves.push_back(move); }));
  ASSERT_THAT(moves, SizeIs(3));
  EXPECT_EQ(moves[1].to_island, 2);
  EXPECT_TRUE(moves[1].copy);
  EXPECT_EQ(moves[2].generation, 1);
  EXPECT_FALSE(moves[2].copy);
}

TEST_F(StoreTest, ProgramsStreamInOrderAndStopEarly) {
  const auto store = open();
  for (int i = 0; i < 50; ++i) evolve_one(*store, i, i);
  ASSERT_TRUE(store->flush());
  std::vector<std::int64_t> seen;
  ASSERT_TRUE(store->for_each_program([&](const ProgramRecord& program) {
    seen.push_back(program.generation);
    return program.generation < 3;
  }));
  EXPECT_THAT(seen, ElementsAre(0, 1, 2, 3));
}

TEST_F(StoreTest, AMoveThatCannotBeIsRefusedWithItsRecord) {
  const auto store = open();
  evolve_one(*store, 0, 0);
  store->queue_evaluation(1, make_proposal(1), make_attempt(1));
  for (const MoveRecord& wrong : {MoveRecord{2, 2, 0, 1, false}, MoveRecord{2, -1, 0, 1, false},
                                  MoveRecord{2, 0, -1, 1, false}, MoveRecord{2, 0, 0, -1, true}}) {
    store->record(make_program(1, 1), {wrong});
  }
  store->record(make_program(1, 1), {{2, 0, 0, 1, false}, {2, 0, -1, 1, false}});
  ASSERT_TRUE(store->flush());
  ASSERT_TRUE(posted_.run_until([&] { return troubles_.size() == 5; }));
  EXPECT_THAT(troubles_.back().error().message,
              HasSubstr("generation 0 cannot move from island -1 to 1"));
  EXPECT_EQ(store->load()->counters.programs, 1);
  int moves = 0;
  ASSERT_TRUE(store->for_each_move([&](const MoveRecord&) { ++moves; }));
  EXPECT_EQ(moves, 0);
  store->record(make_program(1, 1), {{2, 0, 0, 1, false}, {3, 1, 1, 0, false}});
  ASSERT_TRUE(store->flush());
  ASSERT_TRUE(
      store->for_each_move([&](const MoveRecord& move) { moves += move.event == 3 ? 10 : 1; }));
  EXPECT_EQ(moves, 11);
}

TEST_F(StoreTest, OutlinesHoldWhatIndexesNeed) {
  const auto store = open();
  for (int i = 0; i < 3; ++i) evolve_one(*store, i, i);
  store->queue_evaluation(3, make_proposal(3), make_attempt(3));
  ProgramRecord wrong = make_program(3, std::numeric_limits<double>::quiet_NaN());
  wrong.correct = false;
  wrong.outcome = "timeout";
  store->record(wrong, {});
  ASSERT_TRUE(store->flush());
  std::vector<ProgramOutline> seen;
  std::vector<std::string> texts;
  ASSERT_TRUE(store->for_each_outline([&](const ProgramOutline& outline) {
    seen.push_back(outline);
    texts.push_back(std::string(outline.program_key) + " " + std::string(outline.outcome));
  }));
  ASSERT_THAT(seen, SizeIs(4));
  EXPECT_EQ(seen[2].generation, 2);
  EXPECT_EQ(seen[2].parent, 1);
  EXPECT_EQ(seen[1].island, 1);
  EXPECT_EQ(seen[2].score, 2);
  EXPECT_TRUE(seen[2].correct);
  EXPECT_EQ(seen[2].size, make_program(2).size);
  EXPECT_EQ(texts[2], make_program(2).program_key + " ok");
  EXPECT_TRUE(std::isnan(seen[3].score));
  EXPECT_FALSE(seen[3].correct);
  EXPECT_EQ(texts[3], wrong.program_key + " timeout");
}

TEST_F(StoreTest, AnEvaluationIsFoundByItsNumberOnceItIsRecorded) {
  const auto store = open();
  evolve_one(*store, 0, 1);
  store->queue_evaluation(7, make_proposal(7), make_attempt(7));
  ProgramRecord program = make_program(7, 1);
  program.generation = 1;
  ASSERT_TRUE(store->flush());
  EXPECT_EQ(store->generation_of(7).value(), std::nullopt);
  store->record(program, {});
  ASSERT_TRUE(store->flush());
  EXPECT_EQ(store->generation_of(7).value(), 1);
  EXPECT_EQ(store->generation_of(1).value(), std::nullopt);
}

TEST_F(StoreTest, AnOlderOwnerIsShutOut) {
  auto old = open(5);
  evolve_one(*old, 0, 1);
  ASSERT_TRUE(old->flush());
  const auto now = open(6);
  evolve_one(*old, 1, 2);
  EXPECT_EQ(old->flush().error().kind, ErrorKind::conflict);
  ASSERT_TRUE(posted_.run_until([&] { return troubles_.size() == 1; }));
  EXPECT_EQ(troubles_[0].error().kind, ErrorKind::conflict);
  evolve_one(*old, 2, 2);
  EXPECT_EQ(old->flush().error().kind, ErrorKind::conflict);
  old.reset();
  EXPECT_EQ(now->load()->counters.programs, 1);
  StoreOptions late = options();
  late.fence = 5;
  EXPECT_EQ(RunStore::open(std::move(late)).error().kind, ErrorKind::conflict);
}

TEST_F(StoreTest, ClosingCommitsWhatIsQueued) {
  {
    const auto store = open();
    for (int i = 0; i < 1000; ++i) evolve_one(*store, i, i);
  }
  EXPECT_EQ(open()->load()->counters.programs, 1000);
}

}  // namespace
}  // namespace genesis::store
