// A native evaluator: compiles a C++ candidate that approximates 2^x on [0, 1], calls it in a child
// process and scores it by the number of correct decimal digits.
//
//   native_evaluator --program_path P --results_dir D [--compiler g++] [--seconds 10]
//
// The command line and the result files are the helper's (evaluators/cpp). The candidate's code
// only ever runs in the child; what comes back from there is numbers on a pipe, and the score is
// computed here.
#include <dlfcn.h>
#include <fcntl.h>
#include <genesis_evaluator/evaluator.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cmath>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

namespace {

namespace fs = std::filesystem;
namespace ge = genesis::evaluator;

constexpr int kPoints = 1025;
constexpr double kMostDigits = 16.0;

/// What a candidate did wrong; what the machine does wrong is CannotEvaluate.
struct BadCandidate : std::runtime_error {
  using std::runtime_error::runtime_error;
};

[[noreturn]] void fail(const std::string& what) {
  throw ge::CannotEvaluate(what + ": " + std::strerror(errno));
}

/// The task is arithmetic: a library's exp2 would be the answer, not an approximation.
void refuse_library_calls(const std::string& source) {
  for (const char* word : {"#", "??", "%:", "__", "asm", "std::"})
    if (source.find(word) != std::string::npos)
      throw BadCandidate(std::string("'") + word + "' is not allowed: arithmetic alone");
}

/// Runs a program to its end, output to this process's log. No shell.
int run(const std::vector<std::string>& command) {
  std::vector<char*> argv;
  for (const auto& word : command) argv.push_back(const_cast<char*>(word.c_str()));
  argv.push_back(nullptr);
  const pid_t child = fork();
  if (child < 0) fail("cannot start " + command[0]);
  if (child == 0) {
    execvp(argv[0], argv.data());
    _exit(127);
  }
  int status = 0;
  while (waitpid(child, &status, 0) < 0 && errno == EINTR) continue;
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128;
}

fs::path compile(const ge::Arguments& arguments) {
  const std::string& compiler = arguments.text("compiler");
  const fs::path library = fs::absolute(arguments.results_dir()) / "candidate.so";
  // -nostdlib: the candidate has no library to call even if it declares one's functions.
  const int status =
      run({compiler, "-std=c++20", "-O2", "-shared", "-fPIC", "-nostdlib", "-Wl,-z,defs", "-o",
           library.string(), arguments.program_path().string()});
  if (status == 127) throw ge::CannotEvaluate("the compiler '" + compiler + "' is missing");
  if (status != 0) throw BadCandidate("it does not compile; the messages are in the job's log");
  return library;
}

double point(int i) {
  return static_cast<double>(i) / (kPoints - 1);
}

/// The child: loads the candidate, writes its values, ends without exit handlers.
[[noreturn]] void call_candidate(const fs::path& library, unsigned seconds, int out) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
  setsid();
  const rlimit cpu{seconds + 1, seconds + 1};
  const rlimit none{0, 0};
  setrlimit(RLIMIT_CPU, &cpu);
  setrlimit(RLIMIT_CORE, &none);
  setrlimit(RLIMIT_FSIZE, &none);
  void* handle = dlopen(library.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (handle == nullptr) _exit(2);
  const auto function = reinterpret_cast<double (*)(double)>(dlsym(handle, "candidate"));
  if (function == nullptr) _exit(3);
  double values[kPoints];
  for (int i = 0; i < kPoints; ++i) values[i] = function(point(i));
  const auto* bytes = reinterpret_cast<const char*>(values);
  for (std::size_t done = 0; done < sizeof values;) {
    const ssize_t written = write(out, bytes + done, sizeof values - done);
    if (written <= 0) _exit(4);
    done += static_cast<std::size_t>(written);
  }
  _exit(0);
}

/// Reads exactly one block of values before the deadline, or says what is wrong.
std::vector<double> read_values(int in, unsigned seconds) {
  using Clock = std::chrono::steady_clock;
  const auto deadline = Clock::now() + std::chrono::seconds(seconds);
  std::vector<double> values(kPoints);
  auto* bytes = reinterpret_cast<char*>(values.data());
  const std::size_t size = values.size() * sizeof(double);
  for (std::size_t done = 0; done < size;) {
    const auto left =
        std::chrono::duration_cast<std::chrono::milliseconds>(deadline - Clock::now());
    pollfd ready{in, POLLIN, 0};
    const int count = left.count() > 0 ? poll(&ready, 1, static_cast<int>(left.count())) : 0;
    if (count < 0 && errno == EINTR) continue;
    if (count == 0) throw BadCandidate("it took longer than " + std::to_string(seconds) + " s");
    const ssize_t got = read(in, bytes + done, size - done);
    if (got <= 0) throw BadCandidate("it ended before it gave its values");
    done += static_cast<std::size_t>(got);
  }
  return values;
}

std::vector<double> values_of(const fs::path& library, unsigned seconds) {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) fail("cannot make a pipe");
  const pid_t child = fork();
  if (child < 0) fail("cannot start the candidate");
  if (child == 0) call_candidate(library, seconds, ends[1]);
  close(ends[1]);
  std::optional<BadCandidate> problem;
  std::vector<double> values;
  try {
    values = read_values(ends[0], seconds);
  } catch (const BadCandidate& bad) {
    problem = bad;
  }
  close(ends[0]);
  kill(child, SIGKILL);
  waitpid(child, nullptr, 0);
  if (problem) throw *problem;
  return values;
}

double largest_error(const std::vector<double>& values) {
  double largest = 0;
  for (int i = 0; i < kPoints; ++i) {
    const double error = std::abs(values[static_cast<std::size_t>(i)] - std::exp2(point(i)));
    if (!std::isfinite(error)) throw BadCandidate("a value is not a finite number");
    largest = std::max(largest, error);
  }
  return largest;
}

ge::Report evaluate(const ge::Arguments& arguments) {
  const auto seconds = static_cast<unsigned>(arguments.integer("seconds"));
  refuse_library_calls(arguments.program());
  const fs::path library = compile(arguments);
  const auto values = values_of(library, seconds);
  fs::remove(library);
  const double error = largest_error(values);
  ge::Report report;
  report.combined_score = error > 0 ? std::min(kMostDigits, -std::log10(error)) : kMostDigits;
  report.public_metrics.set("largest_error", error);
  return report;
}

}  // namespace

int main(int argc, char** argv) {
  return ge::run(argc, argv,
                 {{"compiler", "g++", "what compiles the candidate"},
                  {"seconds", "10", "that the candidate may take"}},
                 evaluate);
}
