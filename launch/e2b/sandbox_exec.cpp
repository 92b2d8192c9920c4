#include <fmt/format.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include <array>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <cerrno>
#include <cstdio>
#include <memory>
#include <utility>

#include "launch/e2b/sandbox_cli.h"
#include "launch/e2b/sandbox_command.h"

namespace genesis::launch::e2b {

namespace asio = boost::asio;

namespace {

constexpr const char* kExamples =
    R"(  genesis sandbox exec ID 'ls -la | head'              one word: a login shell's command
  genesis sandbox exec ID -- python3 -c 'print(1)'     several words: a program and its arguments
  genesis sandbox exec -i ID -- wc -c < file           what comes in here goes in there
  genesis sandbox exec -t ID                           a shell with a terminal

Ends with the command's own exit code; 128 and more: a signal ended it, or its connection was lost.)";

constexpr std::chrono::seconds kStays{300};

struct ExecOptions {
  std::string id;
  RemoteCommand command;
  std::vector<std::string> words;
  bool interactive = false;
  bool terminal = false;
};

bool write_all(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t count = ::write(fd, bytes.data(), bytes.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(count));
  }
  return true;
}

/// This terminal's letters as they are typed, as long as it lives.
class RawTerminal {
 public:
  RawTerminal() {
    if (::tcgetattr(STDIN_FILENO, &before_) != 0) return;
    termios raw = before_;
    ::cfmakeraw(&raw);
    changed_ = ::tcsetattr(STDIN_FILENO, TCSANOW, &raw) == 0;
  }
  ~RawTerminal() {
    if (changed_) ::tcsetattr(STDIN_FILENO, TCSANOW, &before_);
  }
  RawTerminal(const RawTerminal&) = delete;
  RawTerminal& operator=(const RawTerminal&) = delete;

 private:
  termios before_{};
  bool changed_ = false;
};

TerminalSize terminal_size() {
  winsize size{};
  TerminalSize made;
  if (::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 && size.ws_row > 0) {
    made.columns = size.ws_col;
    made.rows = size.ws_row;
  }
  return made;
}

/// What passes between here and a command, until one of them ends.
struct Passage {
  Passage(asio::io_context& loop, HttpProvider& to, SandboxHandle handle, std::int64_t process)
      : io(loop), provider(to), sandbox(std::move(handle)), pid(process) {}

