#include "launch/sandbox_server/routing.h"

#include <gtest/gtest.h>

namespace genesis::sandbox_server {
namespace {

using Kind = Destination::Kind;

Answer<Destination> routed(std::string target, net::Headers headers) {
  net::HttpRequestHead request;
  request.target = std::move(target);
  request.headers = std::move(headers);
  return route(request);
}

struct Way {
  const char* what;
  const char* target;
  net::Headers headers;
  Kind kind;
  const char* id;
  int port;
  const char* inner;
};

TEST(Routing, FindsTheSandbox) {
  const Way ways[] = {
      {"headers",
       "/health?a=b",
       {{"Host", "localhost:3000"}, {"e2b-sandbox-id", "s1"}, {"e2b-sandbox-port", "49983"}},
       Kind::sandbox,
       "s1",
       49983,
       "/health?a=b"},
      {"headers win over path and host",
       "/kruise/s2/80/x",
       {{"Host", "80-s3.a.b"}, {"E2b-Sandbox-Id", "s1"}, {"E2b-Sandbox-Port", "81"}},
       Kind::sandbox,
       "s1",
       81,
       "/kruise/s2/80/x"},
      {"an old id with its client's",
       "/x",
       {{"e2b-sandbox-id", "s1-abc"}, {"e2b-sandbox-port", "1"}},
       Kind::sandbox,
       "s1",
       1,
       "/x"},
      {"host", "/x", {{"Host", "49999-s1.example.com:3000"}}, Kind::sandbox, "s1", 49999, "/x"},
      {"host with a client's id",
       "/x",
       {{"Host", "80-s1-c.example.com"}},
       Kind::sandbox,
       "s1",
       80,
       "/x"},
      {"path", "/kruise/s1/8080/a/b?c=d", {{"Host", "x"}}, Kind::sandbox, "s1", 8080, "/a/b?c=d"},
      {"path without rest", "/kruise/s1/8080", {}, Kind::sandbox, "s1", 8080, "/"},
      {"path with a query only", "/kruise/s1/8080?c=d", {}, Kind::sandbox, "s1", 8080, "/?c=d"},
      {"path before host", "/kruise/s1/80/", {{"Host", "81-s2.a.b"}}, Kind::sandbox, "s1", 80, "/"},
      {"OpenKruise's API",
       "/kruise/api/v2/sandboxes?x=1",
       {{"Host", "x"}},
       Kind::kruise_api,
       "",
       0,
       "/v2/sandboxes?x=1"},
      {"control plane",
       "/sandboxes",
       {{"Host", "api.example.com"}},
       Kind::control,
       "",
       0,
       "/sandboxes"},
      {"absolute form",
       "http://h:1/v2/sandboxes",
       {{"Host", "h"}},
       Kind::control,
       "",
       0,
       "/v2/sandboxes"},
      {"signed file",
       "/files?path=%2Fa&signature=v1_x",
       {{"Host", "h"}},
       Kind::signed_file,
       "",
       0,
       "/files?path=%2Fa&signature=v1_x"},
  };
  for (const Way& way : ways) {
    const auto found = routed(way.target, way.headers);
    ASSERT_TRUE(found) << way.what << ": " << found.error().message;
    EXPECT_EQ(found->kind, way.kind) << way.what;
    EXPECT_EQ(found->id, way.id) << way.what;
    EXPECT_EQ(found->port, way.port) << way.what;
    EXPECT_EQ(found->target, way.inner) << way.what;
  }
}

TEST(Routing, RefusesWhatNamesNone) {
  const net::Headers both{{"e2b-sandbox-id", "s1"}, {"e2b-sandbox-port", "x"}};
  EXPECT_EQ(routed("/", both).error().message, "Invalid sandbox port");
  for (const char* const port : {"0", "65536", "", "-1", "4 9", "99999999999"}) {
    EXPECT_FALSE(routed("/", {{"e2b-sandbox-id", "s1"}, {"e2b-sandbox-port", port}})) << port;
  }
  for (const char* const id : {"", "../x", "S1", "a/b", "s%31"}) {
    EXPECT_FALSE(routed("/", {{"e2b-sandbox-id", id}, {"e2b-sandbox-port", "1"}})) << id;
  }
  EXPECT_EQ(routed("/", {{"e2b-sandbox-id", "s1"}}).error().status, 400);
  EXPECT_EQ(routed("/", {{"e2b-sandbox-port", "1"}}).error().status, 400);
  EXPECT_FALSE(routed("", {}));
  EXPECT_FALSE(routed("x", {}));
  EXPECT_FALSE(routed("/kruise/s1", {}));
  EXPECT_FALSE(routed("/kruise/../80/", {}));
}

TEST(Routing, KnowsTheAgentsInternalRoutes) {
  for (const char* const target : {"/init", "/init?x", "//init", "/%69nit", "/init/", "/upgrade",
                                   "/freeze", "/fsthaw", "/collapse"}) {
    EXPECT_TRUE(is_internal_agent_route(target)) << target;
  }
  for (const char* const target : {"/files", "/health", "/initial", "/files/init"}) {
    EXPECT_FALSE(is_internal_agent_route(target)) << target;
  }
}

}  // namespace
}  // namespace genesis::sandbox_server
