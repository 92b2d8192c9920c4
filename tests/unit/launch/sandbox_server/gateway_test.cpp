// What passes between clients and sandboxes.
#include "launch/sandbox_server/gateway.h"

#include "server_fixture.h"

namespace genesis::sandbox_server {
namespace {

using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

class GatewayTest : public ServerTest {
 protected:
  void SetUp() override { start(); }
};

TEST_F(GatewayTest, PassesRequestsToTheAgent) {
  const std::string id = create();
  const Told told = to_sandbox(id, 49983, "/x?y=z", "hello", "X-Mine: 1\r\nX-API-Key: secret\r\n");
  EXPECT_EQ(told.status, 200);
  EXPECT_EQ(told.text, "hello");
  EXPECT_EQ(told.header("X-Agent"), "yes");
  const std::string head = on_loop([&] { return spawner->last_head; });
  EXPECT_THAT(head, StartsWith("POST /x?y=z\n"));
  EXPECT_THAT(head, HasSubstr("X-Mine: 1"));
  EXPECT_THAT(head, Not(HasSubstr("secret")));
}

TEST_F(GatewayTest, ByHostAndByPathToo) {
  const std::string id = create();
  EXPECT_EQ(ask_raw(fmt::format("GET /health HTTP/1.1\r\nHost: 49983-{}.e.x\r\nConnection: "
                                "close\r\n\r\n",
                                id))
                .status,
            204);
  EXPECT_EQ(ask("GET", fmt::format("/kruise/{}/49983/health", id), "", "").status, 204);
  EXPECT_THAT(on_loop([&] { return spawner->last_head; }), StartsWith("GET /health\n"));
}

TEST_F(GatewayTest, BodiesOfEverySizeAndForm) {
  const std::string id = create();
  for (const std::size_t size : {0u, 1u, 65'536u, 131'072u, 131'073u, 1'000'003u, 5'000'000u}) {
    std::string body(size, 'x');
    for (std::size_t i = 0; i < size; i += 97) body[i] = static_cast<char>('a' + i % 26);
    const Told counted = to_sandbox(id, 49983, "/x", body);
    ASSERT_EQ(counted.status, 200) << size;
    ASSERT_EQ(counted.text, body) << size;
    const Told chunked = ask_raw(
        fmt::format("POST /x HTTP/1.1\r\nHost: h\r\nConnection: close\r\ne2b-sandbox-id: {}\r\n"
                    "e2b-sandbox-port: 49983\r\nTransfer-Encoding: chunked\r\n\r\n{}0\r\n\r\n",
                    id, size == 0 ? "" : fmt::format("{:x}\r\n{}\r\n", size, body)));
    ASSERT_EQ(chunked.status, 200) << size;
    ASSERT_EQ(chunked.text, body) << size;
  }
}

TEST_F(GatewayTest, KeepsTheClientsConnectionForTheNextRequest) {
  const std::string id = create();
  tests::RawClient client(port);
  const std::string big(300'000, 'z');
  for (int turn = 0; turn < 3; ++turn) {
    client.send(
        fmt::format("POST /x HTTP/1.1\r\nHost: h\r\ne2b-sandbox-id: {}\r\n"
                    "e2b-sandbox-port: 49983\r\nContent-Length: {}\r\n\r\n{}",
                    id, big.size(), big));
    EXPECT_THAT(client.read_answer(), EndsWith(big));
    client.send(
        fmt::format("GET /sandboxes/{} HTTP/1.1\r\nHost: h\r\nX-API-Key: {}\r\n\r\n", id, kKey));
    EXPECT_THAT(client.read_answer(), StartsWith("HTTP/1.1 200 "));
  }
  EXPECT_THAT(on_loop([&] { return spawner->last_head; }), Not(HasSubstr(kKey)));
}

TEST_F(GatewayTest, UnknownPausedAndDeadOnesAnswer502OnEveryPort) {
  const std::string id = create();
  const std::string dead = create();
  ASSERT_EQ(ask("DELETE", "/sandboxes/" + dead).status, 204);
  ASSERT_EQ(ask("POST", "/sandboxes/" + id + "/pause").status, 204);
  for (const std::string& gone : {std::string("sunknown"), id, dead}) {
    for (const int sandbox_port : {49983, 49999, 8080}) {
      const Told told = to_sandbox(gone, sandbox_port, "/health");
      EXPECT_EQ(told.status, 502);
      EXPECT_EQ(told.body["sandboxId"], gone);
      EXPECT_EQ(told.body["message"], "The sandbox was not found");
      EXPECT_EQ(told.body["code"], 502);
      EXPECT_EQ(told.header("Content-Type"), "application/json");
    }
  }
  EXPECT_EQ(to_sandbox(dead, 49983, "/health").body["cause"], "killed");
  EXPECT_EQ(to_sandbox(id, 49983, "/health").body["cause"], "paused");
  ASSERT_EQ(ask("POST", "/v2/sandboxes/" + id + "/connect").status, 201);
  EXPECT_EQ(to_sandbox(id, 49983, "/health").status, 204);
}

TEST_F(GatewayTest, AClosedPortIsSaid) {
  const std::string id = create();
  const Told told = to_sandbox(id, 8080, "/");
  EXPECT_EQ(told.status, 502);
  EXPECT_EQ(told.body["message"], "The sandbox is running but port is not open");
  EXPECT_EQ(told.body["port"], 8080);
}

TEST_F(GatewayTest, APortOfTheSandboxIsServedAndOneOfTheHostIsNot) {
  const std::string id = create();
  boost::asio::io_context apps(1);
  net::HttpServer app(apps, [](net::HttpExchange& exchange) -> boost::asio::awaitable<void> {
    net::HttpReplyHead head(200);
    const auto* const host = exchange.request().find("host");
    std::string text = "app for " + *host;
    const Status sent = co_await exchange.reply(std::move(head), std::move(text));
    static_cast<void>(sent);
  });
  const auto listening = app.listen_tcp("127.0.0.1", 0);
  ASSERT_TRUE(listening);
  std::thread serving([&] { apps.run(); });
  EXPECT_EQ(to_sandbox(id, *listening, "/").status, 502);
  on_loop([&] { spawner->ports.insert(*listening); });
  const Told told = to_sandbox(id, *listening, "/");
  EXPECT_EQ(told.status, 200) << told.text;
  EXPECT_EQ(told.text, "app for localhost");
  const Told masked = ask("POST", "/v2/sandboxes",
                          R"({"templateID":"base","network":{"maskRequestHost":"my:${PORT}"}})");
  EXPECT_EQ(to_sandbox(masked.of("sandboxID"), *listening, "/").text,
            fmt::format("app for my:{}", *listening));
  apps.stop();
  serving.join();
}

TEST_F(GatewayTest, PrivateIngressWantsItsToken) {
  const Told made = ask("POST", "/v2/sandboxes",
                        R"({"templateID":"base","network":{"allowPublicTraffic":false}})");
  const std::string id = made.of("sandboxID");
  const std::string token = made.of("trafficAccessToken");
  EXPECT_EQ(to_sandbox(id, 8080, "/").status, 403);
  EXPECT_EQ(to_sandbox(id, 8080, "/", "", "e2b-traffic-access-token: no\r\n").status, 403);
  EXPECT_EQ(to_sandbox(id, 8080, "/", "", "e2b-traffic-access-token: " + token + "\r\n").status,
            502);
  EXPECT_EQ(to_sandbox(id, 49983, "/health").status, 204);
}

TEST_F(GatewayTest, TheAgentsInternalRoutesAreNotThere) {
  const std::string id = create();
  const int before = on_loop([&] { return spawner->agent_requests; });
  for (const char* const target : {"/init", "/%69nit", "/freeze?x", "//upgrade"}) {
    const Told told = to_sandbox(id, 49983, target, "{}");
    EXPECT_EQ(told.status, 404) << target;
    EXPECT_EQ(told.body["code"], 404);
  }
  EXPECT_EQ(on_loop([&] { return spawner->agent_requests; }), before);
}

TEST_F(GatewayTest, StreamsAreNotHeldBackAndEndWithTheirSandbox) {
  const std::string id = create();
  for (const bool killed : {false, true}) {
    tests::RawClient client(port);
    client.send(
        fmt::format("GET /stream HTTP/1.1\r\nHost: h\r\ne2b-sandbox-id: {}\r\n"
                    "e2b-sandbox-port: 49983\r\n\r\n",
                    id));
    EXPECT_THAT(client.read_until("first\r\n"), HasSubstr("5\r\nfirst"));
    if (killed) {
      EXPECT_EQ(ask("DELETE", "/sandboxes/" + id).status, 204);
    } else {
      EXPECT_EQ(ask("POST", "/sandboxes/" + id + "/pause").status, 204);
    }
    // Cut, not ended: without a last chunk nobody takes it for the whole.
    EXPECT_EQ(client.read_to_end(), "");
    if (!killed) ask("POST", "/v2/sandboxes/" + id + "/connect");
  }
}

TEST_F(GatewayTest, WebSocketsPassBothWays) {
  const std::string id = create();
  tests::RawClient client(port);
  client.send(
      fmt::format("GET /socket HTTP/1.1\r\nHost: h\r\ne2b-sandbox-id: {}\r\n"
                  "e2b-sandbox-port: 49983\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\nea",
                  id));
  const std::string head = client.read_until("\r\n\r\n");
  EXPECT_THAT(head, StartsWith("HTTP/1.1 101 "));
  EXPECT_THAT(head, HasSubstr("Upgrade: echo"));
  client.send("rly.");
  EXPECT_EQ(client.read_to_end(), "early.");
  EXPECT_EQ(to_sandbox(id, 49983, "/health").status, 204);
}

TEST_F(GatewayTest, AnEarlyAnswerReachesOneWhoStillSends) {
  const std::string id = create();
  for (const char* const form : {"Content-Length: 50000000", "Transfer-Encoding: chunked"}) {
    tests::RawClient client(port);
    client.send(
        fmt::format("POST /too-much HTTP/1.1\r\nHost: h\r\ne2b-sandbox-id: {}\r\n"
                    "e2b-sandbox-port: 49983\r\n{}\r\n\r\n",
                    id, form));
    // No byte of the body: the answer does not wait for one.
    const std::string answer = client.read_to_end();
    EXPECT_THAT(answer, StartsWith("HTTP/1.1 413 ")) << form;
    EXPECT_THAT(answer, HasSubstr("no more of it"));
  }
  EXPECT_EQ(to_sandbox(id, 49983, "/health").status, 204);
}

TEST_F(GatewayTest, AnAnswerMayComePieceByPieceWhileTheBodyIsSent) {
  const std::string id = create();
  tests::RawClient client(port);
  client.send(
      fmt::format("POST /echo HTTP/1.1\r\nHost: h\r\ne2b-sandbox-id: {}\r\n"
                  "e2b-sandbox-port: 49983\r\nTransfer-Encoding: chunked\r\n\r\n",
                  id));
  EXPECT_THAT(client.read_until("\r\n\r\n"), StartsWith("HTTP/1.1 200 "));
  for (const char* const word : {"one", "two", "six"}) {
    client.send(fmt::format("3\r\n{}\r\n", word));
    EXPECT_EQ(client.read_until(fmt::format("{}\r\n", word)), fmt::format("3\r\n{}\r\n", word));
  }
  client.send("0\r\n\r\nGET /health HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
  const std::string rest = client.read_to_end();
  EXPECT_THAT(rest, StartsWith("0\r\n\r\nHTTP/1.1 200 "));  // The connection serves on.
}

TEST_F(GatewayTest, AnUploadThatIsTornIsNotTakenForWhole) {
  const std::string id = create();
  for (const char* const body : {"3\r\none\r\n", "3\r\none\r\nx\r\n"}) {
    tests::RawClient client(port);
    client.send(
        fmt::format("POST /whole HTTP/1.1\r\nHost: h\r\ne2b-sandbox-id: {}\r\n"
                    "e2b-sandbox-port: 49983\r\nTransfer-Encoding: chunked\r\n\r\n{}",
                    id, body));
    client.end_sending();
    EXPECT_THAT(client.read_to_end(), Not(HasSubstr(" 200 "))) << body;
  }
  EXPECT_EQ(to_sandbox(id, 49983, "/health").status, 204);
}

TEST_F(GatewayTest, PagesOfAnyOriginMayAskAndRead) {
  const std::string id = create();
  const std::string asks = "Origin: https://app.example.com\r\n";
  // A preflight has neither key nor routing.
  const Told before = ask("OPTIONS", "/v2/sandboxes", "",
                          asks +
                              "Access-Control-Request-Method: POST\r\n"
                              "Access-Control-Request-Headers: x-api-key\r\n");
  EXPECT_EQ(before.status, 204);
  EXPECT_EQ(before.header("Access-Control-Allow-Origin"), "*");
  EXPECT_THAT(before.header("Access-Control-Allow-Headers"), HasSubstr("Authorization"));
  EXPECT_EQ(before.header("Access-Control-Max-Age"), "7200");
  const Told by_host = ask_raw("OPTIONS /files HTTP/1.1\r\nHost: 49983-" + id + ".a.b\r\n" + asks +
                               "Access-Control-Request-Method: PUT\r\nConnection: close\r\n\r\n");
  EXPECT_EQ(by_host.status, 204);
  const Told listed =
      ask("GET", "/v2/sandboxes", "", asks + fmt::format("X-API-Key: {}\r\n", kKey));
  EXPECT_EQ(listed.header("Access-Control-Allow-Origin"), "*");
  EXPECT_THAT(listed.header("Access-Control-Expose-Headers"), HasSubstr("X-Next-Token"));
  // What is refused can be read as well.
  EXPECT_EQ(ask("GET", "/v2/sandboxes", "", asks).header("Access-Control-Allow-Origin"), "*");
  EXPECT_EQ(to_sandbox("sunknown", 49983, "/", "", asks).header("Access-Control-Allow-Origin"),
            "*");
  EXPECT_EQ(ask("GET", "/v2/sandboxes").header("Access-Control-Allow-Origin"), "");
}

TEST_F(GatewayTest, TrafficResumesWhatWantsIt) {
  const std::string id =
      create(R"({"templateID":"base","autoPause":true,"autoResume":{"enabled":true}})");
  ASSERT_EQ(ask("POST", "/sandboxes/" + id + "/pause").status, 204);
  EXPECT_EQ(to_sandbox(id, 49983, "/health").status, 403);
  const std::string token = ask("GET", "/sandboxes/" + id).of("envdAccessToken");
  EXPECT_EQ(to_sandbox(id, 49983, "/health", "", "X-Access-Token: " + token + "\r\n").status, 204);
  EXPECT_EQ(ask("GET", "/sandboxes/" + id).body["state"], "running");
}

TEST_F(GatewayTest, HeadersThatContradictAreRefused) {
  EXPECT_EQ(ask("GET", "/", "", "e2b-sandbox-id: s1\r\n").status, 400);
  EXPECT_EQ(ask("GET", "/", "", "e2b-sandbox-id: s1\r\ne2b-sandbox-port: x\r\n").status, 400);
}

}  // namespace
}  // namespace genesis::sandbox_server
