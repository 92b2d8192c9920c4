#include "launch/slurm/line_stream.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <memory>
#include <vector>

namespace genesis::launch::slurm {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;

class Lines : public testing::Test {
 protected:
  Lines() {
    int in[2];
    int out[2];
    EXPECT_EQ(::pipe2(in, O_CLOEXEC), 0);
    EXPECT_EQ(::pipe2(out, O_CLOEXEC), 0);
    to_stream = Fd(in[1]);
    from_stream = Fd(out[0]);
    LineStream::Handlers handlers;
    handlers.line = [this](std::string_view line) {
      heard.emplace_back(line);
      if (line == "close") stream->close();
    };
    handlers.ended = [this](const std::string& why) { ends.push_back(why); };
    stream = std::make_unique<LineStream>(io, Fd(in[0]), Fd(out[1]), 10, std::move(handlers));
  }
  void write(const std::string& text) {
    ASSERT_EQ(::write(to_stream.get(), text.data(), text.size()),
              static_cast<ssize_t>(text.size()));
  }
  void run() {
    io.restart();
    io.run_for(20ms);
  }

  boost::asio::io_context io;
  Fd to_stream;
  Fd from_stream;
  std::vector<std::string> heard;
  std::vector<std::string> ends;
  std::unique_ptr<LineStream> stream;
};

TEST_F(Lines, ComeOneByOneHoweverTheyAreCut) {
  write("a\nb");
  run();
  EXPECT_THAT(heard, ElementsAre("a"));
  write("c\n\nd\n");
  run();
  EXPECT_THAT(heard, ElementsAre("a", "bc", "", "d"));
  EXPECT_TRUE(ends.empty());
}

TEST_F(Lines, ThatNeverEndAreTheEnd) {
  write("12345678901");
  run();
  EXPECT_TRUE(heard.empty());
  ASSERT_EQ(ends.size(), 1u);
  EXPECT_THAT(ends[0], HasSubstr("too long"));
  write("\na\n");
  run();
  EXPECT_TRUE(heard.empty());
  EXPECT_EQ(ends.size(), 1u);
}

TEST_F(Lines, TheEndOfTheInputIsToldOnce) {
  write("a\nhalf");
  to_stream.reset();
  run();
  EXPECT_THAT(heard, ElementsAre("a"));
  EXPECT_EQ(ends.size(), 1u);
}

TEST_F(Lines, AHandlerMayClose) {
  write("close\nlate\n");
  run();
  EXPECT_THAT(heard, ElementsAre("close"));
  EXPECT_TRUE(ends.empty());
}

TEST_F(Lines, WhatIsSaidGoesOutAndThenTheOutputEnds) {
  stream->say("one\n");
  stream->say("two\n");
  stream->finish_output();
  stream->say("never\n");
  EXPECT_EQ(stream->unsent(), 8u);
  run();
  EXPECT_EQ(stream->unsent(), 0u);
  char buffer[64];
  ASSERT_EQ(::read(from_stream.get(), buffer, sizeof buffer), 8);
  EXPECT_EQ(std::string(buffer, 8), "one\ntwo\n");
  EXPECT_EQ(::read(from_stream.get(), buffer, sizeof buffer), 0);
}

}  // namespace
}  // namespace genesis::launch::slurm
