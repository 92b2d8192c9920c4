#include "genesis/net/http_server.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/use_future.hpp>
#include <future>
#include <thread>

#include "genesis/base/fd.h"
#include "genesis/base/files.h"
#include "tests/support/raw_client.h"

namespace genesis::net {
namespace {

namespace asio = boost::asio;
using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

using tests::RawClient;

/// What the handler of these tests answers, by path.
class Pages {
 public:
  explicit Pages(asio::io_context& io) : io_(io), gate_(io) {
    gate_.expires_at(asio::steady_timer::time_point::max());
  }

  asio::awaitable<void> serve(HttpExchange& exchange) {
    const std::string& target = exchange.request().target;
    ++served;
    if (target == "/echo") {
      auto body = co_await exchange.read_whole_body(1u << 20);
      if (!body) {
        const bool long_one = body.error().kind == ErrorKind::invalid_argument;
        co_await answer(exchange, long_one ? 413 : 400, body.error().message);
        co_return;
      }
      co_await answer(exchange, 200, std::move(*body));
    } else if (target == "/wait") {
      waiting.set_value();
      co_await pass_gate();
      co_await answer(exchange, 200, "waited");
    } else if (target == "/stream") {
      co_await stream(exchange);
    } else if (target == "/joined" || target == "/joined-and-counted") {
      co_await joined(exchange, target != "/joined");
    } else if (target == "/file") {
      co_await file(exchange);
    } else if (target == "/peer") {
      exchange.on_peer_end([this](PeerEnd end) { peer_end.set_value(end); });
      co_await pass_gate();
      co_await answer(exchange, 200, "still here");
    } else if (target == "/silent") {
      co_return;
    } else if (target == "/throw") {
      throw std::runtime_error("on purpose");
    } else if (target == "/upgrade") {
      co_await upgrade(exchange);
    } else {
      co_await answer(exchange, target == "/nothing" ? 204 : 200, "");
    }
  }

  static asio::awaitable<void> answer(HttpExchange& exchange, int status, std::string body) {
    HttpReplyHead head(status);
    head.headers.emplace_back("Content-Type", "text/plain");
    const Status sent = co_await exchange.reply(std::move(head), std::move(body));
    static_cast<void>(sent);
  }

  asio::awaitable<void> stream(HttpExchange& exchange) {
    HttpReplyHead head(200);
    Status sent = co_await exchange.begin_reply(std::move(head));
    if (sent) sent = co_await exchange.write("first");
    co_await pass_gate();
    if (sent) sent = co_await exchange.write("second");
    if (sent) sent = co_await exchange.end_reply();
  }

  /// The first piece goes with the head, the last with the end.
  asio::awaitable<void> joined(HttpExchange& exchange, bool counted) {
    HttpReplyHead head(200);
    if (counted) head.content_length = 15;
    std::string first = "first";
    Status sent = co_await exchange.begin_reply(std::move(head), std::move(first));
    if (sent) sent = co_await exchange.write("middle");
    std::string last = "last";
    if (sent) sent = co_await exchange.end_reply(std::move(last));
  }

  asio::awaitable<void> file(HttpExchange& exchange) {
    const Fd fd(::open(file_path.c_str(), O_RDONLY | O_CLOEXEC));
    HttpReplyHead head(200);
    head.content_length = file_length;
    Status sent = co_await exchange.begin_reply(std::move(head));
    if (sent) sent = co_await exchange.send_file(fd.get(), file_offset, file_length);
    if (sent) sent = co_await exchange.end_reply();
  }

