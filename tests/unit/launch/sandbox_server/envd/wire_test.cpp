// base64, frames, targets, signatures, timestamps: small pieces of the wire.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "genesis/base/base64.h"
#include "launch/sandbox_server/envd/agent_state.h"
#include "launch/sandbox_server/envd/connect_frames.h"
#include "launch/sandbox_server/envd/paths.h"
#include "launch/sandbox_server/envd/query.h"
#include "launch/sandbox_wire/json_text.h"
#include "launch/sandbox_wire/signature.h"

namespace genesis::envd {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

TEST(Base64, IsRfc4648) {
  const std::pair<std::string, std::string> cases[] = {{"", ""},
                                                       {"f", "Zg=="},
                                                       {"fo", "Zm8="},
                                                       {"foo", "Zm9v"},
                                                       {"foob", "Zm9vYg=="},
                                                       {"fooba", "Zm9vYmE="},
                                                       {"foobar", "Zm9vYmFy"},
                                                       {"\xff\xfe", "//4="}};
  for (const auto& [bytes, text] : cases) {
    EXPECT_EQ(to_base64(bytes), text);
    EXPECT_EQ(from_base64(text), bytes);
  }
  EXPECT_EQ(from_base64("__4"), "\xff\xfe");  // For URLs, without padding.
  for (const char* bad : {"Z", "Zg=", "Z===", "Zg==Zg==", "Z g=", "Zg\n", "=", "===="}) {
    EXPECT_EQ(from_base64(bad), std::nullopt) << bad;
  }
}

TEST(Base64, ComesBackWhateverTheBytes) {
  std::string bytes;
  for (int i = 0; i < 300; ++i) {
    EXPECT_EQ(from_base64(to_base64(bytes)), bytes);
    bytes += static_cast<char>(i * 37);
  }
}

TEST(ConnectFrames, AreFlagLengthPayload) {
  EXPECT_EQ(to_frame("{}"), std::string("\0\0\0\0\2{}", 7));
  EXPECT_EQ(end_of_stream(), std::string("\2\0\0\0\2{}", 7));
  EXPECT_EQ(to_frame(std::string(0x010203, 'x')).substr(0, 5), std::string("\0\0\1\2\3", 5));
  const RpcError error(RpcCode::not_found, "no \"x\"");
  EXPECT_EQ(end_of_stream(error).substr(5),
            R"({"error":{"code":"not_found","message":"no \"x\""}})");
}

TEST(ConnectFrames, ComeOutWhereverTheyAreCut) {
  const std::string bytes = to_frame("{\"a\":1}") + to_frame("") + end_of_stream();
  for (std::size_t cut = 0; cut <= bytes.size(); ++cut) {
    FrameReader reader(100);
    std::vector<std::string> payloads;
    for (const std::string& piece : {bytes.substr(0, cut), bytes.substr(cut)}) {
      reader.append(piece);
      for (auto frame = reader.next(); frame && *frame; frame = reader.next()) {
        payloads.push_back((*frame)->payload);
      }
    }
    EXPECT_THAT(payloads, ElementsAre("{\"a\":1}", "", "{}")) << cut;
    EXPECT_FALSE(reader.has_rest());
  }
}

TEST(ConnectFrames, RefusesWhatIsTooLongOrPacked) {
  FrameReader reader(10);
  reader.append(std::string("\0\0\0\0\13", 5));
  EXPECT_EQ(reader.next().error().code, RpcCode::resource_exhausted);
  FrameReader packed(10);
  packed.append(to_frame("x", kCompressedFlag));
  EXPECT_EQ(packed.next().error().code, RpcCode::unimplemented);
}

