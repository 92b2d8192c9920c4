#include <fmt/format.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>

#include "genesis/base/fd.h"
#include "genesis/process/cgroup.h"
#include "genesis/process/spawn.h"
#include "launch/local/gpus.h"
#include "launch/local/local_config.h"

namespace genesis::launch {

namespace {

std::string search_path() {
  const char* path = std::getenv("PATH");
  return path != nullptr ? path : "/usr/bin:/bin";
}

DoctorLine check_pidfd() {
  const Fd pidfd(static_cast<int>(::syscall(SYS_pidfd_open, ::getpid(), 0)));
  utsname kernel{};
  ::uname(&kernel);
  DoctorLine line{static_cast<bool>(pidfd), true, "process handles (pidfd)",
                  fmt::format("Linux {}", kernel.release), ""};
  if (!line.ok) line.remedy = "needs Linux 5.4 or newer, and a container that allows pidfd_open";
  return line;
}

DoctorLine check_spawn() {
  DoctorLine line{true, true, "starting processes (clone3)", "works", ""};
  process::SpawnSpec spec;
  spec.executable = "/bin/true";
  spec.argv = {"true"};
  const auto child = process::spawn(spec);
  if (!child) {
    line.ok = false;
    line.found = child.error().message;
    line.remedy = "allow clone in the container's seccomp profile";
    return line;
  }
  siginfo_t info{};
  ::waitid(P_PID, static_cast<id_t>(child->pid), &info, WEXITED);
  if (process::clone3_refused()) line.found = "clone3 is refused here; the older clone works";
  return line;
}

DoctorLine check_cgroups() {
  const process::CgroupSupport support = process::find_cgroups();
  DoctorLine line{support.any(), false, "control groups", "", ""};
  if (!support.any()) {
    line.found = support.reason + "; process trees are ended through the guard all the same";
    line.remedy =
        "for memory limits per job run below a delegated group (systemd-run --user --scope -p "
        "Delegate=yes …)";
    return line;
  }
  line.found = fmt::format("process trees yes, memory limits {}, process limits {}",
                           support.limits_memory() ? "yes" : "per process only",
                           support.limits_processes() ? "yes" : "per user only");
  return line;
}

DoctorLine check_descriptors() {
  rlimit limit{};
  ::getrlimit(RLIMIT_NOFILE, &limit);
  constexpr rlim_t kEnough = 4096;
  DoctorLine line{limit.rlim_max >= kEnough, false, "open files limit",
                  fmt::format("{} (hard {})", limit.rlim_cur, limit.rlim_max), ""};
  if (!line.ok) line.remedy = "ulimit -Hn 4096, or LimitNOFILE= of the service";
  return line;
}

DoctorLine check_python() {
  const auto python = process::find_executable("python3", search_path());
  DoctorLine line{python.has_value(), false, "python3 for evaluators",
                  python ? *python : python.error().message, ""};
  if (!line.ok) line.remedy = "install python3, or set job_config.python_executable";
  return line;
}

DoctorLine list_gpus() {
  const auto gpus = find_gpus(std::getenv("CUDA_VISIBLE_DEVICES"));
  return {true, false, "graphics cards", gpus.empty() ? "none" : std::to_string(gpus.size()), ""};
}

}  // namespace

std::vector<DoctorLine> local_doctor() {
  return {check_pidfd(),       check_spawn(),  check_cgroups(),
          check_descriptors(), check_python(), list_gpus()};
}

}  // namespace genesis::launch
