#pragma once

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_future.hpp>
#include <future>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <thread>

#include "fake_spawner.h"
#include "genesis/base/files.h"
#include "launch/sandbox_server/sandbox_server.h"
#include "tests/support/raw_client.h"

namespace genesis::sandbox_server {

inline constexpr const char* kKey = "e2b_00112233445566778899";
inline constexpr const char* kOtherKey = "e2b_99887766554433221100";

/// A server on a port of its own over the fake spawner, and a client that speaks raw HTTP.
class ServerTest : public testing::Test {
 protected:
  struct Told {
    int status = 0;
    std::string head;
    std::string text;
    nlohmann::json body;

    /// A text of the body.
    std::string of(const char* key) const {
      return body.is_object() ? body.value(key, std::string()) : std::string();
    }
    std::string header(const std::string& name) const {
      const auto at = head.find("\r\n" + name + ": ");
      if (at == std::string::npos) return "";
      const auto from = at + name.size() + 4;
      return head.substr(from, head.find("\r\n", from) - from);
    }
  };

  ServerTest() {
    config.port = 0;
    config.state_dir = folder.path() / "state";
    TeamConfig mine;
    mine.name = "mine";
    mine.api_keys = {kKey};
    mine.max_sandboxes = 4;
    TeamConfig other;
    other.name = "other";
    other.api_keys = {kOtherKey};
    config.teams = {mine, other};
    config.queue_wait = Millis{50};
    config.stop_patience = Millis{100};
  }

  void start() {
    const Status fits = complete(config);
    ASSERT_TRUE(fits) << fits.error().message;
    io = std::make_unique<boost::asio::io_context>(1);
    if (!spawner) spawner = std::make_unique<FakeSpawner>(*io);
    server = std::make_unique<SandboxServer>(*io, config, clock, *spawner);
    auto opened = boost::asio::co_spawn(*io, server->open(), boost::asio::use_future);
    work = std::make_unique<Work>(io->get_executor());
    thread = std::thread([this] { io->run(); });
    const auto bound = opened.get();
    ASSERT_TRUE(bound) << bound.error().message;
    port = *bound;
  }
  void stop() {
    if (!thread.joinable()) return;
    boost::asio::co_spawn(*io, server->close(), boost::asio::use_future).get();
    boost::asio::post(*io, boost::asio::use_future([this] {
      spawner.reset();
      server.reset();
    })).get();
    work.reset();
    thread.join();
  }
  void TearDown() override { stop(); }

  /// On the loop's thread.
  template <typename F>
  auto on_loop(F f) {
    return boost::asio::post(*io, boost::asio::use_future(std::move(f))).get();
  }
  void until(const std::function<bool()>& reached) {
    const auto patience = std::chrono::steady_clock::now() + std::chrono::seconds{20};
    while (!on_loop(reached)) {
      ASSERT_LT(std::chrono::steady_clock::now(), patience) << "waited in vain";
      std::this_thread::yield();
    }
  }

  Told ask_raw(const std::string& request) {
    tests::RawClient client(port);
    client.send(request);
    Told told;
    const std::string all = client.read_to_end();
    const auto end = all.find("\r\n\r\n");
    if (end == std::string::npos) return told;
    told.head = all.substr(0, end + 2);
    told.text = all.substr(end + 4);
    told.status = std::stoi(told.head.substr(9, 3));
    told.body = nlohmann::json::parse(told.text, nullptr, false);
    return told;
  }
  Told ask(const std::string& method, const std::string& target, const std::string& body = "",
           const std::string& headers = fmt::format("X-API-Key: {}\r\n", kKey)) {
    return ask_raw(fmt::format(
        "{} {} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: {}\r\n{}\r\n{}",
        method, target, body.size(), headers, body));
  }
  Told as_other(const std::string& method, const std::string& target,
                const std::string& body = "") {
    return ask(method, target, body, fmt::format("x-api-key: {}\r\n", kOtherKey));
  }
  /// To a port of a sandbox, as the SDKs do it.
  Told to_sandbox(const std::string& id, int sandbox_port, const std::string& target,
                  const std::string& body = "", const std::string& more = "") {
    return ask(
        body.empty() ? "GET" : "POST", target, body,
        fmt::format("e2b-sandbox-id: {}\r\ne2b-sandbox-port: {}\r\n{}", id, sandbox_port, more));
  }
  std::string create(const std::string& body = R"({"templateID":"base"})") {
    const Told told = ask("POST", "/v2/sandboxes", body);
    EXPECT_EQ(told.status, 201) << told.text;
    return told.body.is_object() ? told.body.value("sandboxID", "") : "";
  }

  using Work = boost::asio::executor_work_guard<boost::asio::io_context::executor_type>;
  TempDir folder;
  ServerConfig config;
  SystemClock clock;
  std::unique_ptr<boost::asio::io_context> io;
  std::unique_ptr<FakeSpawner> spawner;
  std::unique_ptr<SandboxServer> server;
  std::unique_ptr<Work> work;
  std::thread thread;
  std::uint16_t port = 0;
};

}  // namespace genesis::sandbox_server