TEST(ConnectFrames, ARequestIsOneMessage) {
  EXPECT_EQ(single_frame(to_frame("{}"), 10), "{}");
  EXPECT_EQ(single_frame(to_frame("{}") + end_of_stream(), 10), "{}");
  for (const std::string& bad : {std::string(), to_frame("{}").substr(0, 4), end_of_stream(),
                                 to_frame("{}") + to_frame("{}"), to_frame("{}") + "x"}) {
    EXPECT_EQ(single_frame(bad, 10).error().code, RpcCode::invalid_argument);
  }
}

TEST(JsonText, IsAnObjectOfBoundedDepth) {
  EXPECT_TRUE(sandbox_wire::parse_json_object(""));
  EXPECT_TRUE(sandbox_wire::parse_json_object(" {\"a\":[\"[[[[\"]}"));
  for (const std::string& bad : {std::string("[]"), std::string("1"), std::string("{"),
                                 "{\"a\":" + std::string(100'000, '[') + "}", std::string("{}x")}) {
    EXPECT_FALSE(sandbox_wire::parse_json_object(bad));
  }
}

TEST(Target, IsDecoded) {
  const auto target = parse_target("/files?path=%2Fa%20b+c%C3%BC&username=&x");
  ASSERT_TRUE(target);
  EXPECT_EQ(target->path, "/files");
  EXPECT_EQ(target->find("path"), "/a b c\xc3\xbc");
  EXPECT_EQ(target->find("username"), "");
  EXPECT_EQ(target->find("x"), "");
  EXPECT_EQ(target->find("y"), std::nullopt);
  EXPECT_EQ(parse_target("/a+b%2B")->path, "/a+b+");
  for (const char* bad : {"/%", "/%4", "/%zz", "/?a=%00", "/?%g1=x"}) {
    EXPECT_FALSE(parse_target(bad)) << bad;
  }
}

TEST(Paths, AreResolvedForAUser) {
  const auto at = [](std::string_view path) { return resolve_path(path, "/home/u", "").value(); };
  EXPECT_EQ(at(""), "/home/u");
  EXPECT_EQ(at("~"), "/home/u");
  EXPECT_EQ(at("~/x//y/../z"), "/home/u/x/z");
  EXPECT_EQ(at("x"), "/home/u/x");
  EXPECT_EQ(at("../../../etc"), "/etc");
  EXPECT_EQ(at("/a//b/"), "/a//b/");
  EXPECT_EQ(resolve_path("", "/home/u", "/work").value(), "/work");
  EXPECT_FALSE(resolve_path("~root/x", "/home/u", ""));
  EXPECT_FALSE(resolve_path(std::string_view("a\0b", 3), "/home/u", ""));
}

TEST(Paths, TheirParts) {
  EXPECT_EQ(base_name("/a/b/"), "b");
  EXPECT_EQ(base_name("/"), "/");
  EXPECT_EQ(parent_of("/a/b"), "/a");
  EXPECT_EQ(parent_of("/a"), "/");
  EXPECT_EQ(join_path("/", "x"), "/x");
  EXPECT_EQ(clean_path("/../a/./b//"), "/a/b");
  EXPECT_EQ(clean_path("//"), "/");
}

TEST(Signature, IsTheDocumentedOne) {
  EXPECT_EQ(sandbox_wire::file_signature("/a b.txt", sandbox_wire::FileAccess::read, "", "tok123",
                                         std::nullopt),
            "v1_0Dp/n9fSDp5qZjwH040/QdMUHdHtYz3315C9wLEZm8U");
  const auto one = sandbox_wire::file_signature("/x", sandbox_wire::FileAccess::read, "", "t", 10);
  EXPECT_NE(one, sandbox_wire::file_signature("/x", sandbox_wire::FileAccess::write, "", "t", 10));
  EXPECT_NE(one, sandbox_wire::file_signature("/x", sandbox_wire::FileAccess::read, "u", "t", 10));
  EXPECT_NE(one, sandbox_wire::file_signature("/x", sandbox_wire::FileAccess::read, "", "t", 11));
  EXPECT_TRUE(sandbox_wire::equal_secrets("abc", "abc"));
  EXPECT_FALSE(sandbox_wire::equal_secrets("abc", "abd"));
  EXPECT_FALSE(sandbox_wire::equal_secrets("abc", "ab"));
}

TEST(Timestamps, AreRfc3339) {
  EXPECT_EQ(parse_timestamp("1970-01-01T00:00:01Z"), 1'000'000);
  EXPECT_EQ(parse_timestamp("1970-01-01T01:00:00.5+01:00"), 500'000);
  EXPECT_EQ(parse_timestamp("1970-01-01t00:00:00.123456789z"), 123'456);
  EXPECT_EQ(parse_timestamp("1969-12-31T23:00:00-01:00"), 0);
  for (const char* bad : {"", "1970-01-01", "1970-01-01T00:00:01", "1970-01-01T00:00:01+1",
                          "1970-01-01T00:00:01Zx", "-970-01-01T00:00:01Z", "now"}) {
    EXPECT_EQ(parse_timestamp(bad), std::nullopt) << bad;
  }
}

TEST(AgentState, TakesAnInitThatMayAndIsNewer) {
  AgentState state;
  InitRequest first = parse_init(R"({"accessToken":"t","envVars":{"A":"1"},"defaultUser":"user",
                                     "timestamp":"2026-01-01T00:00:01Z","lifecycleID":"x"})")
                          .value();
  EXPECT_TRUE(state.apply(first));
  EXPECT_EQ(state.default_user, "user");
  EXPECT_FALSE(state.apply(parse_init("{}").value())) << "the token is asked for";
  EXPECT_FALSE(state.apply(parse_init(R"({"accessToken":"u"})").value()));
  auto older =
      parse_init(R"({"accessToken":"t","envVars":{"A":"0"},"timestamp":"2026-01-01T00:00:00Z"})");
  EXPECT_TRUE(state.apply(*older));
  EXPECT_EQ(state.environment["A"], "1");
  EXPECT_TRUE(state.apply(parse_init(R"({"accessToken":"t","envVars":{"B":"2"}})").value()));
  EXPECT_EQ(state.environment.count("A"), 0u) << "the whole set is replaced";
  EXPECT_EQ(state.default_user, "user");
  EXPECT_TRUE(parse_init(""));
  for (const char* bad :
       {"[]", R"({"envVars":{"A=":"1"}})", R"({"envVars":{"":"1"}})", R"({"envVars":{"A":1}})",
        R"({"timestamp":"x"})", R"({"accessToken":1})"}) {
    EXPECT_FALSE(parse_init(bad)) << bad;
  }
}

TEST(AgentState, TheLastWordOnAVariableIsTheCommands) {
  AgentState state;
  state.environment = {{"A", "global"}, {"B", "global"}, {"E2B_SANDBOX", "fake"}};
  state.reserved = {{"E2B_SANDBOX", "true"}};
  Account account;
  account.name = "user";
  account.home = "/home/user";
  const auto lines = command_environment(state, account, {{"A", "own"}});
  EXPECT_THAT(lines, testing::IsSupersetOf({"A=own", "B=global", "E2B_SANDBOX=true",
                                            "HOME=/home/user", "LOGNAME=user", "USER=user"}));
  EXPECT_THAT(search_path_of(lines), HasSubstr("/usr/bin"));
  EXPECT_EQ(lines.size(), 7u);
}

TEST(AgentState, KnowsTheUserOfABasicHeader) {
  EXPECT_EQ(basic_user("Basic cm9vdDo="), "root");
  EXPECT_EQ(basic_user("basic dXNlcg=="), "user");
  EXPECT_EQ(basic_user("Basic Og=="), std::nullopt);
  EXPECT_EQ(basic_user("Bearer x"), std::nullopt);
  EXPECT_EQ(basic_user("Basic !"), std::nullopt);
}

}  // namespace
}  // namespace genesis::envd
