#include "genesis/warm_start/program_source.h"

#include <SQLiteCpp/SQLiteCpp.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "genesis/base/files.h"

namespace genesis::warm_start {
namespace {

using testing::HasSubstr;

class OpenSource : public testing::Test {
 protected:
  void put_database(const fs::path& file) {
    ASSERT_TRUE(make_directories(file.parent_path()));
    SQLite::Database database(file.string(), SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE);
    database.exec(
        "CREATE TABLE programs(id TEXT, code TEXT, generation INTEGER, combined_score REAL, "
        "correct BOOLEAN)");
  }
  void put_program(const fs::path& checkpoint, const std::string& id) {
    ASSERT_TRUE(make_directories(checkpoint / "programs"));
    ASSERT_TRUE(write_file(checkpoint / "programs" / (id + ".json"),
                           R"({"id": ")" + id + R"(", "code": "x"})"));
  }
  std::string first_id(const fs::path& path) {
    const auto source = open_source(path);
    if (!source) return source.error().message;
    Skipped skipped;
    return value_or_throw((*source)->list(skipped)).front().id;
  }
  TempDir dir_;
};

TEST_F(OpenSource, FindsOutWhatAFolderIs) {
  put_database(dir_.path() / "shinka" / "programs.sqlite");
  EXPECT_EQ(value_or_throw(open_source(dir_.path() / "shinka"))->system(), "ShinkaEvolve");
  EXPECT_EQ(value_or_throw(open_source(dir_.path() / "shinka/programs.sqlite"))->system(),
            "ShinkaEvolve");
  put_database(dir_.path() / "older" / "evolution_db.sqlite");
  EXPECT_EQ(value_or_throw(open_source(dir_.path() / "older"))->system(), "ShinkaEvolve");
}

TEST_F(OpenSource, TheLastCheckpointByNumber) {
  const fs::path checkpoints = dir_.path() / "out" / "checkpoints";
  put_program(checkpoints / "checkpoint_9", "nine");
  put_program(checkpoints / "checkpoint_100", "hundred");
  ASSERT_TRUE(make_directories(checkpoints / "checkpoint_1000"));  // died while it was written
  ASSERT_TRUE(make_directories(checkpoints / "checkpoint_x"));
  EXPECT_EQ(first_id(dir_.path() / "out"), "hundred");
  EXPECT_EQ(first_id(checkpoints), "hundred");
  EXPECT_EQ(first_id(checkpoints / "checkpoint_9"), "nine");
}

TEST_F(OpenSource, SaysWhatItLookedFor) {
  EXPECT_THAT(first_id(dir_.path()), HasSubstr("no programs.sqlite (ShinkaEvolve)"));
  EXPECT_THAT(first_id(dir_.path() / "nowhere"), HasSubstr("no file and no folder"));
  ASSERT_TRUE(write_file(dir_.path() / "short", "SQLite format 3"));
  EXPECT_THAT(first_id(dir_.path() / "short"), HasSubstr("is no SQLite database"));
  ASSERT_TRUE(write_file(dir_.path() / "torn", std::string("SQLite format 3\0", 16) + "torn"));
  EXPECT_THAT(first_id(dir_.path() / "torn"), HasSubstr("reading '"));
  ASSERT_TRUE(make_directories(dir_.path() / "run" / ".genesis"));
  ASSERT_TRUE(write_file(dir_.path() / "run" / ".genesis" / "run.json", "{"));
  EXPECT_THAT(first_id(dir_.path() / "run"), HasSubstr("run.json' is damaged"));
}

TEST(CompactObject, TakesObjectsOnly) {
  EXPECT_EQ(compact_object(R"({ "a" : [1, NaN] })"), R"({"a":[1,null]})");
  EXPECT_FALSE(compact_object("[1]"));
  EXPECT_FALSE(compact_object("{"));
  EXPECT_FALSE(compact_object(""));
  EXPECT_FALSE(compact_object(R"({},"b":{})"));  // would be two fields
  EXPECT_FALSE(compact_object("{\"a\":\"" + std::string(kMaxNoteBytes, 'x') + "\"}"));
}

}  // namespace
}  // namespace genesis::warm_start
