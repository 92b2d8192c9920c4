#include "launch/sandbox_server/envd/process_service.h"

#include <signal.h>

#include <array>

#include "launch/sandbox_server/envd/connect_frames.h"
#include "launch/sandbox_server/envd/paths.h"
#include "launch/sandbox_server/envd/process_messages.h"
#include "launch/sandbox_server/envd/rpc_call.h"

namespace genesis::envd {

namespace asio = boost::asio;
using std::chrono::steady_clock;

namespace {

constexpr std::string_view kNothing = "{}";
/// A client that sends no more may still read, or has gone without a word: writing tells.
constexpr std::chrono::seconds kProbeInterval{1};
/// One that waits for a disk that does not answer cannot be killed.
constexpr std::chrono::seconds kEndPatience{5};

using Deadline = std::optional<steady_clock::time_point>;

RpcResult<Deadline> deadline_of(const net::HttpRequestHead& head) {
  auto timeout = stream_timeout(head);
  if (!timeout) return tl::unexpected<RpcError>(std::move(timeout.error()));
  if (!*timeout || (*timeout)->count() == 0) return Deadline();
  return Deadline(steady_clock::now() + **timeout);
}

bool has_passed(const Deadline& deadline) {
  return deadline && steady_clock::now() >= *deadline;
}

}  // namespace

asio::awaitable<void> ProcessService::handle(net::HttpExchange& exchange, std::string_view method) {
  if (method == "Start") {
    co_await start(exchange);
  } else if (method == "Connect") {
    co_await connect(exchange);
  } else if (method == "StreamInput") {
    co_await stream_input(exchange);
  } else {
    co_await unary(exchange, method);
  }
}

RpcResult<std::shared_ptr<Process>> ProcessService::launch(const net::HttpRequestHead& head,
                                                           std::string_view body) {
  auto message = single_frame(body, kMaxMessage);
  if (!message) return tl::unexpected<RpcError>(std::move(message.error()));
  auto request = parse_start(*message);
  if (!request) return tl::unexpected<RpcError>(std::move(request.error()));
  auto deadline = deadline_of(head);
  if (!deadline) return tl::unexpected<RpcError>(std::move(deadline.error()));
  auto actor = actor_of(context_, head);
  if (!actor) return tl::unexpected<RpcError>(std::move(actor.error()));
  auto folder = path_for(context_, *actor, request->config.folder.value_or(""));
  if (!folder) return tl::unexpected<RpcError>(std::move(folder.error()));

  ChildSpec spec;
  spec.command = request->config.command;
  spec.arguments = request->config.arguments;
  spec.environment =
      command_environment(context_.state, actor->account, request->config.environment);
  spec.search_path = search_path_of(spec.environment);
  spec.folder = std::move(*folder);
  spec.identity = actor->identity;
  spec.pty = request->pty;
  spec.stdin_open = request->stdin_open;
  auto process = context_.processes.start(spec, std::move(*request));
  if (process && *deadline) (*process)->kill_at(**deadline);
  return process;
}

asio::awaitable<void> ProcessService::start(net::HttpExchange& exchange) {
  const auto deadline = deadline_of(exchange.request());
  const Result<std::string> body = co_await exchange.read_whole_body(kMaxMessage);
  if (!body) {
    RpcError error(RpcCode::resource_exhausted, body.error().message);
    co_await refuse_stream(exchange, std::move(error));
    co_return;
  }
  const auto process = launch(exchange.request(), *body);
  if (!process) {
    RpcError error = process.error();
    co_await refuse_stream(exchange, std::move(error));
    co_return;
  }
  const auto subscriber = std::make_shared<Subscriber>(context_.io);
  (*process)->subscribe(subscriber);
  (*process)->begin([] {});
  co_await stream(exchange, *process, subscriber, *deadline);
}

RpcResult<std::shared_ptr<Process>> ProcessService::find(const ProcessSelector& selector) const {
  auto process = context_.processes.find(selector);
  if (process == nullptr) return tl::unexpected<RpcError>(no_such_process(selector));
  return process;
}

asio::awaitable<void> ProcessService::connect(net::HttpExchange& exchange) {
  const Result<std::string> body = co_await exchange.read_whole_body(kMaxMessage);
  RpcResult<std::string> message =
      body ? single_frame(*body, kMaxMessage)
           : rpc_error(RpcCode::resource_exhausted, body.error().message);
  RpcResult<ProcessSelector> selector =
      message ? parse_selector(*message) : tl::unexpected<RpcError>(message.error());
  RpcResult<std::shared_ptr<Process>> process =
      selector ? find(*selector) : tl::unexpected<RpcError>(selector.error());
  const auto deadline = deadline_of(exchange.request());
  const auto actor = actor_of(context_, exchange.request());
  if (!process || !deadline || !actor) {
    RpcError error = !process ? process.error() : !deadline ? deadline.error() : actor.error();
    co_await refuse_stream(exchange, std::move(error));
    co_return;
  }
  const auto subscriber = std::make_shared<Subscriber>(context_.io);
  (*process)->subscribe(subscriber);
  co_await stream(exchange, *process, subscriber, *deadline);
}

asio::awaitable<void> ProcessService::stream(net::HttpExchange& exchange,
                                             std::shared_ptr<Process> process,
                                             std::shared_ptr<Subscriber> subscriber,
                                             Deadline deadline) {
  std::chrono::seconds interval = keepalive_interval(exchange.request());
  const auto half_closed = std::make_shared<bool>(false);
  exchange.on_peer_end([subscriber, half_closed](net::PeerEnd end) {
    *half_closed = true;
    if (end == net::PeerEnd::gone) subscriber->leave();
    subscriber->notify();
  });
  std::string first = to_frame(start_event(static_cast<std::uint32_t>(process->pid())));
  Status sent = co_await begin_stream(exchange, std::move(first));
  auto keepalive_at = steady_clock::now() + interval;
  bool ended = false;
  while (sent && !ended && !subscriber->left() && !has_passed(deadline)) {
    if (*half_closed && interval > kProbeInterval) {
      interval = kProbeInterval;
      keepalive_at = steady_clock::now();
    }
    if (!subscriber->has_frames()) {
      const auto until = deadline ? std::min(keepalive_at, *deadline) : keepalive_at;
      if (!subscriber->finished()) co_await subscriber->wait(until);
    }
    std::string frames = subscriber->take();
    process->room_was_made();
    ended = subscriber->finished() && !subscriber->has_frames();
    if (frames.empty() && !ended && steady_clock::now() >= keepalive_at) {
      frames = to_frame(keepalive_event());
    }
    if (ended) {
      frames += end_of_stream();
      sent = co_await exchange.end_reply(std::move(frames));
      break;
    }
    if (frames.empty()) continue;
    keepalive_at = steady_clock::now() + interval;
    sent = co_await exchange.write(frames);
  }
  subscriber->leave();
  process->unsubscribe(subscriber);
  if (sent && !ended && has_passed(deadline)) {
    std::optional<RpcError> error(std::in_place, RpcCode::deadline_exceeded,
                                  "the timeout of the command has passed");
    co_await end_stream(exchange, std::move(error));
  }
}

asio::awaitable<void> ProcessService::unary(net::HttpExchange& exchange, std::string_view method) {
  constexpr std::array<std::string_view, 5> kMethods = {"List", "Update", "SendInput", "SendSignal",
                                                        "CloseStdin"};
  if (std::find(kMethods.begin(), kMethods.end(), method) == kMethods.end()) {
    co_await reply_error(exchange, 404, "process.Process has no such method");
    co_return;
  }
  const Result<std::string> body = co_await exchange.read_whole_body(kMaxMessage);
  if (!body) {
    co_await reply_error(exchange, 413, body.error().message);
    co_return;
  }
  const auto actor = actor_of(context_, exchange.request());
  if (!actor) {
    RpcResult<std::string> refused = tl::unexpected<RpcError>(actor.error());
    co_await reply_unary(exchange, std::move(refused));
    co_return;
  }
  if (method == "SendInput") {
    std::string copy = *body;
    co_await send_input(exchange, std::move(copy));
    co_return;
  }
  if (method == "SendSignal") {
    std::string copy = *body;
    co_await send_signal(exchange, std::move(copy));
    co_return;
  }
  RpcResult<std::string> result = answer(method, *body);
  co_await reply_unary(exchange, std::move(result));
}

RpcResult<std::string> ProcessService::answer(std::string_view method, std::string_view body) {
  if (method == "List") return list_reply(context_.processes.list());
  if (method == "CloseStdin") {
    auto selector = parse_selector(body);
    if (!selector) return tl::unexpected<RpcError>(std::move(selector.error()));
    const auto process = find(*selector);
    if (!process) return tl::unexpected<RpcError>(process.error());
    return (*process)->close_input().map([] { return std::string(kNothing); });
  }
  auto request = parse_update(body);
  if (!request) return tl::unexpected<RpcError>(std::move(request.error()));
  const auto process = find(request->process);
  if (!process) return tl::unexpected<RpcError>(process.error());
  if (!request->pty) return std::string(kNothing);
  return (*process)->resize(*request->pty).map([] { return std::string(kNothing); });
}

RpcResult<std::shared_ptr<Process>> ProcessService::signalled(const SignalRequest& request) {
  auto process = find(request.process);
  if (!process) return process;
  if (request.signal == 0) {
    return rpc_error(RpcCode::unimplemented, "only SIGNAL_SIGKILL and SIGNAL_SIGTERM can be sent");
  }
  if (!(*process)->send_signal(request.signal)) {
    return tl::unexpected<RpcError>(no_such_process(request.process));
  }
  return process;
}

asio::awaitable<void> ProcessService::send_signal(net::HttpExchange& exchange, std::string body) {
  const auto request = parse_signal(body);
  const auto process =
      request ? signalled(*request)
              : RpcResult<std::shared_ptr<Process>>(tl::unexpected<RpcError>(request.error()));
  if (process && request->signal == SIGKILL) {
    // Who has killed one and looks must not find it, nor kill it a second time.
    const auto until = steady_clock::now() + kEndPatience;
    co_await (*process)->wait_for_end(until);
  }
  RpcResult<std::string> result = process.map([](const auto&) { return std::string(kNothing); });
  co_await reply_unary(exchange, std::move(result));
}

asio::awaitable<void> ProcessService::send_input(net::HttpExchange& exchange, std::string body) {
  auto request = parse_input(body);
  RpcStatus status = request ? RpcStatus() : RpcStatus(tl::unexpected<RpcError>(request.error()));
  if (request) {
    const auto process = find(request->process);
    if (process) {
      ProcessInput input = std::move(request->input);
      status = co_await (*process)->write_input(std::move(input));
    } else {
      status = tl::unexpected<RpcError>(process.error());
    }
  }
  RpcResult<std::string> result = status.map([] { return std::string(kNothing); });
  co_await reply_unary(exchange, std::move(result));
}

asio::awaitable<RpcStatus> ProcessService::read_inputs(net::HttpExchange& exchange) {
  FrameReader reader(kMaxMessage);
  std::shared_ptr<Process> process;
  std::string piece(64 * 1024, '\0');
  for (;;) {
    auto frame = reader.next();
    if (!frame) co_return tl::unexpected<RpcError>(std::move(frame.error()));
    if (!*frame) {
      const Result<std::size_t> got = co_await exchange.read_body(piece.data(), piece.size());
      if (!got) co_return rpc_error(RpcCode::canceled, got.error().message);
      if (*got == 0) {
        if (!reader.has_rest()) co_return RpcStatus();
        co_return rpc_error(RpcCode::invalid_argument, "the stream ends inside a message");
      }
      reader.append(std::string_view(piece.data(), *got));
      continue;
    }
    if (((*frame)->flags & kEndOfStreamFlag) != 0) continue;
    auto message = parse_stream_input((*frame)->payload);
    if (!message) co_return tl::unexpected<RpcError>(std::move(message.error()));
    if (message->start) {
      auto found = find(*message->start);
      if (!found) co_return tl::unexpected<RpcError>(std::move(found.error()));
      process = *found;
    }
    if (!message->data) continue;
    if (process == nullptr) {
      co_return rpc_error(RpcCode::invalid_argument, "data came before the start message");
    }
    ProcessInput input = std::move(*message->data);
    RpcStatus written = co_await process->write_input(std::move(input));
    if (!written) co_return written;
  }
}

asio::awaitable<void> ProcessService::stream_input(net::HttpExchange& exchange) {
  const auto actor = actor_of(context_, exchange.request());
  RpcStatus status = actor ? RpcStatus() : RpcStatus(tl::unexpected<RpcError>(actor.error()));
  if (status) status = co_await read_inputs(exchange);
  std::string nothing;
  const Status begun = co_await begin_stream(exchange, std::move(nothing));
  if (!begun) co_return;
  std::optional<RpcError> error;
  if (!status) {
    error = status.error();
  } else {
    const std::string reply = to_frame(kNothing);
    const Status sent = co_await exchange.write(reply);
    if (!sent) co_return;
  }
  co_await end_stream(exchange, std::move(error));
}

}  // namespace genesis::envd
