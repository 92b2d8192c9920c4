#include "genesis_evaluator/candidate_child.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <functional>
#include <string>

namespace genesis::evaluator {
namespace {

using std::chrono::milliseconds;
using ::testing::HasSubstr;

std::string problem_of(const std::function<std::string()>& work, const ChildLimits& limits = {}) {
  try {
    call_in_child(work, limits);
  } catch (const BadCandidate& bad) {
    return bad.what();
  }
  return "";
}

bool has_children() {
  return waitpid(-1, nullptr, WNOHANG) >= 0 || errno != ECHILD;
}

TEST(CandidateChild, ItsAnswerComesBackWhole) {
  std::string large(3u << 20, 'x');
  large[1] = '\0';
  EXPECT_EQ(call_in_child([&] { return large; }), large);
  EXPECT_EQ(call_in_child([] { return std::string(); }), "");
  EXPECT_FALSE(has_children());
}

TEST(CandidateChild, WhatItChangesIsItsOwnCopy) {
  int score = 1;
  call_in_child([&] {
    score = 100;
    return std::string("done");
  });
  EXPECT_EQ(score, 1);
}

TEST(CandidateChild, ItsExceptionsAreMessages) {
  EXPECT_EQ(problem_of([]() -> std::string { throw std::runtime_error("no luck"); }), "no luck");
  EXPECT_THAT(problem_of([]() -> std::string { throw 1; }), HasSubstr("no std::exception"));
}

TEST(CandidateChild, HowItEndedEarlyIsSaid) {
  EXPECT_THAT(problem_of([]() -> std::string { _exit(7); }), HasSubstr("(status 7)"));
  EXPECT_THAT(problem_of([]() -> std::string {
                raise(SIGUSR1);
                return "";
              }),
              HasSubstr("(signal " + std::to_string(SIGUSR1) + ")"));
}

TEST(CandidateChild, ItEndsAtItsDeadline) {
  ChildLimits limits;
  limits.time = milliseconds(50);
  EXPECT_THAT(problem_of(
                  []() -> std::string {
                    signal(SIGTERM, SIG_IGN);
                    for (;;) pause();
                  },
                  limits),
              HasSubstr("longer than 50 ms"));
  EXPECT_FALSE(has_children());
}

TEST(CandidateChild, LargeAnswersAreRefused) {
  ChildLimits limits;
  limits.answer_bytes = 10;
  EXPECT_EQ(call_in_child([] { return std::string(10, 'x'); }, limits).size(), 10u);
  EXPECT_THAT(problem_of([] { return std::string(11, 'x'); }, limits), HasSubstr("11 bytes"));
}

TEST(CandidateChild, FilesAreLimited) {
  ChildLimits limits;
  limits.file_size = 0;
  EXPECT_THAT(problem_of(
                  [] {
                    std::string name = "/tmp/genesis-child-XXXXXX";
                    const int file = mkstemp(name.data());
                    unlink(name.c_str());
                    return std::to_string(write(file, "x", 1));
                  },
                  limits),
              HasSubstr("signal " + std::to_string(SIGXFSZ)));
}

// A daemon: forked twice, in a session of its own, deaf to TERM.
TEST(CandidateChild, WhatItLeavesBehindIsEnded) {
  const std::string answer = call_in_child([] {
    int up[2];
    if (pipe(up) != 0) _exit(1);
    if (fork() == 0) {
      setsid();
      signal(SIGTERM, SIG_IGN);
      const pid_t daemon = fork();
      if (daemon == 0) {
        setsid();
        const pid_t mine = getpid();
        if (write(up[1], &mine, sizeof mine) < 0) _exit(1);
        for (;;) pause();
      }
      _exit(0);
    }
    pid_t daemon = 0;
    if (read(up[0], &daemon, sizeof daemon) != sizeof daemon) _exit(1);
    return std::to_string(daemon);
  });
  EXPECT_EQ(kill(std::stoi(answer), 0), -1) << "process " << answer << " is still there";
  EXPECT_EQ(errno, ESRCH);
  EXPECT_FALSE(has_children());
}

TEST(CandidateChild, ItCannotOpenTheEvaluator) {
  const std::string memory = "/proc/" + std::to_string(getpid()) + "/mem";
  EXPECT_EQ(call_in_child([&] {
              return std::string(open(memory.c_str(), O_RDWR) < 0 ? "refused" : "opened");
            }),
            "refused");
  EXPECT_EQ(prctl(PR_GET_DUMPABLE), 1) << "as it was before";
}

TEST(CandidateChild, ProcessesThatWereThereAreSpared) {
  const pid_t other = fork();
  if (other == 0)
    for (;;) pause();
  call_in_child([] { return std::string("done"); });
  EXPECT_EQ(waitpid(other, nullptr, WNOHANG), 0) << "it must still run";
  kill(other, SIGKILL);
  waitpid(other, nullptr, 0);
}

TEST(CandidateChild, ItHasNoDescriptorsOfOurs) {
  const int file = open("/dev/null", O_RDONLY);
  EXPECT_EQ(call_in_child([&] { return std::to_string(fcntl(file, F_GETFD)); }), "-1");
  close(file);
}

}  // namespace
}  // namespace genesis::evaluator
