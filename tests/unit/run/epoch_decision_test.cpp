#include "genesis/run/epoch_decision.h"

#include <gtest/gtest.h>

namespace genesis::run {
namespace {

using evaluators::EvaluatorManifest;
using launch::OnEvaluatorChange;

EvaluatorManifest manifest(const std::string& content, std::int64_t written = 1) {
  EvaluatorManifest made;
  made.settings_sha256 = "settings";
  evaluators::EvaluatorFile file;
  file.name = "evaluator/evaluate.py";
  file.path = "/task/evaluate.py";
  file.sha256 = std::string(64, content[0]);
  file.stamp.ctime_ns = written;
  made.files.push_back(file);
  return made;
}

RecordedEvaluator recorded(const EvaluatorManifest& evaluator, bool has_programs = true) {
  RecordedEvaluator made;
  made.resumed = true;
  made.has_programs = has_programs;
  store::Epoch epoch;
  epoch.evaluator_hash = evaluator.hash();
  epoch.manifest_json = encode_manifest(evaluator);
  made.epochs.push_back(epoch);
  return made;
}

TEST(EpochDecision, ANewRunNotesItsEvaluator) {
  const auto decision = decide_epoch({}, manifest("a"), "old", OnEvaluatorChange::refuse);
  EXPECT_EQ(decision.move, EpochMove::note);
  EXPECT_FALSE(decision.attempts_lost);
}

TEST(EpochDecision, TheSameGoesOnAndCollectsWhatRan) {
  const auto decision =
      decide_epoch(recorded(manifest("a")), manifest("a"), "", OnEvaluatorChange::new_epoch);
  EXPECT_EQ(decision.move, EpochMove::none);
  EXPECT_FALSE(decision.attempts_lost);
}

TEST(EpochDecision, TouchedGoesOnButTrustsNothingThatRan) {
  const auto decision =
      decide_epoch(recorded(manifest("a")), manifest("a", 2), "", OnEvaluatorChange::refuse);
  EXPECT_EQ(decision.move, EpochMove::note);
  EXPECT_TRUE(decision.attempts_lost);
}

TEST(EpochDecision, ChangedIsRefusedOrBegins) {
  const auto before = recorded(manifest("a"));
  const auto refused = decide_epoch(before, manifest("b", 2), "", OnEvaluatorChange::refuse);
  EXPECT_EQ(refused.move, EpochMove::refuse);
  EXPECT_EQ(refused.seen.what, "'/task/evaluate.py' has changed");
  const auto begins = decide_epoch(before, manifest("b", 2), "", OnEvaluatorChange::new_epoch);
  EXPECT_EQ(begins.move, EpochMove::begin);
  EXPECT_TRUE(begins.attempts_lost);
}

TEST(EpochDecision, WithoutAScoreThereIsNothingToProtect) {
  const auto decision =
      decide_epoch(recorded(manifest("a"), false), manifest("b"), "", OnEvaluatorChange::refuse);
  EXPECT_EQ(decision.move, EpochMove::restate);
  EXPECT_TRUE(decision.attempts_lost);
}

TEST(EpochDecision, ARunOfBeforeEpochsIsComparedByItsOwnHash) {
  RecordedEvaluator before;
  before.resumed = true;
  before.has_programs = true;
  before.legacy_hash = "old";
  EXPECT_EQ(decide_epoch(before, manifest("a"), "old", OnEvaluatorChange::refuse).move,
            EpochMove::note);
  EXPECT_EQ(decide_epoch(before, manifest("a"), "new", OnEvaluatorChange::refuse).move,
            EpochMove::refuse);
  EXPECT_EQ(decide_epoch(before, manifest("a"), "new", OnEvaluatorChange::new_epoch).move,
            EpochMove::begin);
}

TEST(EpochDecision, ADamagedRecordStillHasItsHash) {
  auto before = recorded(manifest("a"));
  before.epochs.back().manifest_json = "null";
  EXPECT_EQ(decide_epoch(before, manifest("a"), "", OnEvaluatorChange::refuse).move,
            EpochMove::note);
  EXPECT_EQ(decide_epoch(before, manifest("b"), "", OnEvaluatorChange::refuse).move,
            EpochMove::refuse);
}

}  // namespace
}  // namespace genesis::run
