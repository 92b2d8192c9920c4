#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>

#include "genesis/base/fd.h"
#include "genesis/base/files.h"
#include "genesis/base/text.h"
#include "genesis/process/spawn.h"
#include "launch/environment.h"

namespace genesis::launch {

namespace {

/// Ends and reaps a shell on every way out.
class ShellProcess {
 public:
  explicit ShellProcess(process::Child child) : child_(std::move(child)) {}
  ~ShellProcess() {
    if (reaped_) return;
    ::kill(-child_.pid, SIGKILL);
    wait();
  }
  ShellProcess(const ShellProcess&) = delete;
  ShellProcess& operator=(const ShellProcess&) = delete;

  bool wait_for(int timeout_ms) {
    pollfd ready{child_.pidfd.get(), POLLIN, 0};
    int result = 0;
    do {
      result = ::poll(&ready, 1, timeout_ms);
    } while (result < 0 && errno == EINTR);
    return result == 1;
  }
  int wait() {
    int status = 0;
    while (::waitpid(child_.pid, &status, 0) < 0 && errno == EINTR) {
    }
    reaped_ = true;
    return status;
  }

 private:
  process::Child child_;
  bool reaped_ = false;
};

/// "'it'\''s'": one word for the shell, whatever it holds.
std::string quoted(const std::string& text) {
  std::string result = "'";
  for (const char c : text) {
    if (c == '\'') {
      result += "'\\''";
    } else {
      result += c;
    }
  }
  return result + "'";
}

std::string last_lines(const fs::path& log) {
  const auto tail = read_tail(log, 600);
  return tail ? std::string(trim(*tail)) : std::string();
}

}  // namespace

std::string conda_activation(const std::string& conda_env) {
  return fmt::format(
      "hook=''\n"
      "for tool in \"$CONDA_EXE\" conda mamba \"$HOME/miniconda3/bin/conda\" "
      "\"$HOME/miniforge3/bin/conda\" \"$HOME/anaconda3/bin/conda\" /opt/conda/bin/conda; do\n"
      "  if [ -n \"$tool\" ] && command -v \"$tool\" >/dev/null 2>&1; then\n"
      "    hook=\"$(\"$tool\" shell.bash hook)\" && break\n"
      "  fi\n"
      "done\n"
      "if [ -z \"$hook\" ]; then echo 'conda was not found (PATH, CONDA_EXE, ~/miniconda3)' >&2; "
      "exit 3; fi\n"
      "eval \"$hook\"\n"
      "conda activate {} || exit 4\n",
      quoted(conda_env));
}

std::string script_activation(const std::string& activate_script) {
  const std::string path = fs::absolute(activate_script).string();
  return fmt::format(
      "if [ ! -r {0} ]; then echo \"cannot read the file\" {0} >&2; exit 3; fi\n. {0} || exit 4\n",
      quoted(path));
}

Result<Environment> environment_after(const std::string& script, const Environment& base,
                                      int deadline_seconds) {
  const TempDir scratch("genesis-activate");
  const fs::path output = scratch.path() / "environment";
  process::SpawnSpec shell;
  const auto path = base.find("PATH");
  GENESIS_TRY_ASSIGN(
      shell.executable,
      process::find_executable("bash", path != base.end() ? path->second : "/usr/bin:/bin"));
  // The environment goes to a file of its own: scripts may print what they like.
  shell.argv = {"bash", "--noprofile", "--norc", "-c",
                script + fmt::format("command env -0 > {}\n", quoted(output.string()))};
  shell.environment = to_entries(base);
  shell.stdout_path = (scratch.path() / "out").string();
  shell.stderr_path = (scratch.path() / "err").string();
  auto child = process::spawn(shell);
  if (!child)
    return tl::unexpected(std::move(child.error()).with_context("activate the environment"));
  ShellProcess running(std::move(*child));
  if (!running.wait_for(deadline_seconds * 1000)) {
    return make_error(ErrorKind::timeout,
                      fmt::format("activate the environment: not done after {} s; it wrote: {}",
                                  deadline_seconds, last_lines(shell.stderr_path)));
  }
  const int status = running.wait();
  if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
    return make_error(
        ErrorKind::invalid_argument,
        fmt::format("activate the environment: {} (check conda_env or activate_script)",
                    last_lines(shell.stderr_path)));
  }
  GENESIS_TRY_ASSIGN(const std::string text, read_file(output));
  Environment result;
  for (const std::string_view entry : split(text, '\0')) {
    const std::size_t equals = entry.find('=');
    if (equals == 0 || equals == std::string_view::npos) continue;
    const std::string_view name = entry.substr(0, equals);
    if (name == "_" || name == "SHLVL" || name == "PWD" || name == "OLDPWD") continue;
    result.emplace(name, entry.substr(equals + 1));
  }
  return result;
}

}  // namespace genesis::launch
