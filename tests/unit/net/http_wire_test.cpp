#include "genesis/net/http_wire.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace genesis::net {
namespace {

using testing::HasSubstr;
using testing::Not;

std::string body_of(HttpParser& parser, std::string_view bytes) {
  std::string body;
  char piece[7];
  while (!parser.body_done()) {
    const auto step = parser.body(bytes, piece, sizeof piece);
    if (!step) return "error: " + step.error().message;
    if (step->used == 0 && step->written == 0) break;
    bytes.remove_prefix(step->used);
    body.append(piece, step->written);
  }
  return body;
}

TEST(HttpParser, NeedsTheWholeHead) {
  const std::string head = "GET /a%2Fb?c=d HTTP/1.1\r\nHost: x\r\nX-Key: v\r\n\r\n";
  HttpParser parser(HttpParser::Reads::requests);
  for (std::size_t size = 0; size < head.size(); ++size) {
    const auto used = parser.head(std::string_view(head).substr(0, size));
    ASSERT_TRUE(used) << used.error().message;
    ASSERT_EQ(*used, 0u);
  }
  const auto used = parser.head(head + "next");
  ASSERT_TRUE(used);
  EXPECT_EQ(*used, head.size());
  EXPECT_EQ(parser.request().target, "/a%2Fb?c=d");
  ASSERT_NE(parser.request().find("x-key"), nullptr);
  EXPECT_EQ(*parser.request().find("X-KEY"), "v");
  EXPECT_EQ(parser.request().find("x-ke"), nullptr);
  EXPECT_TRUE(parser.body_done());
}

TEST(HttpParser, ReadsAnswersOfEveryLength) {
  HttpParser counted(HttpParser::Reads::answers);
  const std::string text = "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n";
  ASSERT_TRUE(counted.head(text));
  EXPECT_EQ(counted.body_end(), BodyEnd::length);
  EXPECT_EQ(counted.body_left(), 9u);
  EXPECT_EQ(body_of(counted, "123456789next"), "123456789");

  HttpParser chunks(HttpParser::Reads::answers);
  ASSERT_TRUE(chunks.head("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"));
  EXPECT_EQ(body_of(chunks, "a\r\n0123456789\r\n0\r\n\r\nnext"), "0123456789");
  EXPECT_TRUE(chunks.body_done());

  HttpParser until_close(HttpParser::Reads::answers);
  ASSERT_TRUE(until_close.head("HTTP/1.1 200 OK\r\n\r\n"));
  EXPECT_EQ(until_close.body_end(), BodyEnd::close);
  EXPECT_FALSE(until_close.body_done());

  for (const char* const head : {"HTTP/1.1 204 No Content\r\n\r\n", "HTTP/1.1 101 S\r\n\r\n",
                                 "HTTP/1.1 304 N\r\nContent-Length: 5\r\n\r\n"}) {
    HttpParser none(HttpParser::Reads::answers);
    ASSERT_TRUE(none.head(head));
    EXPECT_TRUE(none.body_done()) << head;
  }
}

TEST(HttpParser, AnAnswerToHeadHasNoBody) {
  HttpParser parser(HttpParser::Reads::answers);
  ASSERT_TRUE(parser.head("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n"));
  parser.expect_no_body();
  EXPECT_TRUE(parser.body_done());
}

TEST(AnswerHead, SaysHowTheBodyEnds) {
  EXPECT_EQ(*answer_head_text(204, {}, 0, 11, true), "HTTP/1.1 204 No Content\r\n\r\n");
  EXPECT_EQ(*answer_head_text(202, {}, 0, 11, true),
            "HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n");
  EXPECT_THAT(*answer_head_text(200, {}, std::nullopt, 11, false),
              HasSubstr("Transfer-Encoding: chunked\r\nConnection: close\r\n"));
  EXPECT_THAT(*answer_head_text(200, {}, std::nullopt, 10, false), Not(HasSubstr("chunked")));
  EXPECT_FALSE(answer_head_text(200, {{"A", "b\r\nEvil: yes"}}, 0, 11, true));
}

}  // namespace
}  // namespace genesis::net
