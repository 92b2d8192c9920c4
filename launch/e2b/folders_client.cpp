#include "launch/e2b/folders_client.h"

#include <fmt/format.h>

#include <utility>

namespace genesis::launch::e2b {
namespace {

template <typename T>
Outcome<T> taken(Result<T> parsed, const std::string& what) {
  if (parsed) return std::move(*parsed);
  return fail(FailureKind::broken, fmt::format("{}: {}", what, parsed.error().message));
}

}  // namespace

Awaitable<Outcome<WatchEvent>> WatchStream::next() {
  for (;;) {
    auto message = co_await stream_->next();
    if (!message) co_return tl::unexpected<Failure>(message.error());
    if (!*message) co_return fail(FailureKind::broken, stream_->what() + ": the stream ended");
    auto event = taken(parse_watch_event(**message), stream_->what());
    if (!event || event->kind != WatchEvent::Kind::other) co_return event;
  }
}

Awaitable<Outcome<std::string>> FoldersClient::ask(SandboxHandle sandbox, const char* method,
                                                   std::string message, std::string user,
                                                   std::string what) {
  std::string target = fmt::format("filesystem.Filesystem/{}", method);
  return calls_.unary(std::move(sandbox), std::move(target), std::move(message), std::move(user),
                      std::move(what));
}

Awaitable<Outcome<RemoteEntry>> FoldersClient::stat(SandboxHandle sandbox, std::string path,
                                                    std::string user) {
  const std::string what = fmt::format("look at '{}' in sandbox {}", path, sandbox.id);
  std::string message = path_message(path);
  auto body = co_await ask(std::move(sandbox), "Stat", std::move(message), std::move(user), what);
  if (!body) co_return tl::unexpected<Failure>(body.error());
  co_return taken(parse_entry(*body), what);
}

Awaitable<Outcome<std::vector<RemoteEntry>>> FoldersClient::list(SandboxHandle sandbox,
                                                                 std::string path, unsigned depth,
                                                                 std::string user) {
  const std::string what = fmt::format("list '{}' in sandbox {}", path, sandbox.id);
  std::string message = list_message(path, depth);
  auto body =
      co_await ask(std::move(sandbox), "ListDir", std::move(message), std::move(user), what);
  if (!body) co_return tl::unexpected<Failure>(body.error());
  co_return taken(parse_entries(*body), what);
}

Awaitable<Outcome<bool>> FoldersClient::make(SandboxHandle sandbox, std::string path,
                                             std::string user) {
  const std::string what = fmt::format("make folder '{}' in sandbox {}", path, sandbox.id);
  std::string message = path_message(path);
  auto body =
      co_await ask(std::move(sandbox), "MakeDir", std::move(message), std::move(user), what);
  if (body) co_return true;
  if (body.error().kind == FailureKind::already_exists) co_return false;
  co_return tl::unexpected<Failure>(body.error());
}

Awaitable<Outcome<RemoteEntry>> FoldersClient::move(SandboxHandle sandbox, std::string from,
                                                    std::string to, std::string user) {
  const std::string what = fmt::format("move '{}' in sandbox {}", from, sandbox.id);
  std::string message = move_message(from, to);
  auto body = co_await ask(std::move(sandbox), "Move", std::move(message), std::move(user), what);
  if (!body) co_return tl::unexpected<Failure>(body.error());
  co_return taken(parse_entry(*body), what);
}

Awaitable<Outcome<void>> FoldersClient::remove(SandboxHandle sandbox, std::string path,
                                               std::string user) {
  const std::string what = fmt::format("remove '{}' in sandbox {}", path, sandbox.id);
  std::string message = path_message(path);
  auto body = co_await ask(std::move(sandbox), "Remove", std::move(message), std::move(user), what);
  if (!body) co_return tl::unexpected<Failure>(body.error());
  co_return Outcome<void>();
}

Awaitable<Outcome<std::unique_ptr<WatchStream>>> FoldersClient::watch(SandboxHandle sandbox,
                                                                      std::string path,
                                                                      bool recursive,
                                                                      std::string user) {
  std::string what = fmt::format("watch '{}' in sandbox {}", path, sandbox.id);
  const std::string method = "filesystem.Filesystem/WatchDir";
  std::string message = watch_message(path, recursive);
  auto stream = co_await calls_.stream(std::move(sandbox), method, std::move(message),
                                       std::move(user), std::nullopt, std::move(what));
  if (!stream) co_return tl::unexpected<Failure>(stream.error());
  auto watching = std::make_unique<WatchStream>(std::move(*stream));
  const auto first = co_await watching->next();
  if (!first) co_return tl::unexpected<Failure>(first.error());
  if (first->kind != WatchEvent::Kind::started) {
    co_return fail(FailureKind::broken, "watch a folder: the stream does not begin with its start");
  }
  co_return std::move(watching);
}

}  // namespace genesis::launch::e2b
