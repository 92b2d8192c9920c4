#include "launch/slurm/pilot_files.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "launch/slurm/pilot_ref.h"
#include "launch/slurm/worker_messages.h"

namespace genesis::launch::slurm {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;

TEST(PilotFiles, ARecordTellsTheEndOfItsOwnAttemptOnly) {
  const TempDir folder;
  EXPECT_FALSE(read_end_record(folder.path(), "a"));
  WorkerEnded ended;
  ended.token = "a";
  ended.outcome.kind = JobOutcomeKind::exited;
  ended.outcome.exit_code = 3;
  ASSERT_TRUE(write_end_record(folder.path(), encode(FromWorker(ended)), Durability::power));
  const auto outcome = read_end_record(folder.path(), "a");
  ASSERT_TRUE(outcome);
  EXPECT_EQ(outcome->exit_code, 3);
  EXPECT_FALSE(read_end_record(folder.path(), "b"));
  ASSERT_TRUE(write_end_record(folder.path(), "{\"is\":\"ended\",\"tok", Durability::process));
  EXPECT_FALSE(read_end_record(folder.path(), "a"));
}

TEST(PilotFiles, PilotsAreNotedUntilTheyAreForgotten) {
  const TempDir folder;
  const PilotPlaces places{folder.path()};
  const std::string first(20, 'a');
  const std::string second(20, 'b');
  ASSERT_TRUE(note_pilot(places, second, ""));
  ASSERT_TRUE(note_pilot(places, first, "12"));
  ASSERT_TRUE(write_file(folder.path() / "--all.pilot", ""));
  ASSERT_TRUE(write_file(folder.path() / "alive", ""));
  EXPECT_THAT(noted_pilots(places), ElementsAre(first, second));
  forget_pilot(places, first);
  EXPECT_THAT(noted_pilots(places), ElementsAre(second));
}

TEST(PilotFiles, LargeInputsGoByFiles) {
  const TempDir folder;
  JobSpec spec;
  spec.work_dir = folder.path() / "work";
  spec.inputs.resize(2);
  spec.inputs[0].path = "a";
  spec.inputs[0].content = std::string(100, 'x');
  spec.inputs[1].path = "b";
  spec.inputs[1].copy_of = "/elsewhere";
  ASSERT_TRUE(put_large_inputs_into_files(spec, 100));
  EXPECT_FALSE(spec.inputs[0].copy_of) << "no more than that is allowed in the line";
  ASSERT_TRUE(put_large_inputs_into_files(spec, 99));
  ASSERT_TRUE(spec.inputs[0].copy_of);
  EXPECT_TRUE(spec.inputs[0].content.empty());
  EXPECT_EQ(read_file(*spec.inputs[0].copy_of), std::string(100, 'x'));
  EXPECT_EQ(spec.inputs[1].copy_of, "/elsewhere");
}

TEST(PilotFiles, ReferencesNameThePilotAndAreNotThoseOfJobs) {
  PilotRef ref;
  ref.name = "genesis-a-b";
  ref.job = "12";
  ref.node = "n1";
  const std::string text = to_text(ref);
  EXPECT_EQ(text, "1 pilot=genesis-a-b job=12 node=n1");
  const auto parsed = parse_pilot_ref(text);
  ASSERT_TRUE(parsed);
  EXPECT_EQ(parsed->name + parsed->job + parsed->node, "genesis-a-b12n1");
  for (const char* none : {"", "1 name=genesis-a-b job=12", "2 pilot=genesis-a-b job=12 node=n1",
                           "1 pilot=x job=12 node=n1", "1 pilot=genesis-a job=-1 node=n1",
                           "1 pilot=genesis-a job=1 node="}) {
    EXPECT_FALSE(parse_pilot_ref(none)) << none;
  }
}

}  // namespace
}  // namespace genesis::launch::slurm
