#include "genesis/ui/status_printer.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <pty.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include <cstdlib>
#include <string>

#include "genesis/base/fd.h"

namespace genesis {
namespace {

RunStatus status_at(std::int64_t generation, double best) {
  RunStatus status;
  status.task = "demo";
  status.output_dir = "results/demo";
  status.state = "running";
  status.generation = generation;
  status.target_generations = 100;
  status.evaluations = generation + 1;
  status.has_best = true;
  status.best_score = best;
  status.best_generation = generation;
  status.initial_score = 0.5;
  status.slots = status.slots_busy = 2;
  status.evaluations_per_second = 4;
  status.elapsed = std::chrono::seconds(generation);
  status.outcomes = {{"ok", generation + 1}};
  return status;
}

std::string read_all(int fd) {
  std::string text;
  char buffer[1 << 14];
  ::fcntl(fd, F_SETFL, O_NONBLOCK);
  for (ssize_t size; (size = ::read(fd, buffer, sizeof buffer)) > 0;) {
    text.append(buffer, static_cast<std::size_t>(size));
  }
  return text;
}

struct PipeOutput {
  Fd read_end, write_end;
  PipeOutput() {
    int ends[2];
    EXPECT_EQ(::pipe2(ends, O_CLOEXEC), 0);
    read_end = Fd(ends[0]);
    write_end = Fd(ends[1]);
  }
};

struct Terminal {
  Fd master, slave;
  explicit Terminal(unsigned short columns) {
    winsize size{24, columns, 0, 0};
    int ends[2];
    EXPECT_EQ(::openpty(&ends[0], &ends[1], nullptr, nullptr, &size), 0);
    master = Fd(ends[0]);
    slave = Fd(ends[1]);
    termios raw{};
    ::tcgetattr(slave.get(), &raw);
    ::cfmakeraw(&raw);
    ::tcsetattr(slave.get(), TCSANOW, &raw);
  }
};

TEST(StatusPrinter, PlainLinesArePaced) {
  PipeOutput out;
  Console console(out.write_end.get());
  ManualClock clock;
  StatusPrinter printer(console, clock, Verbosity::normal, std::chrono::seconds(10));
  printer.on_start(status_at(0, 0.5), false);
  printer.on_improvement(status_at(0, 0.5), "initial program");
  for (int i = 1; i <= 25; ++i) {
    clock.advance(std::chrono::seconds(1));
    printer.on_progress(status_at(i, 0.5));
  }
  printer.on_improvement(status_at(26, 0.75), "literal 1 -> 2");
  printer.on_notice("paused: the disk is full");
  printer.on_finish(status_at(27, 0.75), StopReason::generations);
  EXPECT_EQ(read_all(out.read_end.get()),
            "Starting demo in results/demo: 0 of 100 generations recorded, 2 at a time\n"
            "    0 ms  gen 0: first score 0.5  initial program\n"
            "  10.0 s  gen 10/100 | best 0.5 (gen 10) | 4.00/s | busy 2/2 | ok 11\n"
            "  20.0 s  gen 20/100 | best 0.5 (gen 20) | 4.00/s | busy 2/2 | ok 21\n"
            "  26.0 s  gen 26: new best 0.75 (+0.25)  literal 1 -> 2\n"
            "paused: the disk is full\n"
            "  27.0 s  gen 27/100 | best 0.75 (gen 27) | 4.00/s | busy 2/2 | ok 28\n");
}

TEST(StatusPrinter, QuietPrintsNoticesOnly) {
  PipeOutput out;
  Console console(out.write_end.get());
  ManualClock clock;
  StatusPrinter printer(console, clock, Verbosity::quiet);
  printer.on_start(status_at(0, 0.5), false);
  printer.on_improvement(status_at(0, 0.5), "x");
  clock.advance(std::chrono::hours(1));
  printer.on_progress(status_at(1, 0.5));
  printer.on_notice("retrying");
  printer.on_finish(status_at(1, 0.5), StopReason::generations);
  EXPECT_EQ(read_all(out.read_end.get()), "retrying\n");
}

TEST(StatusPrinter, ATerminalGetsOneLineThatIsRedrawn) {
  ::unsetenv("NO_COLOR");
  ::setenv("TERM", "xterm", 1);
  Terminal terminal(60);
  Console console(terminal.slave.get());
  ManualClock clock;
  StatusPrinter printer(console, clock, Verbosity::normal);
  RunStatus status = status_at(3, 0.5);
  printer.on_progress(status);
  printer.on_improvement(status_at(4, 0.75), std::string(200, 'y'));
  printer.on_finish(status_at(5, 0.75), StopReason::generations);
  const std::string text = read_all(terminal.master.get());
  EXPECT_EQ(text.rfind("\r\x1b[2Kgen 3/100 | best 0.5", 0), 0u) << text;
  EXPECT_NE(text.find("\x1b[1m   4.0 s  gen 4: first score 0.75"), std::string::npos) << text;
  // The improvement fits the window: 60 columns between colour and reset.
  const auto start = text.find("\x1b[1m") + 4;
  EXPECT_EQ(text.find("\x1b[0m") - start, 60u);
  EXPECT_EQ(text.substr(text.size() - 5), "ok 6\n");
}

TEST(StatusPrinter, NoColourIsRespected) {
  ::setenv("NO_COLOR", "1", 1);
  Terminal terminal(80);
  Console console(terminal.slave.get());
  ManualClock clock;
  StatusPrinter printer(console, clock, Verbosity::normal);
  printer.on_notice("look");
  EXPECT_EQ(read_all(terminal.master.get()), "look\n");
  ::unsetenv("NO_COLOR");
}

TEST(ClosingSummary, NamesTheBestAndTheNextCommand) {
  SummaryText summary;
  summary.status = status_at(100, 0.875);
  summary.reason = StopReason::generations;
  summary.best_path = "results/demo/best/main.py";
  EXPECT_EQ(closing_summary(summary),
            "\nFinished: all 100 generations are recorded\n"
            "  best      0.875 (generation 100), initial program 0.5\n"
            "  program   results/demo/best/main.py\n"
            "  time      1m40s, 101 evaluations (1.01/s)\n"
            "  outcomes  ok 101\n"
            "  next      genesis show results/demo\n"
            "            genesis extend results/demo +100\n");
}

TEST(ClosingSummary, AnInterruptedRunIsResumed) {
  SummaryText summary;
  summary.status = status_at(7, 0.5);
  summary.reason = StopReason::interrupted;
  const std::string text = closing_summary(summary);
  EXPECT_NE(text.find("Stopped: interrupted"), std::string::npos);
  EXPECT_NE(text.find("next      genesis resume results/demo\n"), std::string::npos);
}

TEST(ClosingSummary, AFailedSeedShowsWhyAndWhatToDo) {
  SummaryText summary;
  summary.status = status_at(0, 0.5);
  summary.status.has_best = false;
  summary.reason = StopReason::seed_failed;
  summary.message = "exited with 1\nTraceback\x1b[2J";
  const std::string text = closing_summary(summary);
  EXPECT_NE(
      text.find(
          "Failed: the initial program failed its evaluation\nexited with 1\nTraceback?[2J\n"),
      std::string::npos)
      << text;
  EXPECT_NE(text.find("genesis check"), std::string::npos);
  EXPECT_EQ(text.find("best "), std::string::npos);
}

}  // namespace
}  // namespace genesis