  asio::awaitable<void> upgrade(HttpExchange& exchange) {
    HttpReplyHead head(101);
    head.headers.emplace_back("Upgrade", "shout");
    head.headers.emplace_back("Connection", "Upgrade");
    const Status sent = co_await exchange.send_interim(std::move(head));
    if (!sent) co_return;
    exchange.take_over();
    std::string text = exchange.take_buffered();
    std::array<char, 64> piece;
    boost::system::error_code failure;
    while (text.find('.') == std::string::npos && !failure) {
      const std::size_t count = co_await exchange.bare_socket().async_read_some(
          asio::buffer(piece), asio::redirect_error(asio::use_awaitable, failure));
      text.append(piece.data(), count);
    }
    for (char& letter : text) letter = static_cast<char>(std::toupper(letter));
    co_await exchange.bare_socket().async_write_some(
        asio::buffer(text), asio::redirect_error(asio::use_awaitable, failure));
  }

  void open_gate() {
    asio::post(io_, [this] {
      open_ = true;
      gate_.cancel();
    });
  }
  asio::awaitable<void> pass_gate() {
    boost::system::error_code ignored;
    if (!open_) co_await gate_.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
  }

  std::promise<void> waiting;
  std::promise<PeerEnd> peer_end;
  std::atomic<int> served{0};
  std::string file_path;
  std::uint64_t file_offset = 0;
  std::uint64_t file_length = 0;

 private:
  asio::io_context& io_;
  asio::steady_timer gate_;
  bool open_ = false;
};

class HttpServerTest : public testing::Test {
 protected:
  void start(HttpLimits limits = {}) {
    server_ = std::make_unique<HttpServer>(
        io_, [this](HttpExchange& exchange) { return pages_.serve(exchange); }, limits);
    const auto port = server_->listen_tcp("127.0.0.1", 0);
    ASSERT_TRUE(port) << port.error().message;
    port_ = *port;
    run();
  }
  void run() {
    thread_ = std::thread([this] { io_.run(); });
  }
  void TearDown() override {
    if (!thread_.joinable()) return;
    stop(Millis{0});
    work_.reset();
    thread_.join();
  }
  void stop(Millis patience) {
    asio::co_spawn(io_, server_->stop(std::chrono::steady_clock::now() + patience),
                   asio::use_future)
        .get();
  }
  std::size_t connections() {
    return asio::post(io_, asio::use_future([this] { return server_->connections(); })).get();
  }
  /// A client sees the end before the server has let go of its side.
  bool all_are_gone() {
    const auto patience = std::chrono::steady_clock::now() + std::chrono::seconds{10};
    while (connections() > 0 && std::chrono::steady_clock::now() < patience) {
      std::this_thread::yield();
    }
    return connections() == 0;
  }
  std::string ask(const std::string& request) {
    RawClient client(port_);
    client.send(request);
    client.end_sending();
    return client.read_to_end();
  }

