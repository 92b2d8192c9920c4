// A native evaluator: compiles a C++ candidate that approximates 2^x on [0, 1], calls it in a child
// process and scores it by the number of correct decimal digits.
//
//   native_evaluator --program_path P --results_dir D [--compiler g++] [--seconds 10]
//
// The command line, the child and the result files are the helper's (evaluators/cpp). The
// candidate's code only ever runs in the child; what comes back from there is bytes, and the score
// is computed here.
#include <dlfcn.h>
#include <genesis_evaluator/evaluator.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cmath>
#include <cstring>
#include <filesystem>
#include <string>
#include <vector>

namespace {

namespace fs = std::filesystem;
namespace ge = genesis::evaluator;

constexpr int kPoints = 1025;
constexpr double kMostDigits = 16.0;

[[noreturn]] void fail(const std::string& what) {
  throw ge::CannotEvaluate(what + ": " + std::strerror(errno));
}

/// The task is arithmetic: a library's exp2 would be the answer, not an approximation.
void refuse_library_calls(const std::string& source) {
  for (const char* word : {"#", "??", "%:", "__", "asm", "std::"})
    if (source.find(word) != std::string::npos)
      throw ge::BadCandidate(std::string("'") + word + "' is not allowed: arithmetic alone");
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
  if (status != 0) throw ge::BadCandidate("it does not compile; the messages are in the job's log");
  return library;
}

double point(int i) {
  return static_cast<double>(i) / (kPoints - 1);
}

/// In the child: the candidate's values as bytes.
std::string call_candidate(const fs::path& library) {
  void* handle = dlopen(library.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (handle == nullptr) throw ge::BadCandidate("it cannot be loaded");
  const auto function = reinterpret_cast<double (*)(double)>(dlsym(handle, "candidate"));
  if (function == nullptr) throw ge::BadCandidate("it has no function named candidate");
  std::string bytes(kPoints * sizeof(double), '\0');
  for (int i = 0; i < kPoints; ++i) {
    const double value = function(point(i));
    std::memcpy(&bytes[static_cast<std::size_t>(i) * sizeof value], &value, sizeof value);
  }
  return bytes;
}

std::vector<double> values_of(const fs::path& library, std::chrono::seconds time) {
  ge::ChildLimits limits;
  limits.time = time;
  limits.file_size = 0;
  const std::string bytes = ge::call_in_child([&] { return call_candidate(library); }, limits);
  std::vector<double> values(kPoints);
  if (bytes.size() != kPoints * sizeof(double))
    throw ge::BadCandidate("its answer is not " + std::to_string(kPoints) + " numbers");
  std::memcpy(values.data(), bytes.data(), bytes.size());
  return values;
}

double largest_error(const std::vector<double>& values) {
  double largest = 0;
  for (int i = 0; i < kPoints; ++i) {
    const double error = std::abs(values[static_cast<std::size_t>(i)] - std::exp2(point(i)));
    if (!std::isfinite(error)) throw ge::BadCandidate("a value is not a finite number");
    largest = std::max(largest, error);
  }
  return largest;
}

ge::Report evaluate(const ge::Arguments& arguments) {
  const std::chrono::seconds time(arguments.integer("seconds"));
  refuse_library_calls(arguments.program());
  const fs::path library = compile(arguments);
  const auto values = values_of(library, time);
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
