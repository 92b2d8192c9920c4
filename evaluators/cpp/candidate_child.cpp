#include "genesis_evaluator/candidate_child.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>

#include "confinement.h"
#include "genesis_evaluator/arguments.h"

namespace genesis::evaluator {
namespace {

using Clock = std::chrono::steady_clock;

/// What goes before an answer on the pipe.
struct Head {
  std::uint64_t bytes = 0;
  std::uint64_t thrown = 0;  // 1: the answer is an exception's message
};

std::string milliseconds(std::chrono::milliseconds time) {
  return std::to_string(time.count()) + " ms";
}

bool send(int out, const void* data, std::size_t size) {
  for (const char* at = static_cast<const char*>(data); size > 0;) {
    const ssize_t written = write(out, at, size);
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return false;
    at += written;
    size -= static_cast<std::size_t>(written);
  }
  return true;
}

[[noreturn]] void work_and_end(const std::function<std::string()>& work, int out) {
  Head head;
  std::string answer;
  try {
    answer = work();
  } catch (const std::exception& error) {
    answer = error.what();
    head.thrown = 1;
  } catch (...) {
    answer = "it threw something that is no std::exception";
    head.thrown = 1;
  }
  head.bytes = answer.size();
  std::fflush(nullptr);
  const bool sent = send(out, &head, sizeof head) && send(out, answer.data(), answer.size());
  _exit(sent ? 0 : 125);  // no exit handlers: they may be the candidate's
}

/// The child's answer as it comes, until the deadline.
class Answer {
 public:
  Answer(int in, const ChildLimits& limits)
      : in_(in), limits_(limits), deadline_(Clock::now() + limits.time) {}

  /// False: the child closed its end first.
  bool read(void* data, std::size_t size) const {
    for (char* at = static_cast<char*>(data); size > 0;) {
      const auto left =
          std::chrono::ceil<std::chrono::milliseconds>(deadline_ - Clock::now()).count();
      pollfd ready{in_, POLLIN, 0};
      const int count =
          left > 0 ? poll(&ready, 1, static_cast<int>(std::min<std::int64_t>(left, 60'000))) : 0;
      if (count < 0 && errno == EINTR) continue;
      if (count <= 0 && left > 0) continue;
      if (count <= 0) throw BadCandidate("it took longer than " + milliseconds(limits_.time));
      const ssize_t got = ::read(in_, at, size);
      if (got < 0 && errno == EINTR) continue;
      if (got <= 0) return false;
      at += got;
      size -= static_cast<std::size_t>(got);
    }
    return true;
  }

 private:
  int in_;
  const ChildLimits& limits_;
  Clock::time_point deadline_;
};

/// Empty where the child ended before it had answered.
std::optional<std::string> read_answer(int in, const ChildLimits& limits) {
  const Answer answer(in, limits);
  Head head;
  if (!answer.read(&head, sizeof head)) return std::nullopt;
  if (head.bytes > limits.answer_bytes)
    throw BadCandidate("its answer has " + std::to_string(head.bytes) + " bytes, and at most " +
                       std::to_string(limits.answer_bytes) + " are accepted");
  std::string text(head.bytes, '\0');
  if (!answer.read(text.data(), text.size())) return std::nullopt;
  if (head.thrown != 0) throw BadCandidate(text);
  return text;
}

std::string how_it_ended(pid_t child) {
  // Where it had ended by itself, this signal comes too late to change how.
  kill(child, SIGKILL);
  int status = 0;
  while (waitpid(child, &status, 0) < 0 && errno == EINTR) continue;
  if (WIFSIGNALED(status)) return "signal " + std::to_string(WTERMSIG(status));
  return "status " + std::to_string(WEXITSTATUS(status));
}

struct Closing {
  int file;
  ~Closing() { close(file); }
};

}  // namespace

std::string call_in_child(const std::function<std::string()>& work, const ChildLimits& limits) {
  const Protection protection;
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0)
    throw CannotEvaluate(std::string("cannot make a pipe: ") + std::strerror(errno));
  const Closing reading{ends[0]};
  std::fflush(nullptr);
  const pid_t evaluator = getpid();
  const pid_t child = fork();
  if (child == 0) {
    confine(limits, evaluator, ends[1]);
    work_and_end(work, ends[1]);
  }
  const int cause = errno;
  close(ends[1]);
  if (child < 0)
    throw CannotEvaluate(std::string("cannot start the candidate: ") + std::strerror(cause));
  std::optional<std::string> answer;
  try {
    answer = read_answer(ends[0], limits);
  } catch (...) {
    protection.end_descendants();
    throw;
  }
  const std::string end = how_it_ended(child);
  protection.end_descendants();
  if (!answer) throw BadCandidate("it ended before it had answered (" + end + ")");
  return *std::move(answer);
}

}  // namespace genesis::evaluator
