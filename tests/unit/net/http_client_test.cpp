// Against our own server, and against sockets that do what servers should not. TLS and proxies are
// driven through http_request by tests/system/hooks_test.py.
#include "genesis/net/http_client.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <malloc.h>
#include <unistd.h>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <deque>
#include <optional>

#include "genesis/base/fd.h"
#include "genesis/base/files.h"
#include "genesis/net/http_server.h"

namespace genesis::net {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using std::chrono::milliseconds;
using std::chrono::seconds;
using std::chrono::steady_clock;
using testing::HasSubstr;

class HttpClientTest : public testing::Test {
 protected:
  HttpClientTest() : gate_(io_), server_(io_, [this](HttpExchange& e) { return serve(e); }) {
    gate_.expires_at(asio::steady_timer::time_point::max());
    port_ = *server_.listen_tcp("127.0.0.1", 0);
  }

  asio::awaitable<void> serve(HttpExchange& exchange) {
    ++served_;
    const std::string target = exchange.request().target;
    if (target == "/echo") {
      auto body = co_await exchange.read_whole_body(64u << 20);
      HttpReplyHead head(200);
      if (body) static_cast<void>(co_await exchange.reply(std::move(head), std::move(*body)));
    } else if (target == "/stream") {
      co_await stream(exchange);
    } else if (target == "/wait") {
      boost::system::error_code ignored;
      co_await gate_.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
      co_await say(exchange, 200, "waited");
    } else if (target == "/refuse") {
      exchange.close_after();
      co_await say(exchange, 507, "full");
    } else {
      co_await say(exchange, 200, "hello");
    }
  }
  static asio::awaitable<void> say(HttpExchange& exchange, int status, std::string body) {
    HttpReplyHead head(status);
    static_cast<void>(co_await exchange.reply(std::move(head), std::move(body)));
  }
  asio::awaitable<void> stream(HttpExchange& exchange) {
    HttpReplyHead head(200);
    Status sent = co_await exchange.begin_reply(std::move(head));
    if (sent) sent = co_await exchange.write("first");
    boost::system::error_code ignored;
    co_await gate_.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
    if (sent) sent = co_await exchange.write("second");
    if (sent) sent = co_await exchange.end_reply();
  }

  std::string url(const std::string& target) const {
    return "http://127.0.0.1:" + std::to_string(port_) + target;
  }
  static steady_clock::time_point in(milliseconds time) { return steady_clock::now() + time; }

  void until(const std::function<bool()>& done) {
    const auto deadline = in(seconds(30));
    while (!done()) {
      ASSERT_LT(steady_clock::now(), deadline);
      io_.run_one_for(milliseconds(100));
    }
  }
  template <typename T>
  T wait(asio::awaitable<T> awaited) {
    std::optional<T> result;
    asio::co_spawn(io_, std::move(awaited), [&](std::exception_ptr failure, T value) {
      EXPECT_FALSE(failure);
      result.emplace(std::move(value));
    });
    until([&] { return result.has_value(); });
    return std::move(*result);
  }
  Result<HttpAnswer> send(HttpClient& client, HttpCall call, milliseconds within = seconds(30)) {
    return wait(client.send(std::move(call), in(within)));
  }
  std::string text(HttpClient& client, const std::string& method, const std::string& target,
                   std::string body = {}) {
    HttpCall call(method, url(target));
    call.body = std::move(body);
    return text(client, std::move(call));
  }
  std::string text(HttpClient& client, HttpCall call) {
    auto answer = send(client, std::move(call));
    if (!answer) return "error: " + answer.error().message;
    const auto whole = wait(answer->whole(1u << 20));
    return whole ? whole->text : "error: " + whole.error().message;
  }

