#include "launch/sandbox_server/journal.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "genesis/base/files.h"
#include "launch/sandbox_server/sandbox_record.h"

namespace genesis::sandbox_server {
namespace {

using nlohmann::json;
using testing::HasSubstr;

json line(int number) {
  json value;
  value["n"] = number;
  return value;
}

TEST(Journal, KeepsWhatWasSaid) {
  const TempDir folder;
  std::vector<json> lines;
  {
    auto journal = Journal::open(folder.path(), lines);
    ASSERT_TRUE(journal) << journal.error().message;
    EXPECT_TRUE(lines.empty());
    ASSERT_TRUE(journal->compact({line(1)}));
    ASSERT_TRUE(journal->append(line(2)));
    EXPECT_GT(journal->grown(), 0u);
  }
  auto again = Journal::open(folder.path(), lines);
  ASSERT_TRUE(again);
  EXPECT_EQ(lines, (std::vector<json>{line(1), line(2)}));
}

TEST(Journal, ALineCutInHalfHasNotBeenSaid) {
  const TempDir folder;
  ASSERT_TRUE(write_file(folder.path() / "journal.jsonl", "{\"n\":1}\n{\"n\":"));
  std::vector<json> lines;
  ASSERT_TRUE(Journal::open(folder.path(), lines));
  EXPECT_EQ(lines, std::vector<json>{line(1)});
}

TEST(Journal, AStrangeLineIsSaid) {
  const TempDir folder;
  ASSERT_TRUE(write_file(folder.path() / "journal.jsonl", "{\"n\":1}\nwhat\n{\"n\":2}\n"));
  std::vector<json> lines;
  const auto journal = Journal::open(folder.path(), lines);
  ASSERT_FALSE(journal);
  EXPECT_THAT(journal.error().message, HasSubstr("line 2"));
}

TEST(Journal, BelongsToOneServer) {
  const TempDir folder;
  std::vector<json> lines;
  const auto first = Journal::open(folder.path(), lines);
  ASSERT_TRUE(first);
  const auto second = Journal::open(folder.path(), lines);
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().kind, ErrorKind::conflict);
}

TEST(SandboxRecord, SurvivesTheJournal) {
  SandboxRecord record;
  record.id = "s1";
  record.team = "t";
  record.template_name = "base";
  record.metadata["k"] = "v\xff";
  record.environment["A"] = "1";
  record.access_token = "tok";
  record.auto_pause = true;
  record.state = SandboxState::paused;
  record.pid = 42;
  record.start_ticks = 1ull << 40;
  record.cause = EndCause::out_of_memory;
  record.note(5, "warn", "something");
  const auto back = record_from_json(to_json(record));
  ASSERT_TRUE(back) << back.error().message;
  EXPECT_EQ(to_json(*back), to_json(record));
  EXPECT_FALSE(record_from_json(json::object()));
  json strange = to_json(record);
  strange["state"] = "odd";
  EXPECT_FALSE(record_from_json(strange));
}

}  // namespace
}  // namespace genesis::sandbox_server
