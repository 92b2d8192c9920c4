#include "genesis/ui/console.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include <string>

#include "genesis/base/fd.h"

namespace genesis {
namespace {

struct Pipe {
  Fd read_end, write_end;
  Pipe() {
    int ends[2];
    EXPECT_EQ(::pipe2(ends, O_CLOEXEC), 0);
    read_end = Fd(ends[0]);
    write_end = Fd(ends[1]);
  }
  std::string take() {
    char buffer[1 << 16];
    const ssize_t size = ::read(read_end.get(), buffer, sizeof buffer);
    return size > 0 ? std::string(buffer, static_cast<std::size_t>(size)) : std::string();
  }
};

TEST(Console, APipeIsNoTerminalAndHasNoColour) {
  Pipe pipe;
  Console console(pipe.write_end.get());
  EXPECT_FALSE(console.is_terminal());
  EXPECT_FALSE(console.colour());
  EXPECT_EQ(console.width(), 80);
  console.write("hello\n");
  EXPECT_EQ(pipe.take(), "hello\n");
}

TEST(Console, AReaderWhoDoesNotReadNeitherBlocksNorGrowsMemory) {
  Pipe pipe;
  Console console(pipe.write_end.get());
  const std::string line(1000, 'x');
  for (int i = 0; i < 2000; ++i) console.write(line);  // 2 MB into a 64 KB pipe: returns
  EXPECT_GT(console.dropped_bytes(), 1'000'000u);
  EXPECT_FALSE(console.broken());
  console.flush(std::chrono::milliseconds(1));
}

TEST(Console, WhatWaitedComesOutInOrderWhenTheReaderReadsAgain) {
  Pipe pipe;
  Console console(pipe.write_end.get());
  std::string sent;
  for (int i = 0; i < 12'000; ++i) {
    const std::string line = std::to_string(i) + "\n";
    sent += line;
    console.write(line);
  }
  ASSERT_EQ(console.dropped_bytes(), 0u);
  std::string got;
  while (got.size() < sent.size()) {
    const std::string part = pipe.take();
    ASSERT_FALSE(part.empty());
    got += part;
    console.flush(std::chrono::milliseconds(0));
    console.write("");
  }
  EXPECT_EQ(got, sent);
}

TEST(Console, AClosedReaderEndsTheOutputOnly) {
  ::signal(SIGPIPE, SIG_IGN);
  Pipe pipe;
  Console console(pipe.write_end.get());
  pipe.read_end.reset();
  console.write("a\n");
  EXPECT_TRUE(console.broken());
  console.write("b\n");
  console.flush(std::chrono::milliseconds(10'000));  // returns at once
}

TEST(Printable, OthersTextCannotDriveTheTerminal) {
  EXPECT_EQ(printable("a\x1b[31mb\rc\x07"), "a?[31mb?c?");
  EXPECT_EQ(printable("a\nb\tc"), "a b\tc");
  EXPECT_EQ(printable("a\nb", true), "a\nb");
  EXPECT_EQ(printable("caf\xc3\xa9 \xff"), "caf\xc3\xa9 \xef\xbf\xbd");
}

}  // namespace
}  // namespace genesis
