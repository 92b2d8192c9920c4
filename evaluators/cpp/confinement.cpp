#include "confinement.h"

#include <dirent.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include <csignal>

#include <cerrno>
#include <cstdlib>
#include <fstream>
#include <sstream>
#include <vector>

#include "genesis_evaluator/arguments.h"

namespace genesis::evaluator {
namespace {

// DAC_OVERRIDE and DAC_READ_SEARCH: reading a task's data as root.
constexpr std::uint32_t kKeptCapabilities = (1u << 1) | (1u << 2);

std::vector<int> numbers_in(const char* folder) {
  std::vector<int> numbers;
  DIR* open = opendir(folder);
  if (open == nullptr) return numbers;
  while (const dirent* entry = readdir(open)) {
    char* end = nullptr;
    const long number = std::strtol(entry->d_name, &end, 10);
    if (end != entry->d_name && *end == '\0' && number != dirfd(open))
      numbers.push_back(static_cast<int>(number));
  }
  closedir(open);
  return numbers;
}

pid_t parent_of(pid_t pid) {
  std::ifstream file("/proc/" + std::to_string(pid) + "/stat");
  std::string line;
  std::getline(file, line);
  const std::size_t name_end = line.rfind(')');  // the name may hold anything
  if (name_end == std::string::npos) return -1;
  std::istringstream rest(line.substr(name_end + 1));
  char state = 0;
  pid_t parent = -1;
  rest >> state >> parent;
  return parent;
}

std::set<pid_t> own_children() {
  std::set<pid_t> children;
  siginfo_t info{};
  if (waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) != 0) return children;  // there are none
  for (const int pid : numbers_in("/proc"))
    if (parent_of(pid) == getpid()) children.insert(pid);
  return children;
}

bool drop_capabilities() {
  if (geteuid() != 0) return true;
  for (unsigned long number = 0; number < 64; ++number)
    if (number > 31 || (kKeptCapabilities >> number & 1) == 0)
      prctl(PR_CAPBSET_DROP, number, 0, 0, 0);
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  __user_cap_data_struct data[2] = {};
  if (syscall(SYS_capget, &header, data) != 0) return false;
  data[0].effective &= kKeptCapabilities;
  data[0].permitted &= kKeptCapabilities;
  data[0].inheritable &= kKeptCapabilities;
  data[1] = {};
  return syscall(SYS_capset, &header, data) == 0;
}

void limit(decltype(RLIMIT_CORE) what, std::uint64_t value) {
  const rlimit both{value, value};
  if (setrlimit(what, &both) != 0) _exit(126);
}

}  // namespace

Protection::Protection() : dumpable_(prctl(PR_GET_DUMPABLE, 0, 0, 0, 0)), spared_(own_children()) {
  prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
  prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
}

Protection::~Protection() {
  prctl(PR_SET_CHILD_SUBREAPER, 0, 0, 0, 0);
  if (dumpable_ == 1) prctl(PR_SET_DUMPABLE, 1, 0, 0, 0);
}

void Protection::end_descendants() const {
  using Clock = std::chrono::steady_clock;
  const auto deadline = Clock::now() + std::chrono::seconds(10);
  for (;;) {
    bool some = false;
    for (const pid_t pid : own_children()) {
      if (spared_.contains(pid)) continue;
      some = true;
      kill(pid, SIGKILL);
      while (waitpid(pid, nullptr, 0) < 0 && errno == EINTR) continue;
    }
    if (!some) return;
    if (Clock::now() > deadline)
      throw CannotEvaluate("the candidate starts processes faster than they can be ended");
  }
}

void confine(const ChildLimits& limits, pid_t evaluator, int keep) {
  setsid();
  prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
  if (getppid() != evaluator) _exit(126);
  prctl(PR_SET_DUMPABLE, 1, 0, 0, 0);
  prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
  if (!drop_capabilities()) _exit(126);
  limit(RLIMIT_CORE, 0);
  if (limits.address_space) limit(RLIMIT_AS, *limits.address_space);
  if (limits.file_size) limit(RLIMIT_FSIZE, *limits.file_size);
  for (const int number : {SIGTERM, SIGINT, SIGHUP}) signal(number, SIG_DFL);
  const int nothing = open("/dev/null", O_RDONLY | O_CLOEXEC);
  if (nothing >= 0) dup2(nothing, 0);
  for (const int number : numbers_in("/proc/self/fd"))
    if (number > 2 && number != keep) close(number);
}

}  // namespace genesis::evaluator
