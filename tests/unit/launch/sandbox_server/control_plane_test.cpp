// The control plane as its clients see it: the rules of the wire, each under its name.
#include "launch/sandbox_server/control_plane.h"

#include "server_fixture.h"

namespace genesis::sandbox_server {
namespace {

using nlohmann::json;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

class ControlPlaneTest : public ServerTest {
 protected:
  void SetUp() override { start(); }
};

TEST_F(ControlPlaneTest, BothGenerationsCreate) {
  const Told v2 = ask("POST", "/v2/sandboxes", R"({"templateID":"base"})");
  ASSERT_EQ(v2.status, 201) << v2.text;
  for (const char* const key :
       {"sandboxID", "templateID", "clientID", "envdVersion", "envdAccessToken"}) {
    EXPECT_TRUE(v2.body.at(key).is_string()) << key;
  }
  const Told info = ask("GET", "/sandboxes/" + v2.of("sandboxID"));
  const auto length = *parse_rfc3339(info.of("endAt")) - *parse_rfc3339(info.of("startedAt"));
  EXPECT_EQ(length, 300'000);
  const Told v1 = ask("POST", "/sandboxes",
                      R"({"templateID":"base","timeout":300,"secure":true,)"
                      R"("allow_internet_access":true,"metadata":{"k":"v"},"envVars":{"A":"1"}})");
  ASSERT_EQ(v1.status, 201) << v1.text;
  EXPECT_TRUE(v1.body.contains("envdAccessToken"));
  const Told open = ask("POST", "/sandboxes", R"({"templateID":"base","timeout":300})");
  EXPECT_FALSE(open.body.contains("envdAccessToken"));
  const auto spec = on_loop([&] { return spawner->specs.at(v1.of("sandboxID")); });
  EXPECT_EQ(spec.environment.at("A"), "1");
  EXPECT_EQ(spec.environment.at("E2B_SANDBOX_ID"), v1.body["sandboxID"].get<std::string>());
  EXPECT_EQ(spec.access_token, v1.body["envdAccessToken"].get<std::string>());
}

TEST_F(ControlPlaneTest, SandboxIdsAreLettersAndDigits) {
  const std::string id = create();
  EXPECT_EQ(id.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789"), std::string::npos) << id;
}

TEST_F(ControlPlaneTest, ChunkedBodiesAndLowerCaseHeaders) {
  const Told told = ask_raw(fmt::format(
      "POST /v2/sandboxes HTTP/1.1\r\nhost: h\r\nx-api-key: {}\r\nconnection: close\r\n"
      "transfer-encoding: chunked\r\n\r\n8\r\n{{\"templa\r\nd\r\nteID\":\"base\"}}\r\n0\r\n\r\n",
      kKey));
  EXPECT_EQ(told.status, 201) << told.text;
}

struct Wrong {
  const char* name;
  const char* method;
  const char* target;
  const char* body;
  int status;
  const char* says;
};

class WrongRequest : public ControlPlaneTest, public testing::WithParamInterface<Wrong> {};

TEST_P(WrongRequest, IsAnsweredWithItsCodeInTheBody) {
  const Wrong& wrong = GetParam();
  const Told told = ask(wrong.method, wrong.target, wrong.body);
  EXPECT_EQ(told.status, wrong.status) << told.text;
  ASSERT_TRUE(told.body.is_object()) << told.text;
  EXPECT_EQ(told.body["code"], wrong.status);
  EXPECT_THAT(told.body["message"].get<std::string>(), HasSubstr(wrong.says));
  EXPECT_EQ(told.header("Content-Type"), "application/json");
  EXPECT_EQ(on_loop([&] { return spawner->started; }), 0);
}

const Wrong kWrong[] = {
    {"NotJson", "POST", "/v2/sandboxes", "{", 400, "not JSON"},
    {"NotAnObject", "POST", "/v2/sandboxes", "[]", 400, "not a JSON object"},
    {"NoTemplate", "POST", "/v2/sandboxes", "{}", 400, "templateID"},
    {"UnknownTemplate", "POST", "/v2/sandboxes", R"({"templateID":"bse"})", 404,
     "did you mean 'base'"},
    {"UnknownTag", "POST", "/v2/sandboxes", R"({"templateID":"base:v9"})", 404, "not found"},
    {"ZeroTimeout", "POST", "/v2/sandboxes", R"({"templateID":"base","timeout":0})", 400,
     "at least 1"},
    {"NegativeTimeout", "POST", "/sandboxes", R"({"templateID":"base","timeout":-5})", 400,
     "at least 1"},
    {"LongTimeout", "POST", "/v2/sandboxes", R"({"templateID":"base","timeout":2592001})", 400,
     "cannot be greater than 720 hours"},
    {"HugeTimeout", "POST", "/v2/sandboxes",
     R"({"templateID":"base","timeout":18446744073709551615})", 400, "cannot be greater"},
    {"FractionalTimeout", "POST", "/v2/sandboxes", R"({"templateID":"base","timeout":1.5})", 400,
     "whole number"},
    {"MetadataOfNumbers", "POST", "/v2/sandboxes", R"({"templateID":"base","metadata":{"a":1}})",
     400, "'a' is none"},
    {"BadEnvironment", "POST", "/v2/sandboxes", R"({"templateID":"base","envVars":{"a=b":"c"}})",
     400, "environment variable"},
    {"NoInternet", "POST", "/v2/sandboxes",
     R"({"templateID":"base","allow_internet_access":false})", 400, "cannot be enforced"},
    {"EgressRules", "POST", "/v2/sandboxes",
     R"({"templateID":"base","network":{"denyOut":["0.0.0.0/0"]}})", 400, "cannot be enforced"},
    {"Volumes", "POST", "/v2/sandboxes",
     R"({"templateID":"base","volumeMounts":[{"name":"v","path":"/v"}]})", 400, "volumes"},
    {"PrivateIngressUnsecured", "POST", "/sandboxes",
     R"({"templateID":"base","timeout":9,"network":{"allowPublicTraffic":false}})", 400, "secure"},
    {"MemorylessAutoPauseAlone", "POST", "/v2/sandboxes",
     R"({"templateID":"base","autoPauseMemory":false})", 400, "needs autoPause"},
    {"NoSuchSandbox", "GET", "/sandboxes/s1", "", 404, "not found"},
    {"KillUnknown", "DELETE", "/sandboxes/s1", "", 404, "not found"},
    {"PauseUnknown", "POST", "/sandboxes/s1/pause", "", 404, "not found"},
    {"ConnectUnknown", "POST", "/v2/sandboxes/s1/connect", "", 404, "not found"},
    {"TimeoutUnknown", "POST", "/sandboxes/s1/timeout", R"({"timeout":5})", 404, "not found"},
    {"TimeoutMissing", "POST", "/sandboxes/s1/timeout", "{}", 400, "must be given"},
    {"MetricsUnknown", "GET", "/sandboxes/s1/metrics", "", 404, "not found"},
    {"LogsUnknown", "GET", "/v2/sandboxes/s1/logs", "", 404, "not found"},
    {"ForkUnknown", "POST", "/sandboxes/s1/fork", "", 404, "not found"},
    {"NoSuchRoute", "GET", "/sandbox", "", 404, "no such route"},
    {"WrongMethod", "PUT", "/sandboxes", "", 405, "POST"},
    {"BadState", "GET", "/v2/sandboxes?state=gone", "", 400, "not a state"},
    {"BadLimit", "GET", "/v2/sandboxes?limit=1000", "", 400, "1 to 100"},
    {"Build", "POST", "/v3/templates", R"({"name":"x"})", 501, "template builds"},
    {"BuildStatus", "GET", "/templates/x/builds/y/status?logsOffset=0", "", 501, "template builds"},
    {"DeleteConfigured", "DELETE", "/templates/base", "", 403, "configuration"},
    {"DeleteUnknown", "DELETE", "/templates/team%2Fsnap%3Adefault", "", 404, "team/snap:default"},
    {"AliasUnknown", "GET", "/templates/aliases/ns%2Fmy", "", 404, "not found"},
};

INSTANTIATE_TEST_SUITE_P(Wire, WrongRequest, testing::ValuesIn(kWrong),
                         [](const auto& wrong) { return std::string(wrong.param.name); });

TEST_F(ControlPlaneTest, ADeepBodyIsRefused) {
  const Told told = ask("POST", "/v2/sandboxes", std::string(1000, '['));
  EXPECT_EQ(told.status, 400);
  EXPECT_THAT(told.text, HasSubstr("nested too deeply"));
  EXPECT_EQ(ask("POST", "/v2/sandboxes", std::string(2u << 20, ' ')).status, 413);
}

TEST_F(ControlPlaneTest, WithoutAKeyNothingIsTold) {
  for (const std::string headers : {"", "X-API-Key: e2b_guess\r\n", "X-API-Key: \r\n"}) {
    for (const char* const target :
         {"/sandboxes", "/v2/sandboxes", "/sandboxes/s1", "/nothing", "/templates"}) {
      const Told told = ask("GET", target, "", headers);
      EXPECT_EQ(told.status, 401) << target;
      EXPECT_EQ(told.body["code"], 401);
    }
  }
  EXPECT_EQ(ask("GET", "/health", "", "").status, 200);
}

TEST_F(ControlPlaneTest, OthersSandboxesAreMissingOnes) {
  const std::string id = create();
  for (const auto& [method, target] : std::vector<std::pair<std::string, std::string>>{
           {"GET", "/sandboxes/" + id},
           {"DELETE", "/sandboxes/" + id},
           {"POST", "/sandboxes/" + id + "/pause"},
           {"POST", "/v2/sandboxes/" + id + "/connect"},
           {"POST", "/sandboxes/" + id + "/connect"},
           {"POST", "/sandboxes/" + id + "/refreshes"},
           {"GET", "/sandboxes/" + id + "/metrics"},
           {"GET", "/v2/sandboxes/" + id + "/logs"}}) {
    const Told told = as_other(method, target);
    EXPECT_EQ(told.status, 404) << method << " " << target;
    EXPECT_EQ(told.body["message"], fmt::format("Sandbox \"{}\" not found", id));
  }
  EXPECT_EQ(as_other("GET", "/v2/sandboxes").body, json::array());
  EXPECT_EQ(ask("GET", "/sandboxes/" + id).status, 200);
}

TEST_F(ControlPlaneTest, ATombstoneSaysWhatBecameOfIt) {
  const std::string id = create();
  EXPECT_EQ(ask("DELETE", "/sandboxes/" + id).status, 204);
  const Told gone = ask("GET", "/sandboxes/" + id);
  EXPECT_EQ(gone.status, 404);
  EXPECT_THAT(gone.text, HasSubstr("was killed by a caller of team mine at 20"));
  EXPECT_EQ(gone.body["error_code"], "sandbox_killed");
  EXPECT_EQ(ask("DELETE", "/sandboxes/" + id).status, 404);
  const Told other = as_other("GET", "/sandboxes/" + id);
  EXPECT_THAT(other.text, Not(HasSubstr("killed")));
  const Told logs = ask("GET", "/v2/sandboxes/" + id + "/logs");
  EXPECT_THAT(logs.text, AllOf(HasSubstr("sandbox started"), HasSubstr("was killed by")));
  EXPECT_THAT(ask("GET", "/metrics", "", "").text,
              HasSubstr("genesis_sandboxes_ended_total{cause=\"killed\"} 1"));
}

TEST_F(ControlPlaneTest, ATimeoutEndsItAndIsTheCause) {
  const std::string id = create();
  EXPECT_EQ(ask("POST", "/sandboxes/" + id + "/timeout", R"({"timeout":0})").status, 204);
  until([&] { return spawner->ended.count(id) == 1 && !server->fleet().running(id); });
  Told gone;
  do {
    gone = ask("GET", "/sandboxes/" + id);
  } while (gone.status == 200);
  EXPECT_THAT(gone.text, HasSubstr("reached its timeout of 0 s"));
}

TEST_F(ControlPlaneTest, ACrashAndItsCauseAreTold) {
  const std::string id = create();
  on_loop([&] {
    spawner->end_facts.exit_code = 7;
    spawner->crash(id);
  });
  until([&] { return spawner->ended.count(id) == 1; });
  EXPECT_THAT(ask("GET", "/sandboxes/" + id).text, HasSubstr("ended by itself with exit code 7"));
  const std::string second = create();
  on_loop([&] {
    spawner->end_facts.out_of_memory = true;
    spawner->crash(second);
  });
  until([&] { return spawner->ended.count(second) == 1; });
  const Told gone = ask("GET", "/sandboxes/" + second);
  EXPECT_THAT(gone.text, HasSubstr("ran out of memory (1024 MiB)"));
  EXPECT_EQ(gone.body["error_code"], "sandbox_out_of_memory");
}

TEST_F(ControlPlaneTest, ConnectNeverShortens) {
  const std::string id = create(R"({"templateID":"base","timeout":1000})");
  const auto end = [&] { return ask("GET", "/sandboxes/" + id).of("endAt"); };
  const std::string before = end();
  const Told same = ask("POST", "/sandboxes/" + id + "/connect", R"({"timeout":10})");
  EXPECT_EQ(same.status, 200);
  EXPECT_EQ(same.body["sandboxID"], id);
  EXPECT_EQ(end(), before);
  EXPECT_EQ(ask("POST", "/v2/sandboxes/" + id + "/connect").status, 200);
  EXPECT_EQ(end(), before);
  EXPECT_EQ(ask("POST", "/v2/sandboxes/" + id + "/connect", R"({"timeout":2000})").status, 200);
  EXPECT_GT(end(), before);
  EXPECT_EQ(ask("POST", "/sandboxes/" + id + "/timeout", R"({"timeout":10})").status, 204);
  EXPECT_LT(end(), before);
}

TEST_F(ControlPlaneTest, PauseAndResume) {
  const std::string id = create();
  const std::string token = ask("GET", "/sandboxes/" + id).of("envdAccessToken");
  EXPECT_EQ(ask("POST", "/sandboxes/" + id + "/pause", "{}").status, 204);
  EXPECT_TRUE(on_loop([&] { return spawner->frozen.count(id) == 1; }));
  EXPECT_EQ(ask("POST", "/sandboxes/" + id + "/pause", R"({"memory":true})").status, 409);
  EXPECT_EQ(ask("GET", "/sandboxes/" + id).body["state"], "paused");
  EXPECT_EQ(ask("POST", "/sandboxes/" + id + "/timeout", R"({"timeout":9})").status, 409);
  EXPECT_EQ(ask("GET", "/sandboxes").body, json::array());
  const Told resumed = ask("POST", "/v2/sandboxes/" + id + "/connect", R"({"timeout":60})");
  EXPECT_EQ(resumed.status, 201);
  EXPECT_EQ(resumed.body["envdAccessToken"], token);
  EXPECT_FALSE(on_loop([&] { return spawner->frozen.count(id) == 1; }));
  EXPECT_EQ(ask("POST", "/sandboxes/" + id + "/resume").status, 409);
  EXPECT_EQ(ask("POST", "/sandboxes/" + id + "/pause").status, 204);
  EXPECT_EQ(ask("DELETE", "/sandboxes/" + id).status, 204);
}

TEST_F(ControlPlaneTest, AMachineThatCannotFreezeSaysSo) {
  const std::string id = create();
  on_loop([&] { spawner->freeze_error = "no freezer"; });
  const Told told = ask("POST", "/sandboxes/" + id + "/pause");
  EXPECT_EQ(told.status, 501);
  EXPECT_THAT(told.text, HasSubstr("no freezer"));
  EXPECT_EQ(ask("GET", "/sandboxes/" + id).body["state"], "running");
}

TEST_F(ControlPlaneTest, PausesAtItsTimeoutWhenAsked) {
  const std::string id = create(R"({"templateID":"base","timeout":60,"autoPause":true})");
  EXPECT_EQ(ask("GET", "/sandboxes/" + id).body["lifecycle"]["onTimeout"], "pause");
  EXPECT_EQ(ask("POST", "/sandboxes/" + id + "/timeout", R"({"timeout":0})").status, 204);
  until([&] { return spawner->frozen.count(id) == 1; });
  EXPECT_EQ(ask("GET", "/sandboxes/" + id).body["state"], "paused");
}

TEST_F(ControlPlaneTest, ListsPagesInHeaders) {
  for (int i = 0; i < 3; ++i) {
    create(fmt::format(R"({{"templateID":"base","metadata":{{"a b":"c&d","n":"{}"}}}})", i));
  }
  const Told first = ask("GET", "/v2/sandboxes?limit=2&metadata=a%252520b%3Dc%252526d");
  ASSERT_EQ(first.body.size(), 2u) << first.text;
  EXPECT_EQ(first.header("X-Total-Running"), "3");
  const std::string token = first.header("X-Next-Token");
  ASSERT_FALSE(token.empty());
  const Told second = ask("GET", "/v2/sandboxes?limit=2&nextToken=" + token);
  EXPECT_EQ(second.body.size(), 1u);
  EXPECT_EQ(second.header("X-Next-Token"), "");
  for (const char* const key : {"templateID", "sandboxID", "clientID", "startedAt", "endAt",
                                "cpuCount", "memoryMB", "diskSizeMB", "state", "envdVersion"}) {
    EXPECT_TRUE(first.body[0].contains(key)) << key;
  }
  EXPECT_EQ(ask("GET", "/sandboxes?metadata=n%3D1").body.size(), 1u);
}

TEST_F(ControlPlaneTest, QuotasAndTheHardLimitAreTold) {
  for (int i = 0; i < 4; ++i) create();
  const Told team = ask("POST", "/v2/sandboxes", R"({"templateID":"base"})");
  EXPECT_EQ(team.status, 429);
  EXPECT_THAT(team.text, AllOf(HasSubstr("(4)"), HasSubstr("team 'mine'")));
  EXPECT_EQ(team.header("Retry-After"), "");
}

TEST_F(ControlPlaneTest, AFailedStartLeavesNothingBehind) {
  on_loop([&] { spawner->start_error = "no processes left"; });
  const Told told = ask("POST", "/v2/sandboxes", R"({"templateID":"base"})");
  EXPECT_EQ(told.status, 503);
  EXPECT_EQ(told.body["error_code"], "sandbox_create_failed");
  EXPECT_THAT(told.text, HasSubstr("no processes left"));
  EXPECT_EQ(ask("GET", "/v2/sandboxes").body, json::array());
}

TEST_F(ControlPlaneTest, TheSameIdempotencyKeyIsTheSameSandbox) {
  const std::string headers = fmt::format("X-API-Key: {}\r\nIdempotency-Key: once\r\n", kKey);
  const Told first = ask("POST", "/v2/sandboxes", R"({"templateID":"base"})", headers);
  const Told again = ask("POST", "/v2/sandboxes", R"({"templateID":"base"})", headers);
  EXPECT_EQ(first.body["sandboxID"], again.body["sandboxID"]);
  EXPECT_EQ(on_loop([&] { return spawner->started; }), 1);
}

TEST_F(ControlPlaneTest, MetricsOfOneAndOfMany) {
  const std::string id = create();
  const Told one = ask("GET", "/sandboxes/" + id + "/metrics");
  ASSERT_GE(one.body.size(), 1u);
  for (const char* const key : {"timestamp", "timestampUnix", "cpuCount", "cpuUsedPct", "memUsed",
                                "memTotal", "memCache", "diskUsed", "diskTotal"}) {
    EXPECT_TRUE(one.body[0].contains(key)) << key;
  }
  EXPECT_EQ(one.body[0]["memCache"], 1u << 18);
  EXPECT_EQ(one.body[0]["memUsed"], (1u << 20) - (1u << 18));
  EXPECT_EQ(ask("GET", "/sandboxes/" + id + "/metrics?end=1").body, json::array());
  EXPECT_EQ(ask("GET", "/sandboxes/" + id + "/metrics?start=x").status, 400);
  const Told many = ask("GET", "/sandboxes/metrics?sandbox_ids=" + id + ",s1");
  EXPECT_EQ(many.body["sandboxes"].size(), 1u);
}

TEST_F(ControlPlaneTest, TemplatesAreThoseOfTheConfiguration) {
  const Told list = ask("GET", "/templates");
  EXPECT_EQ(list.body.size(), 2u);
  EXPECT_EQ(ask("GET", "/templates/base").body["buildStatus"], "ready");
  EXPECT_EQ(ask("GET", "/templates/aliases/code-interpreter-v1").body["templateID"],
            "code-interpreter-v1");
}

TEST_F(ControlPlaneTest, RefreshExtendsOnly) {
  const std::string id = create(R"({"templateID":"base","timeout":100})");
  const auto end = [&] { return ask("GET", "/sandboxes/" + id).of("endAt"); };
  const std::string before = end();
  EXPECT_EQ(ask("POST", "/sandboxes/" + id + "/refreshes").status, 204);
  EXPECT_EQ(end(), before);
  EXPECT_EQ(ask("POST", "/sandboxes/" + id + "/refreshes", R"({"duration":3600})").status, 204);
  EXPECT_GT(end(), before);
  EXPECT_EQ(ask("POST", "/sandboxes/" + id + "/refreshes", R"({"duration":3601})").status, 400);
}

class FullServerTest : public ServerTest {};

TEST_F(FullServerTest, TellsWhenToComeAgain) {
  config.max_sandboxes = 1;
  start();
  create();
  const Told full = ask("POST", "/v2/sandboxes", R"({"templateID":"base"})");
  EXPECT_EQ(full.status, 429);
  EXPECT_EQ(full.header("Retry-After"), "2");
  EXPECT_EQ(full.body["error_code"], "sandbox_capacity_unavailable");
  EXPECT_EQ(on_loop([&] { return spawner->started; }), 1);
}

TEST_F(FullServerTest, AQueuedCreateGetsTheNextPlace) {
  config.max_sandboxes = 1;
  config.queue_wait = std::chrono::seconds{20};
  start();
  const std::string id = create();
  auto waiting = std::async(std::launch::async, [&] {
    return ask("POST", "/v2/sandboxes", R"({"templateID":"base"})").status;
  });
  until([&] { return server->fleet().queued() == 1; });
  EXPECT_EQ(ask("DELETE", "/sandboxes/" + id).status, 204);
  EXPECT_EQ(waiting.get(), 201);
}

TEST_F(FullServerTest, AQueueThatIsFullTurnsAwayAtOnceAndAStopEndsIt) {
  config.max_sandboxes = 1;
  config.queue_length = 1;
  config.queue_wait = std::chrono::seconds{30};
  start();
  create();
  auto waiting = std::async(std::launch::async, [&] {
    return ask("POST", "/v2/sandboxes", R"({"templateID":"base"})").status;
  });
  until([&] { return server->fleet().queued() == 1; });
  EXPECT_EQ(ask("POST", "/v2/sandboxes", R"({"templateID":"base"})").status, 429);
  stop();
  EXPECT_EQ(waiting.get(), 0) << "cut when its time to stop was over";
}

}  // namespace
}  // namespace genesis::sandbox_server
