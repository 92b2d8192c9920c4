#pragma once

#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <filesystem>
#include <map>
#include <memory>
#include <set>
#include <string>

#include "genesis/net/http_server.h"
#include "launch/sandbox_server/sandbox_spawner.h"

namespace genesis::sandbox_server {

/// Sandboxes without a process: each has an agent in this one, on a socket of its own, which
/// repeats what it is asked. What a test wants to go wrong goes wrong. On the loop's thread.
class FakeSpawner final : public SandboxSpawner {
 public:
  explicit FakeSpawner(boost::asio::io_context& io) : io_(io) {}

  boost::asio::awaitable<Result<LiveSandbox>> start(const SandboxSpec& spec) override {
    if (!start_error.empty()) co_return make_error(ErrorKind::unavailable, start_error);
    std::filesystem::create_directories(spec.folder);
    specs[spec.id] = spec;
    LiveSandbox live = live_of(spec);
    const Status served = serve(live);
    if (!served) co_return tl::unexpected<Error>(served.error());
    ++started;
    co_return live;
  }

  Result<LiveSandbox> adopt(const SandboxSpec& spec, pid_t pid, std::uint64_t) override {
    if (dead.count(pid) != 0) return make_error(ErrorKind::not_found, "it has ended");
    std::filesystem::remove(spec.folder / "envd.sock");
    LiveSandbox live = live_of(spec);
    live.pid = pid;
    GENESIS_TRY(serve(live));
    ++adopted;
    return live;
  }

  boost::asio::awaitable<SandboxEnd> end(LiveSandbox& sandbox) override {
    agents_.erase(sandbox.id);
    std::filesystem::remove_all(sandbox.folder);
    ended.insert(sandbox.id);
    co_return end_facts;
  }
  boost::asio::awaitable<SandboxEnd> sweep(const SandboxSpec& spec) override {
    std::filesystem::remove_all(spec.folder);
    swept.insert(spec.id);
    co_return SandboxEnd{};
  }
  Status freeze(LiveSandbox& sandbox) override {
    if (!freeze_error.empty()) return make_error(ErrorKind::unsupported, freeze_error);
    frozen.insert(sandbox.id);
    return {};
  }
  Status thaw(LiveSandbox& sandbox) override {
    frozen.erase(sandbox.id);
    return {};
  }
  SandboxUsage usage(const LiveSandbox&) override {
    SandboxUsage usage;
    usage.cpu_seconds = 1.5;
    usage.memory_bytes = 1u << 20;
    usage.cache_bytes = 1u << 18;
    return usage;
  }
  bool ran_out_of_memory(const LiveSandbox&) override { return false; }
  bool owns_listener(const LiveSandbox&, std::uint16_t port) override { return ports.count(port); }
  std::vector<std::string> warnings() const override { return {}; }

  /// Its first process ends by itself.
  void crash(const std::string& id) {
    const std::uint64_t one = 1;
    [[maybe_unused]] const ssize_t told = ::write(pidfds_.at(id), &one, sizeof one);
  }

  std::string start_error;
  std::string freeze_error;
  SandboxEnd end_facts;
  std::map<std::string, SandboxSpec> specs;
  std::set<std::string> ended, swept, frozen;
  std::set<pid_t> dead;
  std::set<std::uint16_t> ports;
  int started = 0;
  int adopted = 0;
  int agent_requests = 0;
  std::string last_head;  ///< Names and values of the last request that an agent got.

 private:
  LiveSandbox live_of(const SandboxSpec& spec) {
    LiveSandbox live;
    live.id = spec.id;
    live.folder = spec.folder;
    live.socket = spec.folder / "envd.sock";
    live.pid = ++last_pid_;
    live.start_ticks = 7;
    live.pidfd = Fd(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
    pidfds_[spec.id] = live.pidfd.get();
    return live;
  }

  Status serve(const LiveSandbox& live) {
    Fd listener(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    live.socket.string().copy(address.sun_path, sizeof address.sun_path - 1);
    if (::bind(listener.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) != 0 ||
        ::listen(listener.get(), 64) != 0) {
      return errno_error("listen on", live.socket.string(), errno);
    }
    auto server = std::make_unique<net::HttpServer>(
        io_, [this](net::HttpExchange& exchange) { return answer(exchange); });
    GENESIS_TRY(server->adopt(listener.release()));
    agents_[live.id] = std::move(server);
    return {};
  }

  boost::asio::awaitable<void> answer(net::HttpExchange& exchange) {
    ++agent_requests;
    last_head = exchange.request().method + " " + exchange.request().target + "\n";
    for (const auto& [name, value] : exchange.request().headers) {
      last_head += name + ": " + value + "\n";
    }
    const std::string target = exchange.request().target;
    if (target == "/health") {
      net::HttpReplyHead head(204);
      Status sent = co_await exchange.reply(std::move(head), std::string());
      co_return;
    }
    if (target == "/stream") {  // One piece, then nothing: until it is cut.
      net::HttpReplyHead head(200);
      Status sent = co_await exchange.begin_reply(std::move(head));
      if (sent) sent = co_await exchange.write("first");
      boost::asio::steady_timer never(io_, boost::asio::steady_timer::time_point::max());
      boost::system::error_code ignored;
      co_await never.async_wait(boost::asio::redirect_error(boost::asio::use_awaitable, ignored));
      co_return;
    }
    if (target == "/socket") {
      net::HttpReplyHead head(101);
      head.headers.emplace_back("Connection", "Upgrade");
      head.headers.emplace_back("Upgrade", "echo");
      Status sent = co_await exchange.send_interim(std::move(head));
      exchange.take_over();
      std::string text = exchange.take_buffered();
      char letter = 0;
      boost::system::error_code failure;
      while (sent && text.find('.') == std::string::npos && !failure) {
        const auto room = boost::asio::buffer(&letter, 1);
        const std::size_t count = co_await exchange.bare_socket().async_read_some(
            room, boost::asio::redirect_error(boost::asio::use_awaitable, failure));
        text.append(&letter, count);
      }
      const auto bytes = boost::asio::buffer(text);
      co_await exchange.bare_socket().async_write_some(
          bytes, boost::asio::redirect_error(boost::asio::use_awaitable, failure));
      co_return;
    }
    if (target == "/too-much") {  // Said before the body is read.
      exchange.close_after();
      net::HttpReplyHead head(413);
      Status sent = co_await exchange.reply(std::move(head), "no more of it");
      co_return;
    }
    if (target == "/echo") {  // Piece by piece, while the client sends.
      net::HttpReplyHead head(200);
      Status sent = co_await exchange.begin_reply(std::move(head));
      std::string piece(4096, '\0');
      while (sent) {
        const auto count = co_await exchange.read_body(piece.data(), piece.size());
        if (!count || *count == 0) break;
        const std::string_view bytes(piece.data(), *count);
        sent = co_await exchange.write(bytes);
      }
      sent = co_await exchange.end_reply();
      co_return;
    }
    auto body = co_await exchange.read_whole_body(64u << 20);
    net::HttpReplyHead head(200);
    head.headers.emplace_back("Content-Type", "application/octet-stream");
    head.headers.emplace_back("X-Agent", "yes");
    std::string text = body ? std::move(*body) : std::string("no body");
    Status sent = co_await exchange.reply(std::move(head), std::move(text));
  }

  boost::asio::io_context& io_;
  std::map<std::string, std::unique_ptr<net::HttpServer>> agents_;
  std::map<std::string, int> pidfds_;
  pid_t last_pid_ = 1000;
};

}  // namespace genesis::sandbox_server
