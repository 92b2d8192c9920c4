#include "launch/e2b/addressing.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

#include "launch/e2b/signed_url.h"

namespace genesis::launch::e2b {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Pair;

Addressing with(const std::map<std::string, std::string>& variables) {
  const auto settings = address_settings([&](const char* name) {
    const auto found = variables.find(name);
    return found == variables.end() ? std::string() : found->second;
  });
  auto made = Addressing::from(settings);
  if (!made) throw std::runtime_error(made.error().message);
  return *made;
}

TEST(Addressing, TheCloud) {
  const Addressing a = with({{"E2B_API_KEY", "k"}});
  EXPECT_EQ(a.control_url("/sandboxes"), "https://api.e2b.app/sandboxes");
  EXPECT_EQ(a.port_url("abc", "", kAgentPort), "https://sandbox.e2b.app");
  EXPECT_EQ(a.direct_url("abc", "", kAgentPort), "https://49983-abc.e2b.app");
  EXPECT_EQ(a.host("abc", "", 8000), "8000-abc.e2b.app");
  EXPECT_EQ(a.port_url("abc", "data.corp", kAgentPort), "https://49983-abc.data.corp");
  EXPECT_FALSE(a.is_custom());
}

TEST(Addressing, ADomainOfOnesOwn) {
  const Addressing a = with({{"E2B_DOMAIN", "my.corp"}});
  EXPECT_EQ(a.control_url("/x"), "https://api.my.corp/x");
  EXPECT_EQ(a.port_url("abc", "", kAgentPort), "https://49983-abc.my.corp");
  EXPECT_EQ(a.port_url("abc", "", 49999), "https://49999-abc.my.corp");
  EXPECT_TRUE(a.is_custom());
}

TEST(Addressing, OneUrlForAllSandboxes) {
  const Addressing a = with(
      {{"E2B_API_URL", "http://127.0.0.1:3000/"}, {"E2B_SANDBOX_URL", "http://127.0.0.1:3001/"}});
  EXPECT_EQ(a.control_url("/x"), "http://127.0.0.1:3000/x");
  EXPECT_EQ(a.port_url("abc", "data.corp", kAgentPort), "http://127.0.0.1:3001");
  EXPECT_EQ(a.direct_url("abc", "", kAgentPort), "http://127.0.0.1:3001");
  EXPECT_EQ(a.host("abc", "", 8000), "8000-abc.e2b.app");  // As the SDKs have it.
  EXPECT_THAT(a.routing("abc", 8000),
              ElementsAre(Pair("E2b-Sandbox-Id", "abc"), Pair("E2b-Sandbox-Port", "8000")));
}

TEST(Addressing, OpenKruiseByPath) {
  const Addressing a = with({{"E2B_API_URL", "https://pool.corp/kruise/api"}});
  EXPECT_TRUE(a.by_path());
  EXPECT_EQ(a.control_url("/sandboxes"), "https://pool.corp/kruise/api/sandboxes");
  EXPECT_EQ(a.port_url("ns--a", "", kAgentPort), "https://pool.corp/kruise/ns--a/49983");
  EXPECT_EQ(a.host("ns--a", "", 8000), "pool.corp/kruise/ns--a/8000");
  EXPECT_TRUE(a.routing("ns--a", 8000).empty());
  EXPECT_FALSE(with({{"E2B_API_URL", "https://pool.corp/kruise/api"},
                     {"E2B_SANDBOX_URL", "https://pool.corp"}})
                   .by_path());
}

TEST(Addressing, Debugging) {
  const Addressing a = with({{"E2B_DEBUG", "True"}});
  EXPECT_EQ(a.control_url("/x"), "http://localhost:3000/x");
  EXPECT_EQ(a.port_url("abc", "", kAgentPort), "http://localhost:49983");
  EXPECT_EQ(a.host("abc", "", 8000), "localhost:8000");
  EXPECT_FALSE(with({{"E2B_DEBUG", "1"}}).debug());
}

TEST(Addressing, TheKeyGoesBeforeTheToken) {
  EXPECT_EQ(with({{"E2B_API_TOKEN", "t"}}).api_key(), "t");
  EXPECT_EQ(with({{"E2B_API_TOKEN", "t"}, {"E2B_API_KEY", "k"}}).api_key(), "k");
}

TEST(Addressing, WhatIsNoAddressIsRefusedByName) {
  AddressSettings settings;
  settings.api_url = "127.0.0.1:3000";
  EXPECT_THAT(Addressing::from(settings).error().message, HasSubstr("E2B_API_URL"));
  settings.api_url.clear();
  settings.sandbox_url = "ftp://x";
  EXPECT_THAT(Addressing::from(settings).error().message, HasSubstr("E2B_SANDBOX_URL"));
  settings.sandbox_url.clear();
  settings.domain = "https://my.corp";
  EXPECT_THAT(Addressing::from(settings).error().message, HasSubstr("E2B_DOMAIN"));
}

TEST(SignedUrl, TheProtocolsExample) {
  EXPECT_EQ(file_signature("/a b.txt", "read", "", "tok123", std::nullopt),
            "v1_0Dp/n9fSDp5qZjwH040/QdMUHdHtYz3315C9wLEZm8U");
  SandboxHandle sandbox;
  sandbox.id = "abc";
  sandbox.access_token = "tok123";
  const Addressing a = with({{"E2B_SANDBOX_URL", "http://h"}});
  const auto url = signed_file_url(a, sandbox, "/a b.txt", false, "", std::nullopt);
  EXPECT_EQ(*url,
            "http://h/files?path=%2Fa%20b.txt&signature="
            "v1_0Dp%2Fn9fSDp5qZjwH040%2FQdMUHdHtYz3315C9wLEZm8U");
  EXPECT_THAT(*signed_file_url(a, sandbox, "x", true, "root", 1700000000),
              HasSubstr("&signature_expiration=1700000000"));
  sandbox.access_token.clear();
  EXPECT_EQ(*signed_file_url(a, sandbox, "x", true, "root", std::nullopt),
            "http://h/files?username=root&path=x");
  EXPECT_EQ(signed_file_url(a, sandbox, "x", true, "root", 17).error().kind, FailureKind::refused);
}

}  // namespace
}  // namespace genesis::launch::e2b
