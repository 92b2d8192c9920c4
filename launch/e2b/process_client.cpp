#include "launch/e2b/process_client.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace genesis::launch::e2b {
namespace {

Failure not_the_protocol(const std::string& what, const Error& error) {
  return Failure(FailureKind::broken, fmt::format("{}: {}", what, error.message));
}

/// A command's events until its end.
class EventStream final : public CommandStream {
 public:
  EventStream(std::unique_ptr<MessageStream> stream, std::int64_t pid)
      : stream_(std::move(stream)), pid_(pid) {}

  std::int64_t pid() const override { return pid_; }

  Awaitable<Outcome<CommandPiece>> next() override {
    for (;;) {
      auto message = co_await stream_->next();
      if (!message) co_return tl::unexpected<Failure>(message.error());
      if (!*message) {
        co_return fail(FailureKind::broken,
                       stream_->what() + ": the stream ended without the command's end");
      }
      auto event = parse_process_event(**message);
      if (!event) {
        co_return tl::unexpected<Failure>(not_the_protocol(stream_->what(), event.error()));
      }
      if (event->kind == ProcessEvent::Kind::start || event->kind == ProcessEvent::Kind::other) {
        continue;
      }
      CommandPiece piece;
      piece.kind = kind_of(event->kind);
      piece.bytes = std::move(event->bytes);
      piece.end = std::move(event->end);
      if (piece.kind == CommandPiece::Kind::end) co_await stream_->finish();
      co_return piece;
    }
  }

 private:
  static CommandPiece::Kind kind_of(ProcessEvent::Kind kind) {
    switch (kind) {
      case ProcessEvent::Kind::output:
        return CommandPiece::Kind::output;
      case ProcessEvent::Kind::error_output:
        return CommandPiece::Kind::error_output;
      case ProcessEvent::Kind::terminal:
        return CommandPiece::Kind::terminal;
      default:
        return CommandPiece::Kind::end;
    }
  }

  std::unique_ptr<MessageStream> stream_;
  std::int64_t pid_;
};

void append(std::string& to, const std::string& bytes, std::size_t limit, bool& truncated) {
  const std::size_t room = limit - std::min(limit, to.size());
  to.append(bytes, 0, room);
  truncated = truncated || bytes.size() > room;
}

}  // namespace

Awaitable<Outcome<std::unique_ptr<CommandStream>>> ProcessClient::begun(
    std::unique_ptr<MessageStream> stream) {
  for (;;) {
    auto message = co_await stream->next();
    if (!message) co_return tl::unexpected<Failure>(message.error());
    if (!*message) {
      co_return fail(FailureKind::broken,
                     stream->what() + ": the stream ended before the command began");
    }
    auto event = parse_process_event(**message);
    if (!event) {
      co_return tl::unexpected<Failure>(not_the_protocol(stream->what(), event.error()));
    }
    if (event->kind == ProcessEvent::Kind::other) continue;
    if (event->kind != ProcessEvent::Kind::start) {
      co_return fail(FailureKind::broken,
                     stream->what() + ": the stream does not begin with the command's start");
    }
    co_return std::make_unique<EventStream>(std::move(stream), event->pid);
  }
}

Awaitable<Outcome<std::unique_ptr<CommandStream>>> ProcessClient::start(
    SandboxHandle sandbox, RemoteCommand command, std::optional<TerminalSize> terminal) {
  if (command.argv.empty()) co_return fail(FailureKind::refused, "start a command: it is empty");
  std::string what = fmt::format("run '{}' in sandbox {}", command.argv.front(), sandbox.id);
  const std::string method = "process.Process/Start";
  std::string message = start_message(command, terminal);
  auto stream = co_await calls_.stream(std::move(sandbox), method, std::move(message), command.user,
                                       command.time_limit, std::move(what));
  if (!stream) co_return tl::unexpected<Failure>(stream.error());
  co_return co_await begun(std::move(*stream));
}

Awaitable<Outcome<std::unique_ptr<CommandStream>>> ProcessClient::follow(SandboxHandle sandbox,
                                                                         std::int64_t pid) {
  std::string what = fmt::format("follow process {} in sandbox {}", pid, sandbox.id);
  const std::string method = "process.Process/Connect";
  std::string message = selector_message(pid);
  const std::string user;
  auto stream = co_await calls_.stream(std::move(sandbox), method, std::move(message), user,
                                       std::nullopt, std::move(what));
  if (!stream) co_return tl::unexpected<Failure>(stream.error());
  co_return co_await begun(std::move(*stream));
}

