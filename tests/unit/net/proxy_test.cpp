#include "genesis/net/proxy.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace genesis::net {
namespace {

Url url(std::string_view text) {
  return parse_url(text).value();
}

TEST(ProxyTest, NoProxyNamesHostsDomainsAndPorts) {
  const Url host = url("https://api.example.com/");
  for (const char* list : {"*", "api.example.com", "example.com", ".example.com", "EXAMPLE.com",
                           "other, example.com ", "api.example.com:443", "x,,*"}) {
    EXPECT_TRUE(goes_directly(host, list)) << list;
  }
  for (const char* list : {"", ",", "ample.com", "api.example.com:80", "www.example.com",
                           "api.example.com.evil", "."}) {
    EXPECT_FALSE(goes_directly(host, list)) << list;
  }
  EXPECT_TRUE(goes_directly(url("https://[::1]:8443/"), "::1"));
  EXPECT_TRUE(goes_directly(url("https://[::1]:8443/"), "[::1]:8443"));
  EXPECT_FALSE(goes_directly(url("https://[::1]:8443/"), "[::1]:443"));
  EXPECT_TRUE(goes_directly(url("https://10.0.0.1/"), "10.0.0.1"));
}

TEST(ProxyTest, OnlyHttpsGoesThroughIt) {
  const ProxySettings settings{"http://proxy:3128", "internal"};
  EXPECT_EQ(proxy_for(url("https://a.org/"), settings).value()->authority(), "proxy:3128");
  EXPECT_FALSE(proxy_for(url("http://a.org/"), settings).value());
  EXPECT_FALSE(proxy_for(url("https://x.internal/"), settings).value());
  EXPECT_FALSE(proxy_for(url("https://a.org/"), {}).value());
}

TEST(ProxyTest, ItsUrlMayBeBareAndMustBeHttp) {
  EXPECT_EQ(proxy_for(url("https://a.org/"), {"proxy:3128", ""}).value()->authority(),
            "proxy:3128");
  const auto tls = proxy_for(url("https://a.org/"), {"https://proxy:3128", ""});
  ASSERT_FALSE(tls);
  EXPECT_EQ(tls.error().kind, ErrorKind::unsupported);
  const auto wrong = proxy_for(url("https://a.org/"), {"http://:1", ""});
  ASSERT_FALSE(wrong);
  EXPECT_THAT(wrong.error().message, testing::HasSubstr("HTTPS_PROXY"));
}

}  // namespace
}  // namespace genesis::net