  asio::io_context io_{1};
  asio::executor_work_guard<asio::io_context::executor_type> work_{io_.get_executor()};
  Pages pages_{io_};
  std::unique_ptr<HttpServer> server_;
  std::uint16_t port_ = 0;
  std::thread thread_;
};

TEST_F(HttpServerTest, AnswersSeveralRequestsOfOneConnection) {
  start();
  RawClient client(port_);
  for (int turn = 0; turn < 3; ++turn) {
    client.send("POST /echo HTTP/1.1\r\nhost: x\r\ncontent-length: 5\r\n\r\nhello");
    EXPECT_THAT(client.read_answer(), EndsWith("Content-Length: 5\r\n\r\nhello"));
  }
  EXPECT_EQ(connections(), 1u);
}

TEST_F(HttpServerTest, AnswersPipelinedRequestsInOrder) {
  start();
  RawClient client(port_);
  client.send(
      "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\none"
      "POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3\r\ntwo\r\n0\r\n\r\n"
      "GET /other HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
  const std::string answers = client.read_to_end();
  const auto one = answers.find("\r\n\r\none");
  const auto two = answers.find("\r\n\r\ntwo");
  ASSERT_NE(one, std::string::npos) << answers;
  ASSERT_NE(two, std::string::npos) << answers;
  EXPECT_LT(one, two);
  EXPECT_THAT(answers, EndsWith("Connection: close\r\n\r\n"));
}

TEST_F(HttpServerTest, ReadsChunksHoweverTheyAreCut) {
  start();
  const std::string request =
      "POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
      "4;name=value\r\nWiki\r\n5\r\npedia\r\n0\r\nTrailer: gone\r\n\r\n";
  RawClient client(port_);
  for (const char letter : request) ASSERT_TRUE(client.send(std::string_view(&letter, 1)));
  EXPECT_THAT(client.read_answer(), EndsWith("\r\n\r\nWikipedia"));
  client.send(request);
  EXPECT_THAT(client.read_answer(), EndsWith("\r\n\r\nWikipedia"));
}

TEST_F(HttpServerTest, ServesUnixSocketsAndInheritedOnes) {
  const TempDir folder;
  const std::string path = folder.path() / "s";
  const int listener = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  path.copy(address.sun_path, sizeof address.sun_path - 1);
  ASSERT_EQ(::bind(listener, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  server_ = std::make_unique<HttpServer>(
      io_, [this](HttpExchange& exchange) { return pages_.serve(exchange); });
  const int plain = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
  EXPECT_FALSE(server_->adopt(plain));
  ASSERT_EQ(::listen(listener, 8), 0);
  ASSERT_TRUE(server_->adopt(listener));
  run();
  RawClient client(path);
  client.send("POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\nhi");
  EXPECT_THAT(client.read_answer(), EndsWith("\r\n\r\nhi"));
}

TEST_F(HttpServerTest, SendsEachPieceAtOnce) {
  start();
  RawClient client(port_);
  client.send("GET /stream HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_THAT(client.read_until("first\r\n"),
              HasSubstr("Transfer-Encoding: chunked\r\n\r\n5\r\nfirst"));
  pages_.open_gate();
  EXPECT_EQ(client.read_until("0\r\n\r\n"), "6\r\nsecond\r\n0\r\n\r\n");
}

TEST_F(HttpServerTest, PiecesThatGoWithTheHeadAndTheEndAreOfTheBody) {
  start();
  RawClient chunks(port_);
  chunks.send("GET /joined HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_THAT(chunks.read_until("0\r\n\r\n"),
              EndsWith("\r\n\r\n5\r\nfirst\r\n6\r\nmiddle\r\n4\r\nlast\r\n0\r\n\r\n"));
  RawClient counted(port_);
  counted.send("GET /joined-and-counted HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_THAT(counted.read_until("last"), EndsWith("\r\n\r\nfirstmiddlelast"));
}

TEST_F(HttpServerTest, StreamsToOldClientsUntilItCloses) {
  start();
  RawClient client(port_);
  client.send("GET /stream HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
  EXPECT_THAT(client.read_until("first"), Not(HasSubstr("chunked")));
  pages_.open_gate();
  EXPECT_EQ(client.read_to_end(), "second");
}

TEST_F(HttpServerTest, EmptyAnswersSayThatTheyAreEmpty) {
  start();
  EXPECT_THAT(ask("GET / HTTP/1.1\r\nHost: x\r\n\r\n"), HasSubstr("Content-Length: 0\r\n"));
  const std::string nothing = ask("GET /nothing HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_THAT(nothing, StartsWith("HTTP/1.1 204 No Content\r\n"));
  EXPECT_THAT(nothing, Not(HasSubstr("Content-Length")));
  const std::string head = ask("HEAD /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc");
  EXPECT_THAT(head, HasSubstr("Content-Length: 3\r\n"));
  EXPECT_THAT(head, EndsWith("\r\n\r\n"));
}

TEST_F(HttpServerTest, SendsFilesByOffset) {
  const TempDir folder;
  std::string content(3u << 20, 'x');
  for (std::size_t i = 0; i < content.size(); ++i) content[i] = static_cast<char>('a' + i % 23);
  pages_.file_path = folder.path() / "f";
  ASSERT_TRUE(write_file(pages_.file_path, content));
  pages_.file_offset = 1000;
  pages_.file_length = content.size() - 3000;
  start();
  RawClient client(port_);
  client.send("GET /file HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
  const std::string head = client.read_until("\r\n\r\n");
  EXPECT_EQ(client.read_to_end(), content.substr(1000, content.size() - 3000)) << head;
}

TEST_F(HttpServerTest, AHalfClosedClientStillGetsItsAnswer) {
  start();
  RawClient client(port_);
  client.send("GET /wait HTTP/1.1\r\nHost: x\r\n\r\n");
  client.end_sending();
  pages_.waiting.get_future().wait();
  pages_.open_gate();
  EXPECT_THAT(client.read_to_end(), EndsWith("waited"));
}

TEST_F(HttpServerTest, TellsThatTheClientWentAway) {
  start();
  {
    RawClient client(port_);
    client.send("GET /peer HTTP/1.1\r\nHost: x\r\n\r\n");
    client.end_sending();
    EXPECT_EQ(pages_.peer_end.get_future().get(), PeerEnd::half_closed);
    pages_.open_gate();
    EXPECT_THAT(client.read_to_end(), EndsWith("still here"));
  }
}

TEST_F(HttpServerTest, GivesTheBareSocketAfterAnUpgrade) {
  start();
  RawClient client(port_);
  client.send("GET /upgrade HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: s\r\n\r\near");
  EXPECT_THAT(client.read_until("\r\n\r\n"), StartsWith("HTTP/1.1 101 Switching Protocols\r\n"));
  client.send("ly.");
  EXPECT_EQ(client.read_to_end(), "EARLY.");
}

TEST_F(HttpServerTest, ContinuesAClientThatWaits) {
  start();
  RawClient client(port_);
  client.send(
      "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n");
  EXPECT_EQ(client.read_until("\r\n\r\n"), "HTTP/1.1 100 Continue\r\n\r\n");
  client.send("ok");
  EXPECT_THAT(client.read_answer(), EndsWith("\r\n\r\nok"));
  // One whose body nobody wants is not asked to send it, and the connection ends.
  client.send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n");
  EXPECT_THAT(client.read_to_end(), HasSubstr("Connection: close"));
}

TEST_F(HttpServerTest, AHandlerThatAnswersNothingOrThrowsIsA500) {
  start();
  EXPECT_THAT(ask("GET /silent HTTP/1.1\r\nHost: x\r\n\r\n"), StartsWith("HTTP/1.1 500 "));
  EXPECT_THAT(ask("GET /throw HTTP/1.1\r\nHost: x\r\n\r\n"),
              HasSubstr(R"({"code":500,"message":"internal error"})"));
}

TEST_F(HttpServerTest, AShortBodyThatNobodyReadIsPassedOver) {
  start();
  RawClient client(port_);
  client.send(
      "POST /other HTTP/1.1\r\nHost: x\r\nContent-Length: 20\r\n\r\nGET /evil HTTP/1.1\r\n");
  client.read_answer();
  client.send("POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\nok");
  EXPECT_THAT(client.read_answer(), EndsWith("\r\n\r\nok"));
  EXPECT_EQ(pages_.served, 2);
}

TEST_F(HttpServerTest, ALongBodyIsRefusedAndTheClientSeesWhy) {
  start();
  RawClient client(port_);
  client.send("POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 3000000\r\n\r\n");
  client.send(std::string(3'000'000, 'x'));
  EXPECT_THAT(client.read_to_end(), StartsWith("HTTP/1.1 413 "));
}

struct Smuggled {
  const char* name;
  std::string request;
  int status;
};

class HttpSmuggling : public HttpServerTest, public testing::WithParamInterface<Smuggled> {};

TEST_P(HttpSmuggling, IsRefusedAndTheConnectionEnds) {
  start();
  RawClient client(port_);
  client.send(GetParam().request);
  client.send("GET /evil HTTP/1.1\r\nHost: x\r\n\r\n");
  const std::string answer = client.read_to_end();
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 " + std::to_string(GetParam().status) + " "));
  EXPECT_EQ(answer.find("HTTP/1.1", 8), std::string::npos) << answer;
  EXPECT_EQ(pages_.served, 0);
}

const Smuggled kSmuggled[] = {
    {"BothLengths",
     "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\nTransfer-Encoding: "
     "chunked\r\n\r\n0\r\n\r\n",
     400},
    {"DifferingLengths",
     "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\nContent-Length: 5\r\n\r\nabcd", 400},
    {"LengthList", "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 4, 4\r\n\r\nabcd", 400},
    {"SignedLength", "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: +4\r\n\r\nabcd", 400},
    {"HugeLength", "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999999999999\r\n\r\nabcd",
     400},
    {"OtherCoding",
     "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", 501},
    {"CodingTwice",
     "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: "
     "chunked\r\n\r\n0\r\n\r\n",
     400},
    {"ChunksInOldVersion",
     "POST / HTTP/1.0\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400},
    {"FoldedHeader", "GET / HTTP/1.1\r\nHost: x\r\nA: b\r\n c\r\n\r\n", 400},
    {"BareLineFeed", "GET / HTTP/1.1\nHost: x\n\n", 400},
    {"BareLineFeedInside", "GET / HTTP/1.1\r\nHost: x\nA: b\r\n\r\n", 400},
    {"BareReturn", "GET / HTTP/1.1\r\nHost: x\r\nA: b\rContent-Length: 3\r\n\r\n", 400},
    {"SpaceBeforeColon", "GET / HTTP/1.1\r\nHost: x\r\nContent-Length : 3\r\n\r\n", 400},
    {"SpaceInTarget", "GET /a b HTTP/1.1\r\nHost: x\r\n\r\n", 400},
    {"ControlInTarget", "GET /a\x01 HTTP/1.1\r\nHost: x\r\n\r\n", 400},
    {"NulInHeader", std::string("GET / HTTP/1.1\r\nHost: x\r\nA: b").append(1, '\0') + "c\r\n\r\n",
     400},
    {"NoHost", "GET / HTTP/1.1\r\n\r\n", 400},
    {"TwoHosts", "GET / HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n", 400},
    {"NotHttp", "\x16\x03\x01\x02 hello\r\n\r\n", 400},
    {"OtherVersion", "GET / HTTP/2.0\r\nHost: x\r\n\r\n", 501},
};

INSTANTIATE_TEST_SUITE_P(Attempts, HttpSmuggling, testing::ValuesIn(kSmuggled),
                         [](const auto& attempt) { return std::string(attempt.param.name); });

TEST_F(HttpServerTest, ABadChunkEndsTheConnection) {
  start();
  RawClient client(port_);
  client.send("POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nabc\r\n");
  const std::string answer = client.read_to_end();
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 400 "));
  EXPECT_THAT(answer, HasSubstr("Connection: close"));
}

TEST_F(HttpServerTest, AnOversizeHeadIsRefused) {
  HttpLimits limits;
  limits.head_bytes = 8192;
  start(limits);
  RawClient client(port_);
  client.send("GET / HTTP/1.1\r\nHost: x\r\nA: " + std::string(9000, 'a') + "\r\n\r\n");
  EXPECT_THAT(client.read_to_end(), StartsWith("HTTP/1.1 431 "));
}

TEST_F(HttpServerTest, ASlowHeadIsCutAndOthersAreServed) {
  HttpLimits limits;
  limits.head_deadline = Millis{500};
  start(limits);
  RawClient slow(port_);
  slow.send("GET / HTTP/1.1\r\nHost:");
  EXPECT_THAT(ask("GET / HTTP/1.1\r\nHost: x\r\n\r\n"), StartsWith("HTTP/1.1 200 "));
  EXPECT_TRUE(slow.ended());
  EXPECT_TRUE(all_are_gone());
}

TEST_F(HttpServerTest, ABodyThatStopsIsCut) {
  HttpLimits limits;
  limits.body_idle = Millis{60};
  start(limits);
  RawClient client(port_);
  client.send("POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nab");
  EXPECT_TRUE(client.ended());
}

TEST_F(HttpServerTest, AClientThatReadsNothingIsCut) {
  const TempDir folder;
  pages_.file_path = folder.path() / "f";
  ASSERT_TRUE(write_file(pages_.file_path, std::string(32u << 20, 'x')));
  pages_.file_length = 32u << 20;
  HttpLimits limits;
  limits.write_idle = Millis{60};
  start(limits);
  RawClient client(port_);
  client.send("GET /file HTTP/1.1\r\nHost: x\r\n\r\n");
  const auto patience = std::chrono::steady_clock::now() + std::chrono::seconds{10};
  while (pages_.served == 0 && std::chrono::steady_clock::now() < patience) {
    std::this_thread::yield();
  }
  EXPECT_TRUE(all_are_gone());
}

TEST_F(HttpServerTest, TheOldestIdleConnectionMakesRoom) {
  HttpLimits limits;
  limits.idle_connections = 2;
  start(limits);
  std::vector<std::unique_ptr<RawClient>> clients;
  for (int i = 0; i < 3; ++i) {
    clients.push_back(std::make_unique<RawClient>(port_));
    clients.back()->send("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    clients.back()->read_answer();
  }
  EXPECT_TRUE(clients[0]->ended());
  clients[2]->send("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_THAT(clients[2]->read_answer(), StartsWith("HTTP/1.1 200 "));
}

TEST_F(HttpServerTest, AFullServerLetsTheNextInWhenOneIsIdle) {
  HttpLimits limits;
  limits.connections = 2;
  start(limits);
  RawClient busy(port_);
  busy.send("GET /wait HTTP/1.1\r\nHost: x\r\n\r\n");
  pages_.waiting.get_future().wait();
  RawClient idle(port_);
  idle.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
  idle.read_answer();
  EXPECT_THAT(ask("GET / HTTP/1.1\r\nHost: x\r\n\r\n"), StartsWith("HTTP/1.1 200 "));
  EXPECT_TRUE(idle.ended());
  pages_.open_gate();
  EXPECT_THAT(busy.read_answer(), EndsWith("waited"));
}

TEST_F(HttpServerTest, StopWaitsForAnAnswerInProgress) {
  start();
  RawClient idle(port_);
  idle.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
  idle.read_answer();
  RawClient client(port_);
  client.send("GET /wait HTTP/1.1\r\nHost: x\r\n\r\n");
  pages_.waiting.get_future().wait();
  auto stopped = std::async(std::launch::async, [this] { stop(std::chrono::seconds{30}); });
  EXPECT_TRUE(idle.ended());
  pages_.open_gate();
  const std::string answer = client.read_to_end();
  EXPECT_THAT(answer, HasSubstr("Connection: close"));
  EXPECT_THAT(answer, EndsWith("waited"));
  stopped.get();
  EXPECT_FALSE(RawClient(port_).connected());
}

TEST_F(HttpServerTest, StopCancelsWhatIsLate) {
  start();
  RawClient client(port_);
  client.send("GET /wait HTTP/1.1\r\nHost: x\r\n\r\n");
  pages_.waiting.get_future().wait();
  stop(Millis{20});
  EXPECT_EQ(client.read_to_end(), "");
  EXPECT_EQ(connections(), 0u);
}

TEST_F(HttpServerTest, APortThatIsTakenIsSaidWithARemedy) {
  start();
  HttpServer other(io_, [this](HttpExchange& exchange) { return pages_.serve(exchange); });
  const auto port = other.listen_tcp("127.0.0.1", port_);
  ASSERT_FALSE(port);
  EXPECT_THAT(port.error().message, HasSubstr("choose another port"));
  EXPECT_FALSE(other.listen_tcp("localhost", 0));
}

}  // namespace
}  // namespace genesis::net
