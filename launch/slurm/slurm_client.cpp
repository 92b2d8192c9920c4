#include "launch/slurm/slurm_client.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <pwd.h>
#include <signal.h>
#include <unistd.h>

#include <array>
#include <boost/asio/buffer.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <set>
#include <utility>

#include "genesis/base/fd.h"
#include "genesis/base/text.h"
#include "genesis/process/child_watcher.h"
#include "genesis/process/spawn.h"

namespace genesis::launch::slurm {

namespace asio = boost::asio;

namespace {

/// A queue of a hundred thousand jobs of one user is some 10 MB.
constexpr std::size_t kMostOutput = 64u << 20;

/// One end of a pipe, read to its end.
class Stream {
 public:
  explicit Stream(asio::io_context& io) : descriptor_(io) {}

  /// The end that the command writes to.
  Result<Fd> open() {
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC | O_NONBLOCK) != 0) return errno_error("make", "a pipe", errno);
    descriptor_.assign(ends[0]);
    Fd write_end(ends[1]);
    ::fcntl(write_end.get(), F_SETFL, 0);  // Programs expect that writing blocks.
    return write_end;
  }
  template <typename Owner>
  void read_more(std::shared_ptr<Owner> owner) {
    descriptor_.async_read_some(
        asio::buffer(buffer_),
        [this, owner](const boost::system::error_code& ended, std::size_t got) {
          if (ended) return;
          keep(got);
          read_more(owner);
        });
  }
  /// What is still in the pipe when the command has ended.
  void drain() {
    boost::system::error_code ignored;
    descriptor_.cancel(ignored);
    while (descriptor_.is_open()) {
      const ssize_t got = ::read(descriptor_.native_handle(), buffer_.data(), buffer_.size());
      if (got <= 0) break;
      keep(static_cast<std::size_t>(got));
    }
    close();
  }
  void close() {
    boost::system::error_code ignored;
    if (descriptor_.is_open()) descriptor_.close(ignored);
  }
  std::string text;

 private:
  void keep(std::size_t got) {
    const std::size_t room = kMostOutput - std::min(kMostOutput, text.size());
    text.append(buffer_.data(), std::min(room, got));
  }
  asio::posix::stream_descriptor descriptor_;
  std::array<char, 16384> buffer_{};
};

/// One command that runs.
struct Call : std::enable_shared_from_this<Call> {
  explicit Call(asio::io_context& io) : output(io), deadline(io) {}

  Stream output;
  asio::steady_timer deadline;
  SlurmClient::Handler done;
  pid_t pid = -1;
  bool late = false;
};

}  // namespace

struct SlurmClient::State : std::enable_shared_from_this<State> {
  State(asio::io_context& context, Environment variables, std::chrono::milliseconds time)
      : io(context), environment(std::move(variables)), patience(time), watcher(context) {}

  Status start(const std::shared_ptr<Call>& call, std::vector<std::string> argv) {
    const auto path = environment.find("PATH");
    process::SpawnSpec spec;
    GENESIS_TRY_ASSIGN(
        spec.executable,
        process::find_executable(argv.front(),
                                 path == environment.end() ? "/usr/bin:/bin" : path->second));
    GENESIS_TRY_ASSIGN(const Fd output, call->output.open());
    spec.argv = std::move(argv);
    spec.environment = to_entries(environment);
    spec.stdout_fd = output.get();
    // Answers are told from complaints by their form: sites' plugins put both on either.
    spec.stderr_to_stdout = true;
    spec.parent_death_signal = SIGKILL;
    GENESIS_TRY_ASSIGN(process::Child child, process::spawn(spec));
    call->pid = child.pid;
    watcher.watch(std::move(child),
                  [weak = weak_from_this(), call](const process::ChildExit& exit) {
                    if (const auto self = weak.lock()) self->ended(call, exit);
                  });
    call->deadline.expires_after(patience);
    call->deadline.async_wait([call](const boost::system::error_code& stopped) {
      if (stopped || call->pid <= 0) return;
      call->late = true;
      ::kill(call->pid, SIGKILL);
    });
    call->output.read_more(call);
    return {};
  }

  void ended(const std::shared_ptr<Call>& call, const process::ChildExit& exit) {
    call->pid = -1;
    call->deadline.cancel();
    call->output.drain();
    calls.erase(call);
    CommandEnd end;
    end.ended = !call->late && !exit.signalled;
    end.code = exit.code;
    end.output = std::move(call->output.text);
    if (call->done) std::exchange(call->done, nullptr)(std::move(end));
  }

  asio::io_context& io;
  Environment environment;
  std::chrono::milliseconds patience;
  process::ChildWatcher watcher;
  std::set<std::shared_ptr<Call>> calls;
  std::size_t count = 0;
};

SlurmClient::SlurmClient(asio::io_context& io, Environment environment,
                         std::chrono::milliseconds deadline)
    : state_(std::make_shared<State>(io, std::move(environment), deadline)) {}

SlurmClient::~SlurmClient() {
  close();
}

void SlurmClient::run(std::vector<std::string> argv, Handler done) {
  const auto call = std::make_shared<Call>(state_->io);
  call->done = std::move(done);
  ++state_->count;
  const Status started = state_->start(call, std::move(argv));
  if (started) {
    state_->calls.insert(call);
    return;
  }
  asio::post(state_->io, [call, why = started.error().message] {
    CommandEnd end;
    end.ended = true;
    end.code = 127;
    end.output = why;
    if (call->done) std::exchange(call->done, nullptr)(std::move(end));
  });
}

std::size_t SlurmClient::commands() const {
  return state_->count;
}

void SlurmClient::close() {
  for (const auto& call : std::exchange(state_->calls, {})) {
    call->done = nullptr;
    call->deadline.cancel();
    call->output.close();
    if (call->pid > 0) ::kill(call->pid, SIGKILL);
  }
}

CommandFailure failure_of(const std::string& command, const CommandEnd& end) {
  CommandFailure failure;
  if (!end.ended) {
    failure.kind = FailureKind::unreachable;
    const std::string said = failure_text(end.output);
    failure.text = command + " did not end in time" + (said.empty() ? "" : ": " + said);
    return failure;
  }
  failure.kind = failure_kind(end.output);
  const std::string said = failure_text(end.output);
  failure.text = fmt::format("{}: {}", command,
                             said.empty() ? fmt::format("it ended with code {}", end.code) : said);
  const std::string advice = refusal_advice(end.output);
  if (!advice.empty()) failure.text += fmt::format(" ({})", advice);
  return failure;
}

std::string user_name() {
  const passwd* entry = ::getpwuid(::getuid());
  return entry == nullptr ? std::to_string(::getuid()) : entry->pw_name;
}

Environment command_environment(const Environment& source,
                                const std::vector<std::string>& passthrough) {
  Environment environment = allowed_environment(source, passthrough);
  std::erase_if(environment, [](const auto& entry) {
    const std::string& name = entry.first;
    return name.starts_with("SLURM_") || name.starts_with("SBATCH_") ||
           name.starts_with("SQUEUE_") || name.starts_with("SACCT_") ||
           name.starts_with("SCANCEL_") || name.starts_with("SALLOC_");
  });
  if (const auto conf = source.find("SLURM_CONF"); conf != source.end()) {
    environment.insert(*conf);
  }
  // Messages are read: in one language. What this changes for jobs is what their language is named.
  environment["LC_ALL"] = "C.UTF-8";
  return environment;
}

}  // namespace genesis::launch::slurm
