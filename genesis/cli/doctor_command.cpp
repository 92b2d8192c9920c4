#include <fmt/format.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <thread>
#include <vector>

#include "evaluators/command_planner.h"
#include "genesis/base/files.h"
#include "genesis/base/home.h"
#include "genesis/base/text.h"
#include "genesis/cli/commands.h"
#include "launch/command.h"
#include "launch/registry.h"

namespace genesis::cli {
namespace {

using launch::DoctorLine;

constexpr std::uint64_t kLowOnSpace = 1ull << 30;
constexpr rlim_t kFewDescriptors = 1024;

DoctorLine check_home() {
  DoctorLine line{true, true, "program data", "", ""};
  if (const auto home = home_directory()) {
    line.found = home->string();
  } else {
    line.ok = false;
    line.found = "not found";
    line.remedy = home.error().message;
  }
  return line;
}

DoctorLine check_python() {
  DoctorLine line{true, false, "python", "", ""};
  if (const auto python = evaluators::find_python("")) {
    line.found = *python;
  } else {
    line.ok = false;
    line.found = "not found";
    line.remedy = python.error().message + " (only tasks with a Python evaluator need it)";
  }
  return line;
}

DoctorLine check_space() {
  const fs::path here = fs::exists("results") ? "results" : ".";
  DoctorLine line{true, false, "disk space", "", ""};
  const auto space = free_space(here);
  if (!space) {
    return {false, false, "disk space", "unknown", space.error().message};
  }
  line.found =
      fmt::format("{} free at {}", format_bytes(space->bytes), fs::absolute(here).string());
  if (space->bytes < kLowOnSpace) {
    line.ok = false;
    line.remedy = "runs pause when the disk is nearly full: free some space, or set output_dir";
  }
  return line;
}

DoctorLine check_file_system() {
  if (!is_network_file_system(".")) return {true, false, "file system", "local", ""};
  return {false, false, "file system", "network",
          "the store is slower here: db_config.store_dir=… puts it on a local disk"};
}

DoctorLine check_descriptors() {
  rlimit limit{};
  ::getrlimit(RLIMIT_NOFILE, &limit);
  DoctorLine line{true, false, "open files", fmt::format("limit {}", limit.rlim_max), ""};
  if (limit.rlim_max < kFewDescriptors) {
    line.ok = false;
    line.remedy =
        fmt::format("raise it (ulimit -n {}) for many evaluations at a time", kFewDescriptors);
  }
  return line;
}

DoctorLine check_processors() {
  return {true, false, "processors", fmt::format("{}", std::thread::hardware_concurrency()), ""};
}

/// Prints one line; true when it is a required check that failed.
bool print_line(const DoctorLine& line) {
  const char* verdict = line.ok ? "ok  " : line.required ? "FAIL" : "warn";
  fmt::print("  {}  {:<26} {}\n", verdict, line.what, line.found);
  if (!line.ok && !line.remedy.empty()) fmt::print("        {}\n", line.remedy);
  return !line.ok && line.required;
}

}  // namespace

Outcome run_doctor(const std::string& part) {
  std::vector<std::string> parts{"machine"};
  for (const launch::Backend* backend : launch::all_backends()) parts.push_back(backend->name);
  for (const launch::Command& command : launch::all_commands()) {
    if (command.doctor) parts.push_back(command.name);
  }
  if (!part.empty() && std::find(parts.begin(), parts.end(), part) == parts.end()) {
    return make_error(ErrorKind::invalid_argument,
                      fmt::format("nothing to check is called '{}'{}; there are {}", part,
                                  did_you_mean(part, parts), join(parts, ", ")));
  }
  const auto wanted = [&](const std::string& name) { return part.empty() || part == name; };
  int failures = 0;
  if (wanted("machine")) {
    fmt::print("this machine\n");
    for (const DoctorLine& line : {check_home(), check_python(), check_space(), check_file_system(),
                                   check_descriptors(), check_processors()}) {
      failures += print_line(line) ? 1 : 0;
    }
  }
  for (const launch::Backend* backend : launch::all_backends()) {
    if (!wanted(backend->name)) continue;
    fmt::print("{}: {}\n", backend->name, backend->summary);
    if (!backend->doctor) continue;
    for (const DoctorLine& line : backend->doctor()) failures += print_line(line) ? 1 : 0;
  }
  for (const launch::Command& command : launch::all_commands()) {
    if (!command.doctor || !wanted(command.name)) continue;
    fmt::print("{}: {}\n", command.name, command.summary);
    for (const DoctorLine& line : command.doctor()) failures += print_line(line) ? 1 : 0;
  }
  if (failures == 0) {
    fmt::print("Everything that is required is there.\n");
    return ExitCode::ok;
  }
  fmt::print("{} required check{} failed.\n", failures, failures == 1 ? "" : "s");
  return ExitCode::failed;
}

}  // namespace genesis::cli
