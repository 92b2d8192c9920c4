#include "genesis/events/event_log.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <csignal>

#include "genesis/base/files.h"

namespace genesis::events {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

class EventLogTest : public testing::Test {
 protected:
  std::vector<std::string> lines_at_open(const std::string& content) {
    EXPECT_TRUE(write_file(file_, content));
    std::vector<std::string> seen;
    auto log = EventLog::open(file_, [&](std::string_view line) { seen.emplace_back(line); });
    EXPECT_TRUE(log) << (log ? "" : log.error().message);
    return seen;
  }
  std::string content() const { return read_file(file_).value(); }

  TempDir dir_{"events"};
  fs::path file_ = dir_.path() / "events.jsonl";
};

TEST_F(EventLogTest, AppendsWholeLinesOverSessions) {
  for (int session = 0; session < 2; ++session) {
    auto log = EventLog::open(file_, [](std::string_view) {});
    ASSERT_TRUE(log);
    log->append(R"({"a":)" + std::to_string(session) + "}");
    EXPECT_EQ(log->waiting(), 0u);
  }
  EXPECT_EQ(content(), "{\"a\":0}\n{\"a\":1}\n");
}

TEST_F(EventLogTest, ShowsWhatIsThere) {
  EXPECT_THAT(lines_at_open("{\"a\":1}\n\n{\"b\":2}\n"), ElementsAre("{\"a\":1}", "{\"b\":2}"));
}

TEST_F(EventLogTest, ATornLineIsTakenAway) {
  EXPECT_THAT(lines_at_open("{\"a\":1}\n{\"b\":"), ElementsAre("{\"a\":1}"));
  EXPECT_EQ(content(), "{\"a\":1}\n");
}

TEST_F(EventLogTest, AWholeLineWithoutItsEndIsCompleted) {
  EXPECT_THAT(lines_at_open("{\"a\":1}\n{\"b\":2}"), ElementsAre("{\"a\":1}", "{\"b\":2}"));
  EXPECT_EQ(content(), "{\"a\":1}\n{\"b\":2}\n");
}

TEST_F(EventLogTest, AFileOfOneTornLineBecomesEmpty) {
  EXPECT_THAT(lines_at_open("\x01\x02"), IsEmpty());
  EXPECT_EQ(content(), "");
}

TEST_F(EventLogTest, ALinkIsRefused) {
  fs::create_symlink(dir_.path() / "elsewhere", file_);
  EXPECT_FALSE(EventLog::open(file_, [](std::string_view) {}));
  EXPECT_FALSE(fs::exists(dir_.path() / "elsewhere"));
}

// A limit on the size of files fails a write half way, as a full disk does.
class FileSizeLimit {
 public:
  explicit FileSizeLimit(rlim_t bytes) : handler_(std::signal(SIGXFSZ, SIG_IGN)) {
    ::getrlimit(RLIMIT_FSIZE, &before_);
    const rlimit now{bytes, before_.rlim_max};
    ::setrlimit(RLIMIT_FSIZE, &now);
  }
  ~FileSizeLimit() {
    ::setrlimit(RLIMIT_FSIZE, &before_);
    std::signal(SIGXFSZ, handler_);
  }

 private:
  rlimit before_{};
  void (*handler_)(int);
};

TEST_F(EventLogTest, AFullDiskKeepsLinesForLaterAndTearsNone) {
  auto log = EventLog::open(file_, [](std::string_view) {});
  ASSERT_TRUE(log);
  {
    const FileSizeLimit full(12);
    log->append("{\"a\":1}");
    log->append("{\"b\":2}");
    log->append("{\"c\":3}");
    EXPECT_EQ(log->waiting(), 2u);
    EXPECT_EQ(content(), "{\"a\":1}\n");
  }
  log->retry();
  EXPECT_EQ(log->waiting(), 0u);
  EXPECT_EQ(content(), "{\"a\":1}\n{\"b\":2}\n{\"c\":3}\n");
}

TEST_F(EventLogTest, WhatWaitsIsBounded) {
  auto log = EventLog::open(file_, [](std::string_view) {});
  ASSERT_TRUE(log);
  const FileSizeLimit full(0);
  for (std::size_t i = 0; i < EventLog::kMostWaiting + 50; ++i) log->append(std::to_string(i));
  EXPECT_EQ(log->waiting(), EventLog::kMostWaiting);
}

TEST_F(EventLogTest, AReaderGoesOnWhereItStopped) {
  ASSERT_TRUE(write_file(file_, "one\ntwo\nthr"));
  std::vector<std::string> seen;
  const auto visit = [&](std::string_view line) { seen.emplace_back(line); };
  const auto next = read_lines(file_, 0, visit);
  ASSERT_TRUE(next);
  EXPECT_EQ(*next, 8);
  EXPECT_THAT(seen, ElementsAre("one", "two"));
  ASSERT_TRUE(write_file(file_, "one\ntwo\nthree\n"));
  EXPECT_EQ(read_lines(file_, *next, visit).value(), 14);
  EXPECT_THAT(seen, ElementsAre("one", "two", "three"));
}

TEST_F(EventLogTest, LinesLongerThanABufferAreRead) {
  const std::string long_line(200'000, 'x');
  ASSERT_TRUE(write_file(file_, "a\n" + long_line + "\nb\n"));
  std::vector<std::size_t> sizes;
  EXPECT_EQ(
      read_lines(file_, 0, [&](std::string_view line) { sizes.push_back(line.size()); }).value(),
      200'005);
  EXPECT_THAT(sizes, ElementsAre(1u, 200'000u, 1u));
}

TEST_F(EventLogTest, EndlessLinesArePassedOver) {
  ASSERT_TRUE(write_file(file_, std::string(3u << 20, 'x') + "\nb\n"));
  std::vector<std::string> seen;
  ASSERT_TRUE(read_lines(file_, 0, [&](std::string_view line) { seen.emplace_back(line); }));
  EXPECT_THAT(seen, ElementsAre("b"));
}

TEST_F(EventLogTest, NoFileSaysWhatThatMeans) {
  const auto read = read_lines(file_, 0, [](std::string_view) {});
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().kind, ErrorKind::not_found);
}

}  // namespace
}  // namespace genesis::events
