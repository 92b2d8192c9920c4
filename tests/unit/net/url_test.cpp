#include "genesis/net/url.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace genesis::net {
namespace {

TEST(UrlTest, ItsParts) {
  const Url url = parse_url("https://Hooks.Example.com/services/T0/x?a=b#frag").value();
  EXPECT_TRUE(url.tls);
  EXPECT_EQ(url.host, "hooks.example.com");
  EXPECT_EQ(url.port, "443");
  EXPECT_EQ(url.target, "/services/T0/x?a=b");
  EXPECT_EQ(url.authority(), "hooks.example.com:443");
  EXPECT_EQ(url.origin(), "https://hooks.example.com:443");
}

TEST(UrlTest, DefaultsAndAddresses) {
  EXPECT_EQ(parse_url("http://h").value().target, "/");
  EXPECT_EQ(parse_url("http://h").value().port, "80");
  EXPECT_EQ(parse_url("http://h?x=1").value().target, "/?x=1");
  EXPECT_EQ(parse_url("http://127.0.0.1:8080/a").value().authority(), "127.0.0.1:8080");
  const Url v6 = parse_url("https://[::1]:8443/").value();
  EXPECT_EQ(v6.host, "::1");
  EXPECT_EQ(v6.authority(), "[::1]:8443");
  EXPECT_EQ(parse_url("http://me:p%40ss@h/").value().user_info, "me:p@ss");
}

TEST(UrlTest, WhatIsNoneIsRefusedAndNotRepeated) {
  for (const char* text :
       {"", "h", "//h", "ftp://h/secret", "http:///secret", "http://h:99999/secret",
        "http://h:0/secret", "http://h/a b", "http://h\r\nX: secret", "https://", "file:///secret",
        "http://a%0d%0ab/secret", "http://a%2fb/secret"}) {
    const auto url = parse_url(text);
    ASSERT_FALSE(url) << text;
    EXPECT_EQ(url.error().kind, ErrorKind::invalid_argument);
    EXPECT_THAT(url.error().message, testing::Not(testing::HasSubstr("secret")));
  }
}

}  // namespace
}  // namespace genesis::net