  asio::io_context io_{1};
  const asio::executor_work_guard<asio::io_context::executor_type> work_{io_.get_executor()};
  asio::steady_timer gate_;
  HttpServer server_;
  std::uint16_t port_ = 0;
  int served_ = 0;
};

TEST_F(HttpClientTest, OneConnectionServesOneCallAfterTheOther) {
  HttpClient client(io_);
  EXPECT_EQ(text(client, "GET", "/"), "hello");
  EXPECT_EQ(text(client, "POST", "/echo", "a body"), "a body");
  EXPECT_EQ(text(client, "POST", "/echo", ""), "");
  EXPECT_EQ(client.connections(), 1u);
  EXPECT_EQ(client.idle_connections(), 1u);
  EXPECT_EQ(server_.connections(), 1u);
}

TEST_F(HttpClientTest, CallsSideBySideHaveConnectionsOfTheirOwn) {
  HttpClient client(io_);
  HttpCall call("GET", url("/stream"));
  auto one = send(client, call);
  auto other = send(client, call);
  ASSERT_TRUE(one && other);
  EXPECT_EQ(client.connections(), 2u);
  std::string seen;
  ASSERT_TRUE(wait(one->append_to(seen)));
  EXPECT_EQ(seen, "first");
  gate_.cancel();
  EXPECT_EQ(wait(other->whole(100))->text, "firstsecond");
  EXPECT_EQ(wait(one->whole(100))->text, "second");
  EXPECT_EQ(client.idle_connections(), 2u);
}

TEST_F(HttpClientTest, AnAnswerThatIsLetGoTakesItsConnectionAlong) {
  HttpClient client(io_);
  {
    const auto answer = send(client, HttpCall("GET", url("/stream")));
    ASSERT_TRUE(answer);
    EXPECT_EQ(client.connections(), 1u);
  }
  EXPECT_EQ(client.connections(), 0u);
  const auto cut = wait(send(client, HttpCall("GET", url("/stream")))->whole(2));
  EXPECT_TRUE(cut->truncated);
  EXPECT_EQ(cut->text, "fi");
  EXPECT_EQ(client.connections(), 0u);
}

TEST_F(HttpClientTest, FilesGoOutAndComeInByteForByte) {
  const TempDir folder;
  std::string bytes(5'000'000, '\0');
  for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<char>(i * 48271u >> 7);
  ASSERT_TRUE(write_file(folder.path() / "out", bytes));
  const Fd out(::open((folder.path() / "out").c_str(), O_RDONLY | O_CLOEXEC));
  const Fd in_file(::open((folder.path() / "in").c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
  HttpClient client(io_);
  HttpCall call("POST", url("/echo"));
  call.body = "<";
  FilePart part;
  part.fd = out.get();
  part.offset = 10;
  part.length = bytes.size() - 10;
  call.file = part;
  call.after_file = ">";
  call.file_idle = seconds(10);
  auto answer = send(client, call);
  ASSERT_TRUE(answer) << answer.error().message;
  const auto stored = wait(answer->to_file(in_file.get(), 1u << 30, seconds(10)));
  ASSERT_TRUE(stored) << stored.error().message;
  EXPECT_EQ(stored->bytes, bytes.size() - 8);
  EXPECT_EQ(*read_file(folder.path() / "in"), "<" + bytes.substr(10) + ">");
  EXPECT_EQ(client.idle_connections(), 1u);
  ASSERT_EQ(::ftruncate(in_file.get(), 0), 0);
  ASSERT_EQ(::lseek(in_file.get(), 0, SEEK_SET), 0);
  const auto bounded = wait(send(client, call)->to_file(in_file.get(), 1000, seconds(10)));
  EXPECT_TRUE(bounded->truncated);
  EXPECT_EQ(fs::file_size(folder.path() / "in"), 1000u);
}

TEST_F(HttpClientTest, AFileThatBecomesShorterIsNoRequest) {
  const TempDir folder;
  ASSERT_TRUE(write_file(folder.path() / "out", "short"));
  const Fd out(::open((folder.path() / "out").c_str(), O_RDONLY | O_CLOEXEC));
  HttpClient client(io_);
  HttpCall call("POST", url("/echo"));
  FilePart part;
  part.fd = out.get();
  part.length = 1000;
  call.file = part;
  const auto answer = send(client, call);
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().kind, ErrorKind::io);
}

TEST_F(HttpClientTest, ARefusalIsReadAlthoughTheBodyWasNotTaken) {
  HttpClient client(io_);
  HttpCall call("POST", url("/refuse"));
  call.body.assign(30'000'000, 'x');
  const auto answer = send(client, std::move(call));
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_EQ(answer->status(), 507);
  EXPECT_EQ(client.idle_connections(), 0u);
}

TEST_F(HttpClientTest, CallsWaitInOrderForAConnection) {
  HttpClientLimits limits;
  limits.connections_per_origin = 1;
  HttpClient client(io_, limits);
  std::vector<int> order;
  auto first = send(client, HttpCall("GET", url("/stream")));
  ASSERT_TRUE(first);
  const auto call = [&](int number) -> asio::awaitable<void> {
    HttpCall made("GET", url("/"));
    const auto answer = co_await client.send(std::move(made), in(seconds(30)));
    EXPECT_TRUE(answer);
    order.push_back(number);
  };
  for (int i = 0; i < 3; ++i) asio::co_spawn(io_, call(i), asio::detached);
  const auto late = send(client, HttpCall("GET", url("/")), milliseconds(50));
  ASSERT_FALSE(late);
  EXPECT_EQ(late.error().kind, ErrorKind::timeout);
  EXPECT_TRUE(order.empty());
  EXPECT_EQ(client.connections(), 1u);
  gate_.cancel();
  ASSERT_TRUE(wait(first->whole(100)));
  until([&] { return order.size() == 3; });
  EXPECT_EQ(order, (std::vector<int>{0, 1, 2}));
  EXPECT_EQ(server_.connections(), 1u);
}

TEST_F(HttpClientTest, IdleConnectionsAreClosed) {
  HttpClientLimits limits;
  limits.idle = milliseconds(40);
  HttpClient client(io_, limits);
  EXPECT_EQ(text(client, "GET", "/"), "hello");
  EXPECT_EQ(client.connections(), 1u);
  until([&] { return client.connections() == 0; });
}

TEST_F(HttpClientTest, DeadlinesEndHeadsAndBodies) {
  HttpClient client(io_);
  const auto head = send(client, HttpCall("GET", url("/wait")), milliseconds(50));
  ASSERT_FALSE(head);
  EXPECT_EQ(head.error().kind, ErrorKind::timeout);
  EXPECT_THAT(head.error().message, HasSubstr("no answer in time"));
  auto answer = send(client, HttpCall("GET", url("/stream")));
  ASSERT_TRUE(answer);
  std::string seen;
  ASSERT_TRUE(wait(answer->append_to(seen)));
  answer->set_deadline(in(milliseconds(50)));
  EXPECT_EQ(wait(answer->append_to(seen)).error().kind, ErrorKind::timeout);
}

TEST_F(HttpClientTest, ACancelledCallEndsAtOnce) {
  HttpClient client(io_);
  asio::cancellation_signal stop;
  std::optional<ErrorKind> ended;
  HttpCall call("GET", url("/wait"));
  asio::co_spawn(io_, client.send(call, in(seconds(30))),
                 asio::bind_cancellation_slot(
                     stop.slot(), [&](std::exception_ptr failure, Result<HttpAnswer> answer) {
                       EXPECT_FALSE(failure);
                       EXPECT_FALSE(answer);
                       ended = answer.error().kind;
                     }));
  until([&] { return served_ == 1; });
  stop.emit(asio::cancellation_type::terminal);
  until([&] { return ended.has_value(); });
  EXPECT_EQ(*ended, ErrorKind::cancelled);
  EXPECT_EQ(client.connections(), 0u);
}

TEST_F(HttpClientTest, WhatMustNotBeSentIsNot) {
  HttpClient client(io_);
  HttpCall call("GET", url("/"));
  call.headers.emplace_back("X-A", "b\r\nX-C: d");
  EXPECT_EQ(send(client, call).error().kind, ErrorKind::invalid_argument);
  EXPECT_EQ(send(client, HttpCall("GE T", url("/"))).error().kind, ErrorKind::invalid_argument);
  EXPECT_EQ(send(client, HttpCall("GET", "ftp://x/")).error().kind, ErrorKind::invalid_argument);
  EXPECT_EQ(client.connections(), 0u);
}

/// Takes connections and does with each what a script says: how many requests are answered before
/// the next one is read and the connection closed without a word.
class Unreliable {
 public:
  Unreliable(asio::io_context& io, std::deque<int> answers)
      : acceptor_(io, tcp::endpoint(asio::ip::address_v4::loopback(), 0)),
        answers_(std::move(answers)) {
    asio::co_spawn(io, run(), asio::detached);
  }
  std::string url() const {
    return "http://127.0.0.1:" + std::to_string(acceptor_.local_endpoint().port()) + "/";
  }
  int requests = 0;
  int connections = 0;

 private:
  asio::awaitable<void> run() {
    for (;;) {
      tcp::socket socket = co_await acceptor_.async_accept(asio::use_awaitable);
      ++connections;
      int left = answers_.empty() ? 1000 : answers_.front();
      if (!answers_.empty()) answers_.pop_front();
      std::array<char, 4096> piece;
      for (; left >= 0; --left) {
        boost::system::error_code gone;
        const std::size_t count = co_await socket.async_read_some(
            asio::buffer(piece), asio::redirect_error(asio::use_awaitable, gone));
        if (count == 0) break;
        ++requests;
        if (left == 0) break;
        const std::string answer = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
        co_await asio::async_write(socket, asio::buffer(answer), asio::use_awaitable);
      }
    }
  }

  tcp::acceptor acceptor_;
  std::deque<int> answers_;
};

TEST_F(HttpClientTest, AKeptConnectionThatIsClosedIsReplacedWhereThatIsSafe) {
  Unreliable server(io_, {1});
  HttpClient client(io_);
  EXPECT_EQ(text(client, HttpCall("GET", server.url())), "ok");
  EXPECT_EQ(text(client, HttpCall("GET", server.url())), "ok");
  EXPECT_EQ(server.connections, 2);
  EXPECT_EQ(server.requests, 3);
}

TEST_F(HttpClientTest, APostThatMayHaveArrivedIsNotSentAgain) {
  Unreliable server(io_, {1});
  HttpClient client(io_);
  EXPECT_EQ(text(client, HttpCall("POST", server.url())), "ok");
  const auto again = send(client, HttpCall("POST", server.url()));
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().kind, ErrorKind::unavailable);
  EXPECT_EQ(server.requests, 2);
}

TEST_F(HttpClientTest, ANewConnectionWithoutAnAnswerIsAnErrorAtOnce) {
  Unreliable server(io_, {0, 0, 0});
  HttpClient client(io_);
  EXPECT_EQ(send(client, HttpCall("GET", server.url())).error().kind, ErrorKind::unavailable);
  EXPECT_EQ(server.requests, 1);
}

TEST_F(HttpClientTest, AConnectionThatWasClosedMeanwhileIsNotUsed) {
  HttpClient client(io_);
  EXPECT_EQ(text(client, "POST", "/echo", "x"), "x");
  std::optional<bool> stopped;
  asio::co_spawn(io_, server_.stop(in(seconds(5))), [&](std::exception_ptr) { stopped = true; });
  until([&] { return stopped.has_value(); });
  HttpServer next(io_, [this](HttpExchange& exchange) { return serve(exchange); });
  ASSERT_TRUE(next.listen_tcp("127.0.0.1", port_));
  EXPECT_EQ(text(client, "POST", "/echo", "y"), "y");
}

TEST_F(HttpClientTest, ConnectingIsTriedAgain) {
  HttpClientLimits limits;
  limits.connect_tries = 3;
  HttpClient client(io_, limits);
  const auto before = steady_clock::now();
  EXPECT_EQ(send(client, HttpCall("GET", "http://127.0.0.1:1/")).error().kind,
            ErrorKind::unavailable);
  EXPECT_GE(steady_clock::now() - before, milliseconds(250));  // Two pauses.
  EXPECT_EQ(client.connections(), 0u);
}

TEST_F(HttpClientTest, AStreamThatWaitsHoldsLittleMemory) {
  constexpr int kStreams = 200;
  tcp::acceptor silent(io_, tcp::endpoint(asio::ip::address_v4::loopback(), 0));
  std::vector<tcp::socket> accepted;
  accepted.reserve(kStreams);
  const std::string head =
      "HTTP/1.1 200 OK\r\nContent-Type: application/connect+json\r\nTransfer-Encoding: "
      "chunked\r\nX-Some: " +
      std::string(300, 'x') + "\r\n\r\n";
  const auto accept = [&]() -> asio::awaitable<void> {
    for (int i = 0; i < kStreams; ++i) {
      tcp::socket socket = co_await silent.async_accept(asio::use_awaitable);
      co_await asio::async_write(socket, asio::buffer(head), asio::use_awaitable);
      accepted.push_back(std::move(socket));
    }
  };
  asio::co_spawn(io_, accept(), asio::detached);
  HttpClient client(io_);
  int waiting = 0;
  const auto follow = [&]() -> asio::awaitable<void> {
    HttpCall call("GET",
                  "http://127.0.0.1:" + std::to_string(silent.local_endpoint().port()) + "/");
    auto answer = co_await client.send(std::move(call), in(seconds(30)));
    if (!answer) co_return;
    ++waiting;
    std::string seen;
    static_cast<void>(co_await answer->append_to(seen));
  };
  const auto before = ::mallinfo2().uordblks;
  for (int i = 0; i < kStreams; ++i) asio::co_spawn(io_, follow(), asio::detached);
  until([&] { return waiting == kStreams; });
  const auto each = (::mallinfo2().uordblks - before) / kStreams;
  RecordProperty("bytes_per_stream", static_cast<int>(each));
  EXPECT_LT(each, 15'000u);  // The sockets of the other side are among them.
}

}  // namespace
}  // namespace genesis::net
