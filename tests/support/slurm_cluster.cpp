#include "slurm_cluster.h"

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <stdexcept>

#include "genesis/base/home.h"
#include "genesis/process/spawn.h"

extern char** environ;

namespace genesis {

namespace {

Fd write_end_of_pipe(Fd& read_end) {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) throw std::runtime_error("no pipe");
  read_end = Fd(ends[0]);
  return Fd(ends[1]);
}

}  // namespace

SlurmCluster::SlurmCluster(const std::vector<std::string>& options) {
  const char* path = std::getenv("PATH");
  process::SpawnSpec spec;
  spec.executable = value_or_throw(process::find_executable("python3", path ? path : "/usr/bin"));
  const auto home = value_or_throw(home_directory());
  spec.argv = {"python3", (home / "tests" / "support" / "slurm_cluster.py").string()};
  spec.argv.insert(spec.argv.end(), options.begin(), options.end());
  for (char** entry = environ; *entry != nullptr; ++entry) spec.environment.emplace_back(*entry);
  Fd child_input;
  input_ = write_end_of_pipe(child_input);
  Fd child_output = write_end_of_pipe(output_);
  spec.stdin_fd = child_input.get();
  spec.stdout_fd = child_output.get();
  pid_ = value_or_throw(process::spawn(spec)).pid;
  child_input.reset();
  child_output.reset();
  const auto ready = nlohmann::json::parse(read_line(), nullptr, false);
  unavailable_ = ready.value("unavailable", "");
  if (!unavailable_.empty()) return;
  if (!ready.contains("conf")) throw std::runtime_error("start the cluster: " + ready.dump());
  ::setenv("SLURM_CONF", ready["conf"].get<std::string>().c_str(), 1);
}

SlurmCluster::~SlurmCluster() {
  input_.reset();
  while (pid_ > 0 && ::waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) {
  }
}

std::string SlurmCluster::tell(const std::string& command) {
  const std::string line = command + "\n";
  if (::write(input_.get(), line.data(), line.size()) != static_cast<ssize_t>(line.size())) {
    throw std::runtime_error("the cluster's program has gone");
  }
  return read_line();
}

std::string SlurmCluster::read_line() {
  while (unread_.find('\n') == std::string::npos) {
    char buffer[4096];
    const ssize_t got = ::read(output_.get(), buffer, sizeof buffer);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) throw std::runtime_error("the cluster's program has gone");
    unread_.append(buffer, static_cast<std::size_t>(got));
  }
  const std::size_t end = unread_.find('\n');
  std::string line = unread_.substr(0, end);
  unread_.erase(0, end + 1);
  return line;
}

}  // namespace genesis
