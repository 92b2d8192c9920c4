// Against a server on loopback that answers with scripted bytes. TLS is driven by
// tests/system/hooks_test.py.
#include "genesis/net/http_request.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/write.hpp>

namespace genesis::net {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::HasSubstr;

/// Takes one connection, reads until the request's end, writes the answer and closes.
class OneAnswer {
 public:
  OneAnswer(asio::io_context& io, std::string answer, bool closes = true)
      : acceptor_(io, tcp::endpoint(asio::ip::address_v4::loopback(), 0)),
        socket_(io),
        answer_(std::move(answer)),
        closes_(closes) {
    acceptor_.async_accept(socket_, [this](const boost::system::error_code& failure) {
      if (!failure) read();
    });
  }
  std::string url(const std::string& target = "/hook") const {
    return "http://127.0.0.1:" + std::to_string(acceptor_.local_endpoint().port()) + target;
  }
  const std::string& request() const { return request_; }

 private:
  void read() {
    socket_.async_read_some(asio::buffer(piece_),
                            [this](const boost::system::error_code& failure, std::size_t got) {
                              if (failure) return;
                              request_.append(piece_.data(), got);
                              if (request_.ends_with("the end"))
                                write();
                              else
                                read();
                            });
  }
  void write() {
    asio::async_write(socket_, asio::buffer(answer_),
                      [this](const boost::system::error_code&, std::size_t) {
                        boost::system::error_code ignored;
                        if (closes_) socket_.close(ignored);
                      });
  }

  tcp::acceptor acceptor_;
  tcp::socket socket_;
  std::string answer_;
  bool closes_;
  std::array<char, 4096> piece_;
  std::string request_;
};

class HttpRequestTest : public testing::Test {
 protected:
  static HttpRequest post(const std::string& url) {
    HttpRequest request;
    request.method = "POST";
    request.url = url;
    request.headers = {{"X-Token", "abc"}};
    request.body = "{\"a\":1} the end";
    return request;
  }

  Result<HttpResponse> send(HttpRequest request, milliseconds within = seconds(30)) {
    std::optional<Result<HttpResponse>> answer;
    asio::co_spawn(io_,
                   http_request(io_, std::move(request), std::chrono::steady_clock::now() + within),
                   [&](std::exception_ptr failure, Result<HttpResponse> given) {
                     EXPECT_FALSE(failure);
                     answer = std::move(given);
                   });
    while (!answer) io_.run_one();
    return *answer;
  }

