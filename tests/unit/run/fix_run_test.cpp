// A run whose seed program fails, with a mutator that can repair: the request carries the failure,
// the answer is applied and recorded as a `fix` patch.
#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <string>
#include <vector>

#include "genesis/base/files.h"
#include "genesis/genesis.h"
#include "genesis/program/patch.h"
#include "genesis/store/run_store.h"

namespace genesis {
namespace {

using evolve::MutationRequest;
using evolve::Mutator;
using evolve::RequestKind;

constexpr std::string_view kSeedText =
    "# EVOLVE-BLOCK-START\n"
    "first = broken\n"
    "second = broken\n"
    "score = 0\n"
    "# EVOLVE-BLOCK-END\n";

Evaluation evaluate(const Program& program) {
  Evaluation evaluation;
  for (const char* const name : {"first", "second"}) {
    if (program.text().find(name + std::string(" = broken")) == std::string::npos) continue;
    evaluation.correct = false;
    evaluation.error = std::string("NameError: ") + name + " is broken";
    evaluation.text_feedback = "two names must be repaired";
    return evaluation;
  }
  const auto at = program.text().find("score = ");
  evaluation.combined_score = std::strtod(program.text().c_str() + at + 8, nullptr);
  return evaluation;
}

/// Repairs what the failure names, by the patch that a model would write; improves by counting up.
class Repairer final : public Mutator {
 public:
  Repairer(const Language& language, std::vector<MutationRequest>& seen)
      : language_(language), seen_(seen) {}

  bool can_fix() const override { return true; }

  void mutate(MutationRequest request, Done done) override {
    seen_.push_back(request);
    const PatchKind kind = request.kind == RequestKind::fix ? PatchKind::fix : PatchKind::diff;
    auto patched =
        apply_patch(kind, *request.parent.program, answer_to(request), language_, PatchOptions{});
    if (!patched) {
      done(tl::unexpected<Failure>(Failure{"repairer", std::move(patched.error())}));
      return;
    }
    evolve::Mutation mutation;
    mutation.child = std::move(patched->child);
    mutation.mutator = "repairer";
    mutation.patch = to_string(kind);
    mutation.summary = patched->name;
    done(std::move(mutation));
  }

 private:
  static std::string answer_to(const MutationRequest& request) {
    std::string search = "score = " + std::to_string(static_cast<int>(request.parent.score));
    std::string replace = "score = " + std::to_string(request.proposal);
    if (request.kind == RequestKind::fix) {
      const std::string name =
          request.parent.failure->error.find("first") != std::string::npos ? "first" : "second";
      search = name + " = broken";
      replace = name + " = 1";
    }
    return "<NAME>repair</NAME>\n<<<<<<< SEARCH\n" + search + "\n=======\n" + replace +
           "\n>>>>>>> REPLACE\n";
  }

  const Language& language_;
  std::vector<MutationRequest>& seen_;
};

class FixRunTest : public testing::Test {
 protected:
  FixRunTest() {
    const fs::path seed = dir_.path() / "seed.yaml";
    EXPECT_TRUE(write_file(seed, kSeedText));
    evo_.init_program_path = seed.string();
    evo_.language = "yaml";
    evo_.num_generations = 20;
    evo_.max_parallel_jobs = 1;
  }

  RunOptions options(const std::string& name) {
    RunOptions options;
    options.output_dir = (dir_.path() / name).string();
    options.seed = 3;
    options.mutator = [this](WorkerPool&,
                             const Language& language) -> Result<std::unique_ptr<Mutator>> {
      return std::make_unique<Repairer>(language, seen_);
    };
    return options;
  }

  std::unique_ptr<store::StoreReader> reader(const std::string& name) {
    return value_or_throw(store::StoreReader::open(dir_.path() / name / "run.sqlite"));
  }

  TempDir dir_;
  EvolutionConfig evo_;
  std::vector<MutationRequest> seen_;
};

TEST_F(FixRunTest, AFailedSeedIsRepairedAndThenImproved) {
  EvolutionRunner runner(evo_, evaluate, {}, "repair", options("run"));
  const BestResult best = runner.run();
  EXPECT_EQ(runner.summary().reason, StopReason::generations);
  EXPECT_GT(best.score, 0);
  EXPECT_EQ(best.program.text().find("broken"), std::string::npos);

  ASSERT_GT(seen_.size(), 3u);
  EXPECT_EQ(seen_[0].kind, RequestKind::fix);
  ASSERT_TRUE(seen_[0].parent.failure);
  EXPECT_EQ(seen_[0].parent.failure->outcome, "incorrect");
  EXPECT_EQ(seen_[0].parent.failure->error, "NameError: first is broken");
  EXPECT_EQ(seen_[0].parent.failure->text_feedback, "two names must be repaired");
  EXPECT_TRUE(seen_[0].inspirations.empty());
  bool improving = false;
  std::size_t with_history = 0;
  for (const MutationRequest& request : seen_) {
    improving = improving || request.kind == RequestKind::improve;
    EXPECT_EQ(request.kind == RequestKind::improve, improving);  // never back to repairs
    EXPECT_EQ(request.parent.failure.has_value(), request.kind == RequestKind::fix);
    if (request.kind == RequestKind::improve) continue;
    with_history += !request.inspirations.empty();
    for (const evolve::Specimen& ancestor : request.inspirations)
      EXPECT_TRUE(ancestor.failure.has_value());
  }
  EXPECT_TRUE(improving);
  EXPECT_GE(with_history, 1u);

  std::vector<std::string> patches;
  std::vector<bool> correct;
  ASSERT_TRUE(reader("run")->for_each_program([&](const store::ProgramRecord& program) {
    patches.push_back(program.patch);
    correct.push_back(program.correct);
    return true;
  }));
  ASSERT_EQ(patches.size(), 21u);
  EXPECT_EQ(patches[0], "seed");
  EXPECT_EQ(patches[1], "fix");
  EXPECT_FALSE(correct[0]);
  EXPECT_TRUE(correct.back());
  EXPECT_EQ(patches.back(), "diff");
}

TEST_F(FixRunTest, RepairsGoOnAfterAStop) {
  EvolutionRunner whole(evo_, evaluate, {}, "repair", options("whole"));
  whole.run();
  StopReason reason = StopReason::interrupted;
  int sessions = 0;
  while (reason == StopReason::interrupted) {
    ASSERT_LT(++sessions, 50);
    EvolutionRunner* self = nullptr;
    const auto evaluator = [&](const Program& program) {
      self->stop();  // one evaluation a session
      return evaluate(program);
    };
    EvolutionRunner part(evo_, evaluator, {}, "repair", options("parts"));
    self = &part;
    part.run();
    reason = part.summary().reason;
  }
  EXPECT_GT(sessions, 10);
  EXPECT_EQ(value_or_throw(reader("parts")->canonical_dump()),
            value_or_throw(reader("whole")->canonical_dump()));
}

TEST_F(FixRunTest, WithoutSuchAMutatorTheRunEndsThere) {
  RunOptions plain = options("plain");
  plain.mutator = nullptr;
  EvolutionRunner runner(evo_, evaluate, {}, "repair", plain);
  runner.run();
  EXPECT_EQ(runner.summary().reason, StopReason::seed_failed);
}

}  // namespace
}  // namespace genesis
