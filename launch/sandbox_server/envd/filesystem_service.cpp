#include "launch/sandbox_server/envd/filesystem_service.h"

#include <algorithm>

#include "genesis/base/hash.h"
#include "launch/sandbox_server/envd/connect_frames.h"
#include "launch/sandbox_server/envd/folder_watch.h"
#include "launch/sandbox_server/envd/on_workers.h"
#include "launch/sandbox_server/envd/paths.h"
#include "launch/sandbox_server/envd/polled_watch.h"
#include "launch/sandbox_server/envd/rpc_call.h"

namespace genesis::envd {

namespace asio = boost::asio;
using std::chrono::steady_clock;
using Reply = RpcResult<std::string>;

namespace {

constexpr std::size_t kMostWatchers = 128;
/// A client that sends no more may still read, or has gone without a word: writing tells.
constexpr std::chrono::seconds kProbeInterval{1};

Reply failed(const RpcError& error) {
  return tl::unexpected<RpcError>(error);
}

}  // namespace

FilesystemService::FilesystemService(AgentContext& context) : context_(context) {}

FilesystemService::~FilesystemService() {
  for (const auto& [id, watch] : watchers_) watch->close();
}

asio::awaitable<void> FilesystemService::handle(net::HttpExchange& exchange,
                                                std::string_view method) {
  if (method == "WatchDir") {
    co_await watch(exchange);
    co_return;
  }
  const Result<std::string> body = co_await exchange.read_whole_body(kMaxMessage);
  if (!body) {
    co_await reply_error(exchange, 413, body.error().message);
    co_return;
  }
  auto actor = actor_of(context_, exchange.request());
  if (!actor) {
    Reply refused = failed(actor.error());
    co_await reply_unary(exchange, std::move(refused));
    co_return;
  }
  std::string copy = *body;
  Reply reply = co_await answer(method, std::move(copy), std::move(*actor));
  if (!reply && reply.error().code == RpcCode::unimplemented) {
    co_await reply_error(exchange, 404, reply.error().message);
    co_return;
  }
  co_await reply_unary(exchange, std::move(reply));
}

asio::awaitable<Reply> FilesystemService::answer(std::string_view method, std::string body,
                                                 Actor actor) {
  if (method == "Stat") co_return co_await look(std::move(body), std::move(actor));
  if (method == "MakeDir") co_return co_await make(std::move(body), std::move(actor));
  if (method == "Move") co_return co_await move(std::move(body), std::move(actor));
  if (method == "ListDir") co_return co_await list(std::move(body), std::move(actor));
  if (method == "Remove") co_return co_await remove(std::move(body), std::move(actor));
  if (method == "CreateWatcher") co_return create_watcher(body, actor);
  if (method == "GetWatcherEvents") co_return watcher_events(body);
  if (method == "RemoveWatcher") co_return remove_watcher(body);
  co_return rpc_error(RpcCode::unimplemented, "filesystem.Filesystem has no such method");
}

asio::awaitable<Reply> FilesystemService::look(std::string body, Actor actor) {
  const auto path = parse_path_request(body).and_then(
      [&](const std::string& given) { return path_for(context_, actor, given); });
  if (!path) co_return failed(path.error());
  const auto work = [path = *path, accounts = actor.accounts]() -> Reply {
    return file_entry(path, *accounts).map(entry_reply);
  };
  co_return co_await on_workers(context_.workers, work);
}

asio::awaitable<Reply> FilesystemService::make(std::string body, Actor actor) {
  const auto path = parse_path_request(body).and_then(
      [&](const std::string& given) { return path_for(context_, actor, given); });
  if (!path) co_return failed(path.error());
  const auto work = [path = *path, owner = actor.owner, accounts = actor.accounts]() -> Reply {
    return make_folder(path, owner, *accounts).map(entry_reply);
  };
  co_return co_await on_workers(context_.workers, work);
}

asio::awaitable<Reply> FilesystemService::move(std::string body, Actor actor) {
  const auto request = parse_move_request(body);
  if (!request) co_return failed(request.error());
  const auto from = path_for(context_, actor, request->source);
  const auto to = path_for(context_, actor, request->destination);
  if (!from || !to) co_return failed(from ? to.error() : from.error());
  const auto work = [from = *from, to = *to, owner = actor.owner,
                     accounts = actor.accounts]() -> Reply {
    return move_entry(from, to, owner, *accounts).map(entry_reply);
  };
  co_return co_await on_workers(context_.workers, work);
}

asio::awaitable<Reply> FilesystemService::list(std::string body, Actor actor) {
  const auto request = parse_list_request(body);
  if (!request) co_return failed(request.error());
  const auto path = path_for(context_, actor, request->path);
  if (!path) co_return failed(path.error());
  const auto work = [path = *path, depth = request->depth, accounts = actor.accounts]() -> Reply {
    return list_folder(path, depth, *accounts).map(entries_reply);
  };
  co_return co_await on_workers(context_.workers, work);
}

asio::awaitable<Reply> FilesystemService::remove(std::string body, Actor actor) {
  const auto path = parse_path_request(body).and_then(
      [&](const std::string& given) { return path_for(context_, actor, given); });
  if (!path) co_return failed(path.error());
  if (clean_path(*path) == "/") {
    co_return rpc_error(RpcCode::invalid_argument, "remove '/': the whole file system stays");
  }
  const auto work = [path = *path]() -> Reply {
    return remove_tree(path).map([] { return std::string("{}"); });
  };
  co_return co_await on_workers(context_.workers, work);
}

Reply FilesystemService::create_watcher(std::string_view body, const Actor& actor) {
  const auto request = parse_watch_request(body);
  if (!request) return failed(request.error());
  const auto path = path_for(context_, actor, request->path);
  if (!path) return failed(path.error());
  if (watchers_.size() >= kMostWatchers) {
    return rpc_error(RpcCode::resource_exhausted,
                     "there are 128 watchers; remove those that are not needed");
  }
  auto opened = FolderWatch::open(*request, *path);
  if (!opened) return failed(opened.error());
  const auto watch =
      std::make_shared<PolledWatch>(context_.io, std::move(*opened), context_.accounts);
  watch->begin([] {});
  const std::string id = "w" + random_hex(20);
  watchers_[id] = watch;
  return watcher_reply(id);
}

Reply FilesystemService::watcher_events(std::string_view body) {
  const auto id = parse_watcher_id(body);
  if (!id) return failed(id.error());
  const auto found = watchers_.find(*id);
  if (found == watchers_.end()) {
    return rpc_error(RpcCode::not_found, "watcher with id " + *id + " not found");
  }
  return found->second->take().map(changes_reply);
}

Reply FilesystemService::remove_watcher(std::string_view body) {
  const auto id = parse_watcher_id(body);
  if (!id) return failed(id.error());
  const auto found = watchers_.find(*id);
  if (found == watchers_.end()) {
    return rpc_error(RpcCode::not_found, "watcher with id " + *id + " not found");
  }
  found->second->close();
  watchers_.erase(found);
  return std::string("{}");
}

asio::awaitable<void> FilesystemService::watch(net::HttpExchange& exchange) {
  const Result<std::string> body = co_await exchange.read_whole_body(kMaxMessage);
  const auto message = body ? single_frame(*body, kMaxMessage)
                            : Reply(rpc_error(RpcCode::resource_exhausted, body.error().message));
  const auto request =
      message.and_then([](const std::string& m) { return parse_watch_request(m); });
  const auto actor = actor_of(context_, exchange.request());
  const auto timeout = stream_timeout(exchange.request());
  RpcResult<std::unique_ptr<FolderWatch>> opened = rpc_error(RpcCode::internal, "");
  if (!request) {
    opened = tl::unexpected<RpcError>(request.error());
  } else if (!actor) {
    opened = tl::unexpected<RpcError>(actor.error());
  } else if (!timeout) {
    opened = tl::unexpected<RpcError>(timeout.error());
  } else {
    const auto path = path_for(context_, *actor, request->path);
    if (path) {
      opened = FolderWatch::open(*request, *path);
    } else {
      opened = tl::unexpected<RpcError>(path.error());
    }
  }
  if (!opened) {
    RpcError error = opened.error();
    co_await refuse_stream(exchange, std::move(error));
    co_return;
  }
  const auto changes =
      std::make_shared<PolledWatch>(context_.io, std::move(*opened), context_.accounts);
  auto deadline = steady_clock::time_point::max();
  if (*timeout && (*timeout)->count() > 0) deadline = steady_clock::now() + **timeout;
  co_await stream_changes(exchange, changes, deadline);
  changes->close();
}

asio::awaitable<void> FilesystemService::stream_changes(net::HttpExchange& exchange,
                                                        std::shared_ptr<PolledWatch> changes,
                                                        steady_clock::time_point deadline) {
  std::chrono::seconds interval = keepalive_interval(exchange.request());
  const auto signal = std::make_shared<Subscriber>(context_.io);
  const auto half_closed = std::make_shared<bool>(false);
  changes->begin([signal] { signal->notify(); });
  exchange.on_peer_end([signal, half_closed](net::PeerEnd end) {
    *half_closed = true;
    if (end == net::PeerEnd::gone) signal->leave();
    signal->notify();
  });
  std::string first = to_frame(watch_start_event());
  Status sent = co_await begin_stream(exchange, std::move(first));
  std::string frames;
  std::optional<RpcError> end;
  auto keepalive_at = steady_clock::now() + interval;
  while (sent && !end && !signal->left()) {
    frames.clear();
    auto taken = changes->take();
    if (!taken) {
      end = std::move(taken.error());
    } else {
      for (const FileChange& change : *taken) frames += to_frame(watch_event(change));
    }
    const auto now = steady_clock::now();
    if (*half_closed && interval > kProbeInterval) {
      interval = kProbeInterval;
      keepalive_at = now;
    }
    if (frames.empty() && now >= keepalive_at) frames = to_frame(watch_keepalive_event());
    if (!frames.empty()) {
      keepalive_at = now + interval;
      sent = co_await exchange.write(frames);
    } else if (!end && now >= deadline) {
      end.emplace(RpcCode::deadline_exceeded, "the timeout of the watch has passed");
    } else if (!end) {
      co_await signal->wait(std::min(keepalive_at, deadline));
    }
  }
  if (sent && end) co_await end_stream(exchange, std::move(end));
}

}  // namespace genesis::envd
