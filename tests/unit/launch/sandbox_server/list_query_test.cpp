#include "launch/sandbox_server/list_query.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace genesis::sandbox_server {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Pair;

TEST(Target, KeepsEncodedSlashesInTheirSegment) {
  const Target target = parse_target("/templates/team%2Fsnap%3Adefault?a=b+c&d=%26&e");
  EXPECT_THAT(target.segments, ElementsAre("templates", "team/snap:default"));
  EXPECT_THAT(target.query, ElementsAre(Pair("a", "b c"), Pair("d", "&"), Pair("e", "")));
  EXPECT_EQ(percent_decode("%4g%", false), "%4g%");
}

TEST(MetadataFilter, IsDecodedThreeTimes) {
  const Target target = parse_target("/v2/sandboxes?metadata=a%252520b%3Dc%252526d%26e%3Df");
  const auto wanted = read_metadata_filter(*target.find("metadata"));
  EXPECT_THAT(wanted, ElementsAre(Pair("a b", "c&d"), Pair("e", "f")));
}

TEST(Rfc3339, ReadsWhatTheSdksSend) {
  EXPECT_EQ(parse_rfc3339("1970-01-01T00:00:01Z"), 1000);
  EXPECT_EQ(parse_rfc3339("1970-01-01T00:00:01.5Z"), 1500);
  EXPECT_EQ(parse_rfc3339("1970-01-01T01:00:00.123456+01:00"), 123);
  EXPECT_EQ(parse_rfc3339("2026-11-21T20:00:00.123Z"), 1795291200123);
  EXPECT_EQ(rfc3339(1795291200123), "2026-11-21T20:00:00.123Z");
  for (const char* const none : {"", "yesterday", "2026-13-01T00:00:00Z", "2026-11-21T20:00:00",
                                 "2026-11-21T20:00:00+xx:00"}) {
    EXPECT_EQ(parse_rfc3339(none), std::nullopt) << none;
  }
}

class PageTest : public testing::Test {
 protected:
  PageTest() {
    for (int i = 0; i < 5; ++i) {
      SandboxRecord record;
      record.id = "s" + std::to_string(i);
      record.template_name = i % 2 == 0 ? "base" : "other";
      record.state = i == 4 ? SandboxState::paused : SandboxState::running;
      record.started_ms = 1000 * (i / 2);  // Some at the same moment.
      record.metadata["n"] = std::to_string(i);
      records.push_back(record);
    }
    records.push_back(records[0]);
    records.back().id = "s9";
    records.back().state = SandboxState::starting;
  }
  std::vector<std::string> ids(const std::string& target) {
    const auto query = read_list_query(parse_target(target));
    if (!query) return {query.error().message};
    std::vector<const SandboxRecord*> mine;
    for (const auto& record : records) mine.push_back(&record);
    page = page_of(mine, *query);
    std::vector<std::string> found;
    for (const auto* const record : page.records) found.push_back(record->id);
    return found;
  }
  std::vector<SandboxRecord> records;
  Page page;
};

TEST_F(PageTest, IsNewestFirstUnlessAskedOtherwise) {
  EXPECT_THAT(ids("/v2/sandboxes"), ElementsAre("s4", "s3", "s2", "s1", "s0"));
  EXPECT_THAT(ids("/v2/sandboxes?order=asc"), ElementsAre("s0", "s1", "s2", "s3", "s4"));
  EXPECT_EQ(page.total_running, 4u);
}

TEST_F(PageTest, Filters) {
  EXPECT_THAT(ids("/v2/sandboxes?state=paused"), ElementsAre("s4"));
  EXPECT_THAT(ids("/v2/sandboxes?state=running,paused&template=other"), ElementsAre("s3", "s1"));
  EXPECT_THAT(ids("/v2/sandboxes?metadata=n%3D2"), ElementsAre("s2"));
  EXPECT_THAT(ids("/v2/sandboxes?startedAfter=1970-01-01T00:00:01Z"),
              ElementsAre("s4", "s3", "s2"));
}

TEST_F(PageTest, PagesMeetWithoutGapOrRepeat) {
  for (const std::string order : {"asc", "desc"}) {
    std::vector<std::string> all;
    std::string token;
    do {
      const auto some = ids("/v2/sandboxes?limit=2&order=" + order +
                            (token.empty() ? "" : "&nextToken=" + token));
      all.insert(all.end(), some.begin(), some.end());
      token = page.next_token;
    } while (!token.empty());
    EXPECT_EQ(all, ids("/v2/sandboxes?order=" + order));
  }
}

TEST_F(PageTest, RefusesWhatIsNoQuery) {
  ids("/v2/sandboxes?limit=2");
  EXPECT_THAT(ids("/v2/sandboxes?order=asc&nextToken=" + page.next_token)[0],
              HasSubstr("other order"));
  EXPECT_THAT(ids("/v2/sandboxes?nextToken=zz")[0], HasSubstr("not one of this server"));
  EXPECT_THAT(ids("/v2/sandboxes?limit=0")[0], HasSubstr("1 to 100"));
  EXPECT_THAT(ids("/v2/sandboxes?limit=101")[0], HasSubstr("1 to 100"));
  EXPECT_THAT(ids("/v2/sandboxes?state=dead")[0], HasSubstr("not a state"));
  EXPECT_THAT(ids("/v2/sandboxes?order=up")[0], HasSubstr("asc or desc"));
  EXPECT_THAT(ids("/v2/sandboxes?template=base:v1")[0], HasSubstr("without a tag"));
  EXPECT_THAT(ids("/v2/sandboxes?startedAfter=now")[0], HasSubstr("RFC 3339"));
}

}  // namespace
}  // namespace genesis::sandbox_server