Awaitable<Outcome<CommandAnswer>> ProcessClient::run(SandboxHandle sandbox, RemoteCommand command,
                                                     std::size_t limit) {
  auto stream = co_await start(std::move(sandbox), std::move(command), std::nullopt);
  if (!stream) co_return tl::unexpected<Failure>(stream.error());
  CommandAnswer answer;
  for (;;) {
    auto piece = co_await (*stream)->next();
    if (!piece) co_return tl::unexpected<Failure>(piece.error());
    if (piece->kind == CommandPiece::Kind::end) {
      answer.end = std::move(piece->end);
      co_return answer;
    }
    const bool is_error = piece->kind == CommandPiece::Kind::error_output;
    append(is_error ? answer.error_output : answer.output, piece->bytes, limit, answer.truncated);
  }
}

Awaitable<Outcome<bool>> ProcessClient::signal(SandboxHandle sandbox, std::int64_t pid, bool kill) {
  std::string what = fmt::format("end process {} in sandbox {}", pid, sandbox.id);
  const std::string method = "process.Process/SendSignal";
  std::string message = signal_message(pid, kill);
  const std::string user;
  auto answer =
      co_await calls_.unary(std::move(sandbox), method, std::move(message), user, std::move(what));
  if (answer) co_return true;
  if (answer.error().kind == FailureKind::not_found) co_return false;
  co_return tl::unexpected<Failure>(answer.error());
}

Awaitable<Outcome<std::vector<RemoteProcess>>> ProcessClient::list(SandboxHandle sandbox) {
  std::string what = fmt::format("list the commands of sandbox {}", sandbox.id);
  const std::string method = "process.Process/List";
  std::string message = "{}";
  const std::string user;
  auto answer = co_await calls_.unary(std::move(sandbox), method, std::move(message), user, what);
  if (!answer) co_return tl::unexpected<Failure>(answer.error());
  auto processes = parse_process_list(*answer);
  if (!processes) co_return tl::unexpected<Failure>(not_the_protocol(what, processes.error()));
  co_return std::move(*processes);
}

Awaitable<Outcome<void>> ProcessClient::send_input(SandboxHandle sandbox, std::int64_t pid,
                                                   std::string bytes, bool to_terminal) {
  std::string what = fmt::format("give input to process {} in sandbox {}", pid, sandbox.id);
  const std::string method = "process.Process/SendInput";
  std::string message = input_message(pid, bytes, to_terminal);
  const std::string user;
  auto answer =
      co_await calls_.unary(std::move(sandbox), method, std::move(message), user, std::move(what));
  if (!answer) co_return tl::unexpected<Failure>(answer.error());
  co_return Outcome<void>();
}

Awaitable<Outcome<void>> ProcessClient::close_input(SandboxHandle sandbox, std::int64_t pid) {
  std::string what = fmt::format("end the input of process {} in sandbox {}", pid, sandbox.id);
  if (!agent_is_at_least(sandbox, 0, 5, 2)) {
    co_return fail(FailureKind::refused,
                   fmt::format("{}: its agent {} cannot; a template made anew could", what,
                               sandbox.agent_version));
  }
  const std::string method = "process.Process/CloseStdin";
  std::string message = selector_message(pid);
  const std::string user;
  auto answer =
      co_await calls_.unary(std::move(sandbox), method, std::move(message), user, std::move(what));
  if (!answer) co_return tl::unexpected<Failure>(answer.error());
  co_return Outcome<void>();
}

Awaitable<Outcome<void>> ProcessClient::resize(SandboxHandle sandbox, std::int64_t pid,
                                               TerminalSize size) {
  std::string what = fmt::format("resize the terminal of process {}", pid);
  const std::string method = "process.Process/Update";
  std::string message = resize_message(pid, size);
  const std::string user;
  auto answer =
      co_await calls_.unary(std::move(sandbox), method, std::move(message), user, std::move(what));
  if (!answer) co_return tl::unexpected<Failure>(answer.error());
  co_return Outcome<void>();
}

}  // namespace genesis::launch::e2b
