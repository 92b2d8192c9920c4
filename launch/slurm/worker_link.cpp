#include "launch/slurm/worker_link.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "genesis/base/files.h"
#include "genesis/base/text.h"
#include "genesis/process/spawn.h"
#include "launch/slurm/line_stream.h"

namespace genesis::launch::slurm {

namespace asio = boost::asio;

namespace {

constexpr std::size_t kLogShown = 600;

struct Pipe {
  Fd read_end;
  Fd write_end;
};

Result<Pipe> make_pipe() {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return errno_error("make", "a pipe", errno);
  Pipe pipe;
  pipe.read_end = Fd(ends[0]);
  pipe.write_end = Fd(ends[1]);
  return pipe;
}

}  // namespace

struct WorkerLink::State : std::enable_shared_from_this<State> {
  void hear(std::string_view line) {
    auto message = parse_from_worker(line);
    if (!message) return fail(message.error().message);
    if (auto* bye = std::get_if<Bye>(&*message)) said_bye = bye->reason;
    const auto called = heard;
    if (called) called(std::move(*message));
  }

  /// It cannot be talked to: whatever it is.
  void fail(const std::string& why) {
    if (pid > 0) ::kill(pid, SIGKILL);
    end(why);
  }

  void child_ended(const process::ChildExit& exit) {
    pid = -1;
    if (lines) lines->drain();
    std::string why = said_bye;
    if (why.empty()) {
      const auto text = read_tail(log, kLogShown);
      why = text ? to_valid_utf8(trim(*text)) : "";
      std::replace(why.begin(), why.end(), '\n', ' ');
    }
    if (why.empty()) {
      why = exit.signalled ? fmt::format("srun was killed by signal {}", exit.signal)
                           : fmt::format("srun ended with code {}", exit.code);
    }
    end(why);
  }

  void end(std::string why) {
    heard = nullptr;
    if (const auto called = std::exchange(ended, nullptr)) called(std::move(why));
    if (lines) lines->close();
  }

  pid_t pid = -1;
  std::filesystem::path log;
  std::string said_bye;
  std::function<void(FromWorker)> heard;
  std::function<void(std::string)> ended;
  std::unique_ptr<LineStream> lines;
};

WorkerLink::WorkerLink(std::shared_ptr<State> state) : state_(std::move(state)) {}

Result<std::unique_ptr<WorkerLink>> WorkerLink::start(
    asio::io_context& io, process::ChildWatcher& watcher, const std::vector<std::string>& argv,
    const Environment& environment, const std::filesystem::path& log, Handlers handlers) {
  GENESIS_TRY_ASSIGN(Pipe input, make_pipe());
  GENESIS_TRY_ASSIGN(Pipe output, make_pipe());
  const auto path = environment.find("PATH");
  process::SpawnSpec spec;
  GENESIS_TRY_ASSIGN(spec.executable,
                     process::find_executable(
                         argv.front(), path == environment.end() ? "/usr/bin:/bin" : path->second));
  spec.argv = argv;
  spec.environment = to_entries(environment);
  spec.stdin_fd = input.read_end.get();
  spec.stdout_fd = output.write_end.get();
  spec.stderr_path = log.string();
  GENESIS_TRY_ASSIGN(process::Child child, process::spawn(spec));
  const auto state = std::make_shared<State>();
  state->pid = child.pid;
  state->log = log;
  state->heard = std::move(handlers.heard);
  state->ended = std::move(handlers.ended);
  watcher.watch(std::move(child),
                [state](const process::ChildExit& exit) { state->child_ended(exit); });
  LineStream::Handlers line_handlers;
  line_handlers.line = [weak = std::weak_ptr<State>(state)](std::string_view line) {
    if (const auto self = weak.lock()) self->hear(line);
  };
  // That its streams end is told by its own end, which says more; a line that never ends is not.
  line_handlers.ended = [weak = std::weak_ptr<State>(state)](const std::string& why) {
    const auto self = weak.lock();
    if (self && why.find("too long") != std::string::npos) self->fail(why);
  };
  state->lines =
      std::make_unique<LineStream>(io, std::move(output.read_end), std::move(input.write_end),
                                   kMostLine, std::move(line_handlers));
  return std::unique_ptr<WorkerLink>(new WorkerLink(state));
}

WorkerLink::~WorkerLink() {
  state_->heard = nullptr;
  state_->ended = nullptr;
  state_->lines->close();
}

void WorkerLink::say(const ToWorker& message) {
  state_->lines->say(encode(message));
}

std::size_t WorkerLink::unsent() const {
  return state_->lines->unsent();
}

void WorkerLink::finish() {
  state_->lines->finish_output();
}

void WorkerLink::drop() {
  state_->heard = nullptr;
  state_->ended = nullptr;
  if (state_->pid > 0) ::kill(state_->pid, SIGKILL);
  state_->lines->close();
}

}  // namespace genesis::launch::slurm
