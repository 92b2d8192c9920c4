// A native evaluator: compiles a C++ candidate that approximates 2^x on [0, 1], calls it in a child
// process and scores it by the number of correct decimal digits.
//
//   native_evaluator --program_path P --results_dir D [--compiler g++] [--seconds 10]
//
// It keeps the contract by itself and needs nothing of Genesis: metrics.json and correct.json are
// written under a temporary name and renamed. The candidate's code only ever runs in the child;
// what comes back from there is numbers on a pipe, and the score is computed here.
#include <dlfcn.h>
#include <fcntl.h>
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
#include <fstream>
#include <optional>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

namespace {

namespace fs = std::filesystem;

constexpr int kPoints = 1025;
constexpr double kMostDigits = 16.0;

struct Arguments {
  fs::path program, results;
  std::string compiler = "g++";
  unsigned seconds = 10;  // that the candidate may take
};

/// What a candidate did wrong; anything else that is thrown is a failure of the job.
struct BadCandidate : std::runtime_error {
  using std::runtime_error::runtime_error;
};

[[noreturn]] void fail(const std::string& what) {
  throw std::runtime_error(what + ": " + std::strerror(errno));
}

Arguments parse(int argc, char** argv) {
  Arguments arguments;
  for (int i = 1; i + 1 < argc; i += 2) {
    const std::string name = argv[i];
    if (name == "--program_path") arguments.program = argv[i + 1];
    if (name == "--results_dir") arguments.results = argv[i + 1];
    if (name == "--compiler") arguments.compiler = argv[i + 1];
    if (name == "--seconds") arguments.seconds = static_cast<unsigned>(std::stoul(argv[i + 1]));
  }
  if (arguments.program.empty() || arguments.results.empty())
    throw std::runtime_error("--program_path and --results_dir are needed");
  return arguments;
}

std::string read_text(const fs::path& path) {
  std::ifstream file(path);
  if (!file) fail("cannot read " + path.string());
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
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

fs::path compile(const Arguments& arguments) {
  const fs::path library = fs::absolute(arguments.results) / "candidate.so";
  // -nostdlib: the candidate has no library to call even if it declares one's functions.
  const int status = run({arguments.compiler, "-std=c++20", "-O2", "-shared", "-fPIC", "-nostdlib",
                          "-Wl,-z,defs", "-o", library.string(), arguments.program.string()});
  if (status == 127)
    throw std::runtime_error("the compiler '" + arguments.compiler + "' is missing");
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

void publish(const fs::path& folder, const std::string& name, const std::string& text) {
  const fs::path temporary = folder / ("." + name + ".tmp");
  std::ofstream(temporary) << text;
  fs::rename(temporary, folder / name);
}

void report(const fs::path& results, double digits, double error, const std::string& problem) {
  char metrics[256];
  std::snprintf(metrics, sizeof metrics,
                R"({"combined_score": %.17g, "public": {"largest_error": %.6g}, "private": {}})",
                digits, error);
  publish(results, "metrics.json", metrics);
  publish(results, "correct.json",
          problem.empty() ? R"({"correct": true, "error": null})"
                          : R"({"correct": false, "error": ")" + problem + "\"}");
}

}  // namespace

int main(int argc, char** argv) try {
  const Arguments arguments = parse(argc, argv);
  fs::create_directories(arguments.results);
  try {
    refuse_library_calls(read_text(arguments.program));
    const fs::path library = compile(arguments);
    const auto values = values_of(library, arguments.seconds);
    fs::remove(library);
    const double error = largest_error(values);
    report(arguments.results, error > 0 ? std::min(kMostDigits, -std::log10(error)) : kMostDigits,
           error, "");
  } catch (const BadCandidate& bad) {
    report(arguments.results, 0.0, 0.0, bad.what());
  }
  return 0;
} catch (const std::exception& error) {
  std::fprintf(stderr, "native_evaluator: %s\n", error.what());
  return 1;
}
