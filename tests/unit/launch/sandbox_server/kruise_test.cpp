// OpenKruise's contract below /kruise/api: bounds, codes and messages, B1-9 to B1-21 of its list.
#include "genesis/base/hash.h"
#include "launch/sandbox_server/kruise_metadata.h"
#include "server_fixture.h"

namespace genesis::sandbox_server {
namespace {

using nlohmann::json;
using testing::HasSubstr;
using testing::StartsWith;

constexpr const char* kCreate = R"({"templateID":"base"})";

class KruiseTest : public ServerTest {
 protected:
  void SetUp() override { start(); }
  Told kruise(const std::string& method, const std::string& target, const std::string& body = "") {
    return ask(method, "/kruise/api" + target, body);
  }
  std::string make(const std::string& body = kCreate) {
    const Told told = kruise("POST", "/sandboxes", body);
    EXPECT_EQ(told.status, 201) << told.text;
    return told.of("sandboxID");
  }
  std::int64_t seconds_left(const std::string& id) {
    const Told info = kruise("GET", "/sandboxes/" + id);
    return (*parse_rfc3339(info.of("endAt")) - clock.unix_millis() + 999) / 1000;
  }
};

struct Case {
  const char* name;
  const char* method;
  const char* target;
  std::string body;
  int status;
  const char* says;
};

std::string with_metadata(const std::string& key, const std::string& value) {
  json body{{"templateID", "base"}};
  body["metadata"][key] = value;
  return body.dump();
}

std::string extension(const std::string& key, const std::string& value) {
  return with_metadata("e2b.agents.kruise.io/" + key, value);
}

class KruiseContract : public KruiseTest, public testing::WithParamInterface<Case> {};

TEST_P(KruiseContract, AnswersAsItsManagerDoes) {
  const Case& one = GetParam();
  const Told told = kruise(one.method, one.target, one.body);
  EXPECT_EQ(told.status, one.status) << told.text;
  EXPECT_THAT(told.text, HasSubstr(one.says));
  EXPECT_FALSE(told.header("X-Request-ID").empty());
  if (one.status < 400) return;
  EXPECT_EQ(told.body["code"], one.status == 500 ? 0 : one.status);
  EXPECT_EQ(told.of("request_id"), told.header("X-Request-ID"));
  EXPECT_EQ(on_loop([&] { return spawner->started; }), 0);
}

const std::vector<Case>& contract() {
  static const std::vector<Case> cases{
      {"B1_9_Health", "GET", "/health", "", 200, "OK"},
      {"B1_9_Metrics", "GET", "/metrics", "", 200, "genesis_sandboxes"},
      {"B1_9_Templates", "GET", "/templates", "", 200, "base"},
      {"B1_9_Template", "GET", "/templates/base", "", 200, "base"},
      {"B1_9_Snapshots", "GET", "/snapshots", "", 200, "[]"},
      {"B1_9_Teams", "GET", "/teams", "", 200, "mine"},
      {"B1_9_NoV2Create", "POST", "/v2/sandboxes", kCreate, 404, "no such route"},
      {"B1_9_UnknownTemplate", "GET", "/templates/x", "", 404, "not found"},
      {"B1_9_UnknownSandbox", "GET", "/sandboxes/x", "", 404, "not found"},
      {"B1_9_DeleteUnknown", "DELETE", "/sandboxes/x", "", 404, "not found"},
      {"B1_9_NoKeyAdministration", "GET", "/api-keys", "", 404, "no such route"},
      {"B1_9_NoNewKeys", "POST", "/api-keys", "{}", 404, "no such route"},
      {"B1_9_NoBrowser", "GET", "/browser/x/json/version", "", 404, "no such route"},
      {"B1_9_NoVolumes", "GET", "/volumes", "", 404, "no such route"},
      {"B1_9_NoFork", "POST", "/sandboxes/x/fork", "{}", 404, "not found"},
      {"B1_9_DeleteTemplate", "DELETE", "/templates/base", "", 401, "not deleted"},
      {"B1_10_Create", "POST", "/sandboxes", kCreate, 201, "envdAccessToken"},
      {"B1_10_UnknownTemplate", "POST", "/sandboxes", R"({"templateID":"x"})", 400,
       "Template or Checkpoint not found"},
      {"B1_10_NotJson", "POST", "/sandboxes", "{", 500, "not JSON"},
      {"B1_10_ACheckpointIsUnknownToo", "POST", "/sandboxes", R"({"templateID":"ckpt-1"})", 400,
       "Template or Checkpoint not found"},
      {"B1_10_Empty", "POST", "/sandboxes", "", 400, "templateID"},
      {"B1_10_NotAnObject", "POST", "/sandboxes", "[]", 500, "not a JSON object"},
      {"B1_11_Absent", "POST", "/sandboxes", R"({"templateID":"base"})", 201, ""},
      {"B1_11_Negative", "POST", "/sandboxes", R"({"templateID":"base","timeout":-1})", 400,
       "between 30 and 2592000"},
      {"B1_11_NotANumber", "POST", "/sandboxes", R"({"templateID":"base","timeout":"1"})", 400,
       "between 30 and 2592000"},
      {"B1_11_TooShort", "POST", "/sandboxes", R"({"templateID":"base","timeout":29})", 400,
       "between 30 and 2592000"},
      {"B1_11_Shortest", "POST", "/sandboxes", R"({"templateID":"base","timeout":30})", 201, ""},
      {"B1_11_Longest", "POST", "/sandboxes", R"({"templateID":"base","timeout":2592000})", 201,
       ""},
      {"B1_11_TooLong", "POST", "/sandboxes", R"({"templateID":"base","timeout":2592001})", 400,
       "between 30 and 2592000"},
      {"B1_11_Zero", "POST", "/sandboxes", R"({"templateID":"base","timeout":0})", 201, ""},
      {"B1_12_TimeoutUnknown", "POST", "/sandboxes/x/timeout", R"({"timeout":5})", 404,
       "not found"},
      {"B1_12_ConnectUnknown", "POST", "/sandboxes/x/connect", R"({"timeout":5})", 404,
       "not found"},
      {"B1_13_PauseUnknown", "POST", "/sandboxes/x/pause", "", 404, "not found"},
      {"B1_14_ResumeUnknown", "POST", "/sandboxes/x/resume", R"({"timeout":5})", 404, "not found"},
      {"B1_15_BadState", "GET", "/v2/sandboxes?state=dead", "", 400, "not a state"},
      {"B1_15_LimitZero", "GET", "/v2/sandboxes?limit=0", "", 400, "1 to 100"},
      {"B1_15_LimitBig", "GET", "/v2/sandboxes?limit=101", "", 400, "1 to 100"},
      {"B1_15_BothStates", "GET", "/v2/sandboxes?state=running,paused", "", 200, "[]"},
      {"B1_15_LimitMost", "GET", "/v2/sandboxes?limit=100", "", 200, "[]"},
      {"B1_15_LimitWord", "GET", "/v2/sandboxes?limit=all", "", 400, "1 to 100"},
      {"B1_15_BadToken", "GET", "/v2/sandboxes?nextToken=x", "", 400, ""},
      {"B1_17_WaitReady", "POST", "/sandboxes", extension("wait-ready-timeout-seconds", "20"), 201,
       ""},
      {"B1_17_SkipInit", "POST", "/sandboxes", extension("skip-init-runtime", "true"), 201, ""},
      {"B1_17_ReserveNever", "POST", "/sandboxes", extension("reserve-failed-sandbox-for", "never"),
       201, ""},
      {"B1_17_OnNoStock", "POST", "/sandboxes", extension("create-on-no-stock", "false"), 201, ""},
      {"B1_17_Ip", "POST", "/sandboxes", extension("return-sandbox-ip", "true"), 201, "sandbox-ip"},
      {"B1_17_NeverTimeout", "POST", "/sandboxes", extension("never-timeout", "true"), 201, ""},
      {"B1_17_ClaimTimeout", "POST", "/sandboxes", extension("claim-timeout-seconds", "20"), 201,
       ""},
      {"B1_17_ReserveForever", "POST", "/sandboxes",
       extension("reserve-paused-sandbox-duration", "forever"), 201, ""},
      {"B1_17_ReserveSpan", "POST", "/sandboxes",
       extension("reserve-paused-sandbox-duration", "1h30m"), 201, ""},
      {"B1_17_Label", "POST", "/sandboxes", with_metadata("label:app", "x"), 201, ""},
      {"B1_18_BadClaimTimeout", "POST", "/sandboxes", extension("claim-timeout-seconds", "soon"),
       400, "Bad extension param:"},
      {"B1_18_BadSpan", "POST", "/sandboxes", extension("reserve-paused-sandbox-duration", "0s"),
       400, "Bad extension param:"},
      {"B1_18_BadWaitReady", "POST", "/sandboxes", extension("wait-ready-timeout-seconds", "1.5"),
       400, "Bad extension param:"},
      {"B1_18_BadReserveFailed", "POST", "/sandboxes",
       extension("reserve-failed-sandbox-for", "long"), 400, "Bad extension param:"},
      {"B1_18_NoResizeOfCpu", "POST", "/sandboxes", extension("cpu-limit", "2"), 400,
       "Bad extension param:"},
      {"B1_18_NoResizeOfMemory", "POST", "/sandboxes", extension("memory-limit", "1Gi"), 400,
       "Bad extension param:"},
      {"B1_18_GenerateNameIsForClones", "POST", "/sandboxes",
       extension("sandbox-generate-name", "a-"), 400, "clones only"},
      {"B1_18_LabelsHaveValuesOfTheirKind", "POST", "/sandboxes", with_metadata("label:a", "x y"),
       400, "not one of a label"},
      {"B1_18_UnknownKey", "POST", "/sandboxes", extension("never-timeot", "true"), 400,
       "did you mean 'never-timeout'"},
      {"B1_18_VolumeAlone", "POST", "/sandboxes", extension("csi-volume-name", "v"), 400,
       "must come together"},
      {"B1_18_MountAlone", "POST", "/sandboxes", extension("csi-mount-point", "/v"), 400,
       "must come together"},
      {"B1_18_NameIsForClones", "POST", "/sandboxes", extension("sandbox-name", "a"), 400,
       "clones only"},
      {"B1_18_ReservedPrefix", "POST", "/sandboxes", with_metadata("agents.kruise.io/x", "1"), 400,
       "reserved prefix"},
      {"B1_18_NotQualified", "POST", "/sandboxes", with_metadata("user id", "1"), 400,
       "not a qualified name"},
      {"ImagesRefused", "POST", "/sandboxes", extension("image", "a/b:c"), 400,
       "Bad extension param:"},
  };
  return cases;
}

INSTANTIATE_TEST_SUITE_P(OpenKruise, KruiseContract, testing::ValuesIn(contract()),
                         [](const auto& one) { return std::string(one.param.name); });

TEST_F(KruiseTest, B1_10_ACreateSaysEverything) {
  const Told told = kruise("POST", "/sandboxes", R"({"templateID":"base","metadata":{"a":"b"}})");
  for (const char* const key : {"templateID", "sandboxID", "clientID", "startedAt", "endAt",
                                "envdVersion", "envdAccessToken", "domain", "cpuCount", "memoryMB",
                                "diskSizeMB", "alias", "metadata", "state"}) {
    EXPECT_TRUE(told.body.contains(key)) << key;
  }
  EXPECT_EQ(told.body["metadata"], (json{{"a", "b"}}));
}

TEST_F(KruiseTest, B1_10_AQuotaIsForbidden) {
  for (int i = 0; i < 4; ++i) make();
  EXPECT_EQ(kruise("POST", "/sandboxes", kCreate).status, 403);
}

TEST_F(KruiseTest, B1_10_AFailedStartIsTheServersError) {
  on_loop([&] { return spawner->start_error = "no memory for it"; });
  const Told told = kruise("POST", "/sandboxes", kCreate);
  EXPECT_EQ(told.status, 500);
  EXPECT_EQ(told.body["code"], 0);
  EXPECT_THAT(told.of("message"), HasSubstr("no memory for it"));
}

TEST_F(KruiseTest, B1_11_AbsentAndZeroAreFiveMinutes) {
  for (const char* const body : {kCreate, R"({"templateID":"base","timeout":0})"}) {
    const std::int64_t left = seconds_left(make(body));
    EXPECT_GT(left, 290) << body;
    EXPECT_LE(left, 300) << body;
  }
}

TEST_F(KruiseTest, B1_12_NeverTimeoutKeepsNoDeadline) {
  const std::string id = make(extension("never-timeout", "true"));
  EXPECT_EQ(kruise("POST", "/sandboxes/" + id + "/connect", R"({"timeout":1})").status, 200);
  EXPECT_FALSE(on_loop([&] { return server->fleet().lifecycle().next_deadline().has_value(); }));
}

TEST_F(KruiseTest, B1_13_APauseDoesNotEatTheLifetime) {
  const std::string id = make(R"({"templateID":"base","timeout":60})");
  EXPECT_EQ(kruise("POST", "/sandboxes/" + id + "/pause").status, 204);
  EXPECT_FALSE(on_loop([&] { return server->fleet().lifecycle().next_deadline().has_value(); }));
  EXPECT_EQ(kruise("GET", "/sandboxes/" + id).of("state"), "paused");
}

TEST_F(KruiseTest, B1_15_FiltersByStateAndMetadata) {
  const std::string one = make(with_metadata("a", "1"));
  const std::string two = make(with_metadata("a", "2"));
  EXPECT_EQ(kruise("POST", "/sandboxes/" + two + "/pause").status, 204);
  const Told running = kruise("GET", "/v2/sandboxes?state=running");
  ASSERT_EQ(running.body.size(), 1u) << running.text;
  EXPECT_EQ(running.body[0]["sandboxID"], one);
  const Told second = kruise("GET", "/v2/sandboxes?metadata=a%3D2");
  ASSERT_EQ(second.body.size(), 1u) << second.text;
  EXPECT_EQ(second.body[0]["state"], "paused");
}

TEST_F(KruiseTest, B1_12_TimeoutsAndConnects) {
  const std::string id = make(R"({"templateID":"base","timeout":1000})");
  EXPECT_EQ(kruise("POST", "/sandboxes/" + id + "/connect", R"({"timeout":10})").status, 200);
  EXPECT_GT(seconds_left(id), 900);
  EXPECT_EQ(kruise("POST", "/sandboxes/" + id + "/connect", "{}").status, 400);
  EXPECT_EQ(kruise("POST", "/sandboxes/" + id + "/timeout", R"({"timeout":50})").status, 204);
  EXPECT_LT(seconds_left(id), 51);
  EXPECT_EQ(kruise("POST", "/sandboxes/" + id + "/timeout", R"({"timeout":0})").status, 500);
  EXPECT_EQ(kruise("POST", "/sandboxes/" + id + "/pause").status, 204);
  EXPECT_EQ(kruise("POST", "/sandboxes/" + id + "/timeout", R"({"timeout":50})").status, 500);
  EXPECT_EQ(kruise("POST", "/sandboxes/" + id + "/pause").status, 409);
  EXPECT_EQ(kruise("POST", "/sandboxes/" + id + "/connect", R"({"timeout":10})").status, 201);
  EXPECT_GT(seconds_left(id), 290);
}

TEST_F(KruiseTest, B1_14_ResumeNeedsATimeoutAndSaysNothing) {
  const std::string id = make();
  EXPECT_EQ(kruise("POST", "/sandboxes/" + id + "/resume", R"({"timeout":60})").status, 409);
  EXPECT_EQ(kruise("POST", "/sandboxes/" + id + "/pause").status, 204);
  EXPECT_EQ(kruise("POST", "/sandboxes/" + id + "/resume", "{}").status, 500);
  const Told resumed = kruise("POST", "/sandboxes/" + id + "/resume", R"({"timeout":60})");
  EXPECT_EQ(resumed.status, 204);
  EXPECT_EQ(resumed.text, "");
}

TEST_F(KruiseTest, B1_15_ListsUpwardsInPages) {
  std::vector<std::string> ids;
  for (int i = 0; i < 3; ++i) ids.push_back(make());
  const Told first = kruise("GET", "/v2/sandboxes?limit=2&state=running,paused");
  const Told second =
      kruise("GET", "/v2/sandboxes?limit=2&nextToken=" + first.header("X-Next-Token"));
  ASSERT_EQ(first.body.size() + second.body.size(), 3u) << first.text << second.text;
  EXPECT_LE(first.body[0]["startedAt"], first.body[1]["startedAt"]);
  EXPECT_EQ(second.header("X-Next-Token"), "");
}

TEST_F(KruiseTest, B1_17_ExtensionsAreTakenOut) {
  json body{{"templateID", "base"}};
  body["metadata"] = {{"mine", "1"},
                      {"e2b.agents.kruise.io/skip-init-runtime", "true"},
                      {"e2b.agents.kruise.io/return-sandbox-ip", "true"}};
  const Told told = kruise("POST", "/sandboxes", body.dump());
  EXPECT_EQ(told.body["metadata"],
            (json{{"mine", "1"}, {"e2b.agents.kruise.io/sandbox-ip", "127.0.0.1"}}));
  EXPECT_EQ(told.of("envdAccessToken"), "");
}

TEST_F(KruiseTest, B1_20_KeysAndStrangers) {
  const std::string id = make();
  EXPECT_EQ(as_other("GET", "/kruise/api/sandboxes/" + id).status, 404);
  EXPECT_EQ(as_other("DELETE", "/kruise/api/sandboxes/" + id).status, 404);
  const Told stranger = ask("GET", "/kruise/api/v2/sandboxes", "", "X-API-Key: wrong key\r\n");
  EXPECT_EQ(stranger.status, 401);
  EXPECT_EQ(stranger.of("message"), "Invalid API Key");
  EXPECT_EQ(kruise("DELETE", "/sandboxes/" + id).status, 204);
}

TEST_F(KruiseTest, B1_21_ThreeWaysToASandbox) {
  const std::string id = make();
  EXPECT_EQ(to_sandbox(id, 49983, "/health").status, 204);
  EXPECT_EQ(ask("GET", "/kruise/" + id + "/49983/health", "", "").status, 204);
  EXPECT_EQ(
      ask_raw("GET /health HTTP/1.1\r\nHost: 49983-" + id + ".a.b\r\nConnection: close\r\n\r\n")
          .status,
      204);
}

TEST(KruiseKey, IsDecodedWhenItsChecksumFits) {
  const std::string raw = "some-key";
  const std::string sum = sha256_hex("openkruise-agents/e2b-key-compat/v1" + raw).substr(0, 16);
  const std::string key =
      "e2b_6f6b616701"
      "00000008"
      "736f6d652d6b6579" +
      sum;
  EXPECT_EQ(raw_kruise_key(key), raw);
  std::string wrong = key;
  wrong.back() = wrong.back() == '0' ? '1' : '0';
  EXPECT_EQ(raw_kruise_key(wrong), wrong);
  EXPECT_EQ(raw_kruise_key("e2b_0123"), "e2b_0123");
  EXPECT_EQ(raw_kruise_key(key.substr(0, 20)), key.substr(0, 20));
}

TEST(KruiseMetadata, Durations) {
  for (const char* const good : {"1s", "1h30m", "1.5h", "100ms", "0s1ns"}) {
    EXPECT_TRUE(is_go_duration(good)) << good;
  }
  for (const char* const bad : {"", "0s", "1", "s", "1d", "-1s", "1..5h", "1h 2m"}) {
    EXPECT_FALSE(is_go_duration(bad)) << bad;
  }
}

}  // namespace
}  // namespace genesis::sandbox_server