  asio::io_context& io;
  HttpProvider& provider;
  SandboxHandle sandbox;
  std::int64_t pid;
  bool terminal = false;
};

/// Standard input of ours into the command's. Files have no readiness: those are read at once.
Awaitable<void> pass_input(std::shared_ptr<Passage> passage) {
  asio::posix::stream_descriptor input(passage->io);
  boost::system::error_code is_a_file;
  input.assign(::dup(STDIN_FILENO), is_a_file);
  std::array<char, 16384> piece;
  for (;;) {
    std::size_t count = 0;
    if (is_a_file) {
      const ssize_t got = ::read(STDIN_FILENO, piece.data(), piece.size());
      count = got > 0 ? static_cast<std::size_t>(got) : 0;
    } else {
      boost::system::error_code failure;
      const auto room = asio::buffer(piece);
      count =
          co_await input.async_read_some(room, asio::redirect_error(asio::use_awaitable, failure));
      if (failure == asio::error::operation_aborted) co_return;
    }
    if (count == 0) break;
    std::string bytes(piece.data(), count);
    const auto sent = co_await passage->provider.processes().send_input(
        passage->sandbox, passage->pid, std::move(bytes), passage->terminal);
    if (!sent) co_return;  // The command does not read any more; its stream tells its end.
  }
  if (passage->terminal) co_return;
  const auto closed =
      co_await passage->provider.processes().close_input(passage->sandbox, passage->pid);
  if (!closed) fmt::print(stderr, "genesis: {}\n", closed.error().message);
}

Awaitable<void> pass_size(std::shared_ptr<Passage> passage) {
  asio::signal_set changes(passage->io, SIGWINCH);
  for (;;) {
    co_await changes.async_wait(asio::use_awaitable);
    const TerminalSize size = terminal_size();
    static_cast<void>(
        co_await passage->provider.processes().resize(passage->sandbox, passage->pid, size));
  }
}

int code_of(const CommandEnd& end) {
  if (end.exited && end.exit_code >= 0) return end.exit_code & 0xff;
  fmt::print(stderr, "genesis: the command was ended: {}\n", end.status);
  return 128;
}

Awaitable<Result<int>> pass_output(CommandStream& stream) {
  for (;;) {
    auto piece = co_await stream.next();
    if (!piece) co_return tl::unexpected<Error>(to_error(piece.error()));
    if (piece->kind == CommandPiece::Kind::end) co_return code_of(piece->end);
    const bool is_error = piece->kind == CommandPiece::Kind::error_output;
    if (!write_all(is_error ? STDERR_FILENO : STDOUT_FILENO, piece->bytes)) {
      co_return 128 + SIGPIPE;
    }
  }
}

void complete(ExecOptions& given) {
  RemoteCommand& command = given.command;
  command.wants_stdin = given.interactive;
  if (given.terminal) {
    command.argv = {"/bin/bash", "-i", "-l"};
    command.environment.emplace("TERM", "xterm-256color");
    command.environment.emplace("LANG", "C.UTF-8");
    command.environment.emplace("LC_ALL", "C.UTF-8");
  }
  if (given.words.size() == 1 && !given.terminal) {
    command.argv = {"/bin/bash", "-l", "-c", given.words.front()};
  } else if (!given.words.empty()) {
    command.argv = given.words;
  }
}

Awaitable<Result<int>> execute(std::shared_ptr<ExecOptions> given, asio::io_context& io,
                               HttpProvider& provider) {
  auto sandbox = co_await provider.connect(given->id, kStays);
  if (!sandbox) co_return tl::unexpected<Error>(to_error(sandbox.error()));
  std::optional<TerminalSize> size;
  if (given->terminal) size = terminal_size();
  auto stream = co_await provider.processes().start(*sandbox, given->command, size);
  if (!stream) co_return tl::unexpected<Error>(to_error(stream.error()));
  const auto passage = std::make_shared<Passage>(io, provider, *sandbox, (*stream)->pid());
  passage->terminal = given->terminal;
  asio::cancellation_signal enough_input;
  asio::cancellation_signal enough_sizes;
  std::optional<RawTerminal> raw;
  if (given->terminal) raw.emplace();
  if (given->interactive || given->terminal) {
    asio::co_spawn(io, pass_input(passage),
                   asio::bind_cancellation_slot(enough_input.slot(), asio::detached));
  }
  if (given->terminal) {
    asio::co_spawn(io, pass_size(passage),
                   asio::bind_cancellation_slot(enough_sizes.slot(), asio::detached));
  }
  const auto code = co_await pass_output(**stream);
  enough_input.emit(asio::cancellation_type::terminal);
  enough_sizes.emit(asio::cancellation_type::terminal);
  co_return code;
}

}  // namespace

Command exec_command() {
  const auto given = std::make_shared<ExecOptions>();
  Command command;
  command.name = "exec";
  command.summary = "Run a command in a sandbox; its output and exit code are this one's";
  command.examples = kExamples;
  command.options = {
      {"--interactive,-i", "", "What comes on standard input goes to the command's",
       set_flag(given->interactive)},
      {"--tty,-t", "", "A terminal; without a command: a shell in it", set_flag(given->terminal)},
      {"--user", "NAME", "As whom; else the template's user", text_into(given->command.user)},
      {"--cwd", "DIR", "Where; else the user's home", text_into(given->command.cwd)},
      {"--env", "KEY=VALUE", "A variable for it; may be repeated",
       pair_into(given->command.environment)},
      {"--timeout", "TIME", "End it after so long, like 90 or 10m; never by default",
       [given](const std::string& value) -> Status {
         std::chrono::seconds limit{0};
         GENESIS_TRY(seconds_into(limit)(value));
         given->command.time_limit = limit;
         return {};
       }},
  };
  command.arguments = {{"SANDBOX", "Its id", true, false, text_into(given->id)},
                       {"COMMAND", "What to run, behind `--` when it has options", false, true,
                        [given](const std::string& word) -> Status {
                          given->words.push_back(word);
                          return {};
                        }}};
  command.run = [given]() -> Result<int> {
    if (given->words.empty() && !given->terminal) {
      return make_error(ErrorKind::invalid_argument, "exec: which command? (with --tty, a shell)");
    }
    complete(*given);
    return with_provider([given](asio::io_context& io, HttpProvider& provider) {
      return execute(given, io, provider);
    });
  };
  return command;
}

}  // namespace genesis::launch::e2b
