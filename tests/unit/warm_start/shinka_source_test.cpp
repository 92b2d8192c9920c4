#include "genesis/warm_start/shinka_source.h"

#include <SQLiteCpp/SQLiteCpp.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace genesis::warm_start {
namespace {

using testing::HasSubstr;

constexpr const char* kLeastTable =
    "CREATE TABLE programs(id TEXT PRIMARY KEY, code TEXT, generation INTEGER, "
    "combined_score REAL, correct BOOLEAN)";
constexpr const char* kFullTable =
    "CREATE TABLE programs(id TEXT PRIMARY KEY, code TEXT NOT NULL, language TEXT NOT NULL, "
    "parent_id TEXT, generation INTEGER NOT NULL, combined_score REAL, public_metrics TEXT, "
    "private_metrics TEXT, text_feedback TEXT, correct BOOLEAN DEFAULT 0, island_idx INTEGER)";

std::unique_ptr<SQLite::Database> made_by(std::initializer_list<const char*> statements) {
  auto database =
      std::make_unique<SQLite::Database>(":memory:", SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE);
  for (const char* sql : statements) database->exec(sql);
  return database;
}

Result<std::unique_ptr<ProgramSource>> source_of(std::initializer_list<const char*> statements) {
  return open_shinka(made_by(statements), "test");
}

TEST(ShinkaSource, ReadsProgramsAndWhatBelongsToThem) {
  const auto source = value_or_throw(source_of(
      {kFullTable,
       "INSERT INTO programs VALUES('a', 'x', 'python', NULL, 0, 1.5, '{\"n\": NaN}', 'bad', "
       "'well done', 1, 2)",
       "INSERT INTO programs VALUES('b', 'y', 'python', 'a', 1, NULL, NULL, '{}', NULL, 0, "
       "NULL)"}));
  Skipped skipped;
  const auto listed = value_or_throw(source->list(skipped));
  ASSERT_EQ(listed.size(), 2u);
  EXPECT_EQ(listed[0].score, 1.5);
  EXPECT_EQ(listed[0].island, 2);
  EXPECT_TRUE(listed[0].correct);
  EXPECT_EQ(listed[1].parent_id, "a");
  EXPECT_FALSE(listed[1].score);
  EXPECT_FALSE(listed[1].correct);
  const ProgramText text = value_or_throw(source->read(listed[0]));
  EXPECT_EQ(text.code, "x");
  EXPECT_EQ(text.public_json, R"({"n":null})");
  EXPECT_EQ(text.private_json, "{}");
  EXPECT_EQ(text.text_feedback, "well done");
}

TEST(ShinkaSource, OlderTablesWithFewerColumnsWillDo) {
  const auto source =
      value_or_throw(source_of({kLeastTable, "INSERT INTO programs VALUES('a', 'x', 3, 1, 1)"}));
  Skipped skipped;
  const auto listed = value_or_throw(source->list(skipped));
  ASSERT_EQ(listed.size(), 1u);
  EXPECT_EQ(listed[0].generation, 3);
  EXPECT_EQ(listed[0].language, "");
  EXPECT_EQ(value_or_throw(source->read(listed[0])).public_json, "{}");
}

TEST(ShinkaSource, RowsOfOtherTypesAreCounted) {
  const auto source =
      value_or_throw(source_of({kLeastTable, "INSERT INTO programs VALUES(x'00', 'x', 0, 1, 1)",
                                "INSERT INTO programs VALUES('blob', x'00ff', 0, 1, 1)",
                                "INSERT INTO programs VALUES('none', NULL, 0, 1, 1)",
                                "INSERT INTO programs VALUES('text', 'x', 'often', 'high', 'yes')",
                                "INSERT INTO programs VALUES('long', zeroblob(300), 0, 1, 1)"}));
  Skipped skipped;
  const auto listed = value_or_throw(source->list(skipped));
  ASSERT_EQ(listed.size(), 1u);
  EXPECT_EQ(listed[0].id, "text");
  EXPECT_FALSE(listed[0].score);
  EXPECT_FALSE(listed[0].correct);
  EXPECT_EQ(skipped, (Skipped{{"without an id or a text", 4}}));
}

TEST(ShinkaSource, AHugeTextIsSkippedNotRead) {
  const auto source = value_or_throw(
      source_of({kLeastTable,
                 "INSERT INTO programs VALUES('big', CAST(zeroblob(2000000) AS TEXT), 0, 1, 1)"}));
  Skipped skipped;
  const auto listed = value_or_throw(source->list(skipped));
  ASSERT_EQ(listed.size(), 1u);
  const auto text = source->read(listed[0]);
  ASSERT_FALSE(text);
  EXPECT_EQ(text.error().kind, ErrorKind::invalid_argument);
}

TEST(ShinkaSource, OtherDatabasesAreRefusedByWhatIsMissing) {
  const auto message = [](Result<std::unique_ptr<ProgramSource>> source) {
    return source ? std::string() : source.error().message;
  };
  EXPECT_THAT(message(source_of({})), HasSubstr("has no table 'programs'"));
  EXPECT_THAT(message(source_of({"CREATE TABLE programs(id TEXT, code TEXT)"})),
              HasSubstr("has no column 'generation'"));
  EXPECT_THAT(message(source_of({"CREATE VIEW programs AS SELECT 1 AS id"})),
              HasSubstr("no plain table"));
}

// What SQLite would compute for each row is not even looked at.
TEST(ShinkaSource, GeneratedColumnsAreNoColumns) {
  const auto source = source_of(
      {"CREATE TABLE programs(id TEXT, code TEXT, generation INTEGER, correct BOOLEAN, n INTEGER, "
       "combined_score REAL AS (length(hex(zeroblob(n)))))"});
  ASSERT_FALSE(source);
  EXPECT_THAT(source.error().message, HasSubstr("has no column 'combined_score'"));
}

TEST(ShinkaSource, ReadingHasAnEnd) {
  auto database =
      made_by({kLeastTable,
               "WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n+1 FROM c LIMIT 20000) "
               "INSERT INTO programs SELECT 'p' || n, 'x', n, n, 1 FROM c"});
  const auto source =
      value_or_throw(open_shinka(std::move(database), "test", std::chrono::milliseconds(-1)));
  Skipped skipped;
  const auto listed = source->list(skipped);
  ASSERT_FALSE(listed);
  EXPECT_THAT(listed.error().message, HasSubstr("it takes too long to read"));
}

}  // namespace
}  // namespace genesis::warm_start