  asio::io_context io_{1};
  const asio::executor_work_guard<asio::io_context::executor_type> work_{
      io_.get_executor()};  // it never runs dry
};

TEST_F(HttpRequestTest, SendsAndReads) {
  OneAnswer server(io_, "HTTP/1.1 201 Created\r\nContent-Length: 5\r\nX-A: b\r\n\r\nhello");
  const auto answer = send(post(server.url("/x?y=z")));
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_EQ(answer->status, 201);
  EXPECT_EQ(answer->body, "hello");
  EXPECT_FALSE(answer->truncated);
  EXPECT_THAT(answer->headers, testing::Contains(testing::Pair("X-A", "b")));
  EXPECT_THAT(server.request(), testing::StartsWith("POST /x?y=z HTTP/1.1\r\n"));
  EXPECT_THAT(server.request(), HasSubstr("X-Token: abc\r\n"));
  EXPECT_THAT(server.request(), HasSubstr("Content-Length: 15\r\n"));
  EXPECT_THAT(server.request(), HasSubstr("Host: 127.0.0.1:"));
}

TEST_F(HttpRequestTest, ChunksInterimAnswersAndBodiesUntilTheClose) {
  OneAnswer chunked(io_,
                    "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nTransfer-Encoding: "
                    "chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n");
  EXPECT_EQ(send(post(chunked.url()))->body, "abcde");
  OneAnswer closing(io_, "HTTP/1.0 200 OK\r\n\r\nuntil the close");
  EXPECT_EQ(send(post(closing.url()))->body, "until the close");
  OneAnswer empty(io_, "HTTP/1.1 204 No Content\r\n\r\n", false);
  EXPECT_EQ(send(post(empty.url()))->status, 204);
}

TEST_F(HttpRequestTest, ALongBodyIsCutAndAHugePromiseTakesNoMemory) {
  OneAnswer server(
      io_,
      "HTTP/1.1 200 OK\r\nContent-Length: 9000000000000000000\r\n\r\n" + std::string(100'000, 'x'),
      false);
  HttpRequest request = post(server.url());
  request.max_response_bytes = 1000;
  const auto answer = send(std::move(request));
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_TRUE(answer->truncated);
  EXPECT_EQ(answer->body.size(), 1000u);
}

TEST_F(HttpRequestTest, WhatIsNotHttpIsRefused) {
  OneAnswer server(io_, "220 smtp.example.com ESMTP\r\n\r\n");
  const auto answer = send(post(server.url("/secret-path")));
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().kind, ErrorKind::parse);
  EXPECT_THAT(answer.error().message, HasSubstr("127.0.0.1"));
  EXPECT_THAT(answer.error().message, testing::Not(HasSubstr("secret-path")));
}

TEST_F(HttpRequestTest, EndlessHeadersAreRefused) {
  OneAnswer server(io_, "HTTP/1.1 200 OK\r\nX: " + std::string(200'000, 'x'), false);
  EXPECT_FALSE(send(post(server.url())));
}

TEST_F(HttpRequestTest, ABrokenConnectionIsUnavailable) {
  OneAnswer server(io_, "HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nonly this");
  const auto answer = send(post(server.url()));
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().kind, ErrorKind::unavailable);
}

TEST_F(HttpRequestTest, NobodyListensIsUnavailable) {
  std::string url;
  {
    const OneAnswer gone(io_, "");
    url = gone.url();
  }
  io_.poll();
  const auto answer = send(post(url));
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().kind, ErrorKind::unavailable);
}

TEST_F(HttpRequestTest, NamesAreLookedUp) {
  OneAnswer server(io_, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
  std::string url = server.url();
  url.replace(url.find("127.0.0.1"), 9, "localhost");
  const auto answer = send(post(url));
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_EQ(answer->body, "ok");
}

TEST_F(HttpRequestTest, ANameThatIsNoneIsUnavailable) {
  const auto answer = send(post("http://no-such-host.invalid/secret-path"));
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().kind, ErrorKind::unavailable);
  EXPECT_THAT(answer.error().message, HasSubstr("no-such-host.invalid:80: find its address"));
}

TEST_F(HttpRequestTest, WhoWaitsForANameMayGoAway) {
  // The look-up goes on by itself and finds nobody.
  for (int i = 0; i < 20; ++i) {
    asio::io_context io(1);
    asio::co_spawn(io,
                   http_request(io, post("http://no-such-host.invalid/"),
                                std::chrono::steady_clock::now() + seconds(30)),
                   [](std::exception_ptr, const Result<HttpResponse>&) {});
    io.poll();
  }
}

TEST_F(HttpRequestTest, TheDeadlineEndsAWaitForTheAnswer) {
  OneAnswer silent(io_, "", false);
  const auto answer = send(post(silent.url()), milliseconds(100));
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().kind, ErrorKind::timeout);
}

TEST_F(HttpRequestTest, WhatMayNotBeSentIsRefusedBeforeAnythingIs) {
  HttpRequest split = post("http://127.0.0.1:1/");
  split.headers = {{"X", "a\r\nY: b"}};
  EXPECT_EQ(send(split).error().kind, ErrorKind::invalid_argument);
  HttpRequest method = post("http://127.0.0.1:1/");
  method.method = "GET /";
  EXPECT_EQ(send(method).error().kind, ErrorKind::invalid_argument);
  EXPECT_EQ(send(post("gopher://x/")).error().kind, ErrorKind::invalid_argument);
}

}  // namespace
}  // namespace genesis::net
