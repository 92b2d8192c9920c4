// The wire's text as a client writes and reads it: the bodies that the official SDKs were seen to
// send, and what providers answer, the odd included.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "launch/e2b/connect_stream.h"
#include "launch/e2b/control_messages.h"
#include "launch/e2b/copy_plan.h"
#include "launch/e2b/filesystem_messages.h"
#include "launch/e2b/process_messages.h"
#include "launch/e2b/template_messages.h"
#include "launch/e2b/wire_failure.h"

namespace genesis::launch::e2b {
namespace {

using nlohmann::json;
using std::chrono::seconds;
using testing::ElementsAre;
using testing::HasSubstr;

TEST(ConnectStream, EnvelopesAreAsTheProtocolHasThem) {
  EXPECT_EQ(to_envelope("{}"), std::string("\0\0\0\0\2{}", 7));
  EnvelopeReader reader(1000);
  const std::string bytes =
      to_envelope(R"({"event":{}})") + to_envelope("") + std::string("\2\0\0\0\2{}", 7);
  std::vector<std::string> seen;
  bool last = false;
  for (const char byte : bytes) {  // Cut anywhere.
    reader.input() += byte;
    for (;;) {
      auto next = reader.next();
      ASSERT_TRUE(next);
      if (!*next) break;
      seen.push_back((*next)->payload);
      last = (*next)->last;
    }
  }
  EXPECT_THAT(seen, ElementsAre(R"({"event":{}})", "", "{}"));
  EXPECT_TRUE(last);
}

TEST(ConnectStream, WhatNobodyAskedForIsAnError) {
  EnvelopeReader large(10);
  large.input() = std::string("\0\0\0\0\x0b", 5);
  EXPECT_EQ(large.next().error().kind, ErrorKind::parse);
  EnvelopeReader packed(10);
  packed.input() = std::string("\1\0\0\0\1x", 6);
  EXPECT_EQ(packed.next().error().kind, ErrorKind::parse);
}

TEST(ProcessMessages, AreWhatTheSdksSend) {
  RemoteCommand command;
  command.argv = {"/bin/bash", "-l", "-c", "echo hi"};
  command.environment = {{"B", "2"}};
  command.cwd = "/tmp";
  EXPECT_EQ(json::parse(start_message(command, std::nullopt)),
            json::parse(R"({"process":{"cmd":"/bin/bash","args":["-l","-c","echo hi"],
                            "envs":{"B":"2"},"cwd":"/tmp"},"stdin":false})"));
  RemoteCommand shell;
  shell.argv = {"/bin/bash", "-i", "-l"};
  EXPECT_EQ(json::parse(start_message(shell, TerminalSize())),
            json::parse(R"({"process":{"cmd":"/bin/bash","args":["-i","-l"]},
                            "pty":{"size":{"cols":80,"rows":24}}})"));
  EXPECT_EQ(json::parse(input_message(42, "h\xc3\xa9llo", false)),
            json::parse(R"({"process":{"pid":42},"input":{"stdin":"aMOpbGxv"}})"));
  EXPECT_EQ(json::parse(signal_message(42, true)),
            json::parse(R"({"process":{"pid":42},"signal":"SIGNAL_SIGKILL"})"));
  TerminalSize size;
  size.columns = 100;
  size.rows = 30;
  EXPECT_EQ(json::parse(resize_message(42, size)),
            json::parse(R"({"process":{"pid":42},"pty":{"size":{"cols":100,"rows":30}}})"));
  command.argv = {"\xff\xfe"};
  EXPECT_THAT(start_message(command, std::nullopt), HasSubstr("\xef\xbf\xbd"));
}

TEST(ProcessMessages, EventsAreReadWhateverTheirForm) {
  using Kind = ProcessEvent::Kind;
  const auto read = [](const char* text) {
    return parse_process_event(text).value_or(ProcessEvent());
  };
  EXPECT_EQ(read(R"({"event":{"start":{"pid":42}}})").pid, 42);
  EXPECT_EQ(read(R"({"event":{"start":{"pid":"42"}}})").pid, 42);
  EXPECT_EQ(read(R"({"event":{"data":{"stdout":"b3V0"}}})").bytes, "out");
  EXPECT_EQ(read(R"({"event":{"data":{"stderr":"b3V0"}}})").kind, Kind::error_output);
  EXPECT_EQ(read(R"({"event":{"data":{"pty":"__4"}}})").bytes, "\xff\xfe");
  EXPECT_EQ(read(R"({"event":{"keepalive":{}}})").kind, Kind::other);
  EXPECT_EQ(read(R"({"event":{"invented":{"a":1}}})").kind, Kind::other);
  EXPECT_EQ(read("{}").kind, Kind::other);
  const auto end = read(R"({"event":{"end":{"exited":true,"status":"exit status 0","x":1}}})");
  EXPECT_EQ(end.kind, Kind::end);
  EXPECT_EQ(end.end.exit_code, 0);  // Left out, as protobuf's JSON may.
  const auto killed = read(R"({"event":{"end":{"exitCode":-1,"status":"signal: killed"}}})");
  EXPECT_EQ(killed.end.exit_code, -1);
  EXPECT_FALSE(killed.end.exited);
  for (const char* bad :
       {"", "[]", "{", R"({"event":{"start":{}}})", R"({"event":{"start":{"pid":-1}}})",
        R"({"event":{"data":{"stdout":"#"}}})", R"({"event":{"data":{"stdout":1}}})"}) {
    EXPECT_FALSE(parse_process_event(bad)) << bad;
  }
}

TEST(ControlMessages, CreationsOfBothGenerations) {
  NewSandbox what;
  what.metadata = {{"k", "v"}};
  what.environment = {{"A", "1"}};
  EXPECT_EQ(json::parse(create_message(what, false)),
            json::parse(
                R"({"templateID":"base","timeout":300,"metadata":{"k":"v"},"envVars":{"A":"1"}})"));
  what.allow_internet_access = false;
  EXPECT_EQ(json::parse(create_message(what, true)),
            json::parse(R"({"templateID":"base","timeout":300,"secure":true,"metadata":{"k":"v"},
                            "allow_internet_access":false,"envVars":{"A":"1"}})"));
}

TEST(ControlMessages, AListsFilterIsEncodedThreeTimes) {
  ListFilter filter;
  filter.metadata = {{"a b", "c&d"}};
  filter.state = SandboxState::paused;
  filter.next_token = "x=";
  EXPECT_EQ(list_query(filter),
            "?limit=100&metadata=a%252520b%3Dc%252526d&state=paused&nextToken=x%3D");
}

TEST(ControlMessages, AnswersAreReadWithWhatIsMissing) {
  const auto made = parse_sandbox(
      R"({"sandboxID":"a","templateID":"t","envdVersion":"0.6.13","domain":null,"new":[1]})");
  ASSERT_TRUE(made);
  EXPECT_EQ(made->agent_version, "0.6.13");
  EXPECT_EQ(made->access_token, "");
  EXPECT_FALSE(parse_sandbox("{}"));
  EXPECT_FALSE(parse_sandbox("[]"));
  EXPECT_FALSE(parse_sandbox_list(R"([{"sandboxID":"a"},{}])"));
  const auto list = parse_sandbox_list(
      R"([{"sandboxID":"a","state":"paused","memoryMB":512,"metadata":{"k":"v","n":1},
           "startedAt":"2026-11-22T00:00:00.5Z"}])");
  ASSERT_TRUE(list);
  EXPECT_EQ(list->front().state, SandboxState::paused);
  EXPECT_EQ(list->front().metadata.size(), 1u);
  EXPECT_EQ(
      parse_templates(R"([{"templateID":"t","aliases":["a","b"],"names":["a"]}])")->front().names,
      (std::vector<std::string>{"a", "b"}));
}

TEST(ControlMessages, Times) {
  const auto base = parse_time("2026-11-22T00:15:37Z");
  ASSERT_TRUE(base);
  EXPECT_EQ(parse_time("2026-11-22T00:15:37.250Z"), *base + std::chrono::milliseconds(250));
  EXPECT_EQ(parse_time("2026-11-22T02:15:37+02:00"), base);
  EXPECT_EQ(parse_time("2026-11-21T22:45:37-01:30"), base);
  EXPECT_TRUE(parse_time("2026-11-22T00:15:37.123456789123Z"));
  for (const char* bad : {"", "2026", "2026-13-01T00:00:00Z", "2026-11-22T24:00:00Z",
                          "2026-02-30T00:00:00Z", "2026-11-22T00:15:37", "2026-11-22T00:15:37Zx",
                          "-026-11-22T00:15:37Z", "8578-10-22T00:00:00Z", "0001-01-01T00:00:00Z"}) {
    EXPECT_FALSE(parse_time(bad)) << bad;
  }
}

TEST(TemplateMessages, PackagesAreWordsOfAShell) {
  TemplateRecipe recipe;
  recipe.pip_install({"numpy", "scipy>=1.10", "it's"});
  EXPECT_EQ(recipe.steps.front().args.front(), R"(pip install numpy 'scipy>=1.10' 'it'"'"'s')");
  recipe.from_template = "base";
  const json message = json::parse(build_message(recipe));
  EXPECT_EQ(message["fromTemplate"], "base");
  EXPECT_FALSE(message.contains("fromImage"));
  EXPECT_FALSE(parse_build_status(R"({"status":"dreaming"})"));
  EXPECT_FALSE(parse_template_build(R"({"templateID":"t"})"));
}

TEST(FilesystemMessages, EntriesAndEvents) {
  const auto entry = parse_entry(
      R"({"entry":{"name":"x","path":"/a/x","type":"FILE_TYPE_SYMLINK","size":"12","mode":33188,
          "modifiedTime":"2026-11-22T00:15:37Z","symlinkTarget":"/b"}})");
  ASSERT_TRUE(entry);
  EXPECT_EQ(entry->type, RemoteEntry::Type::link);
  EXPECT_EQ(entry->size, 12u);
  EXPECT_EQ(entry->mode, 0644u);
  EXPECT_EQ(entry->link_target, "/b");
  EXPECT_EQ(parse_entry(R"({"entry":{"type":2}})")->type, RemoteEntry::Type::folder);
  EXPECT_EQ(parse_entry(R"({"entry":{"type":"FILE_TYPE_PIPE"}})")->type,
            RemoteEntry::Type::unknown);
  EXPECT_FALSE(parse_entry("{}"));
  EXPECT_TRUE(parse_entries("{}")->empty());
  EXPECT_EQ(parse_watch_event(R"({"start":{}})")->kind, WatchEvent::Kind::started);
  EXPECT_EQ(parse_watch_event(R"({"filesystem":{"name":"a/b","type":"EVENT_TYPE_WRITE"}})")->name,
            "a/b");
  EXPECT_EQ(parse_watch_event(R"({"keepalive":{}})")->kind, WatchEvent::Kind::other);
  EXPECT_EQ(json::parse(watch_message("/x", true)),
            json::parse(R"({"path":"/x","recursive":true})"));
  EXPECT_EQ(json::parse(watch_message("/x", false)), json::parse(R"({"path":"/x"})"));
}

net::HttpAnswerHead head(int status, net::Headers headers = {}) {
  net::HttpAnswerHead made;
  made.status = status;
  made.headers = std::move(headers);
  return made;
}

TEST(WireFailure, OfTheControlPlane) {
  const auto kind = [](int status, const char* body) {
    return control_failure("make", head(status), body).kind;
  };
  EXPECT_EQ(kind(401, "{}"), FailureKind::unauthorized);
  EXPECT_EQ(kind(404, ""), FailureKind::not_found);
  EXPECT_EQ(kind(429, ""), FailureKind::rate_limited);
  EXPECT_EQ(kind(403, R"({"message":"Quota exceeded"})"), FailureKind::rate_limited);
  EXPECT_EQ(kind(403, R"({"message":"not yours"})"), FailureKind::unauthorized);
  EXPECT_EQ(kind(400, ""), FailureKind::refused);
  EXPECT_EQ(kind(501, ""), FailureKind::refused);
  EXPECT_EQ(kind(503, ""), FailureKind::unavailable);
  const auto busy =
      control_failure("make", head(429, {{"Retry-After", "7"}}), R"({"message":"20 at most"})");
  EXPECT_EQ(busy.retry_after, seconds(7));
  EXPECT_EQ(busy.message, "make: 20 at most (HTTP status 429)");
  for (const char* bad : {"", "1.5", "-1", "Tue, 01 Jan", "99999999999999999999"}) {
    EXPECT_FALSE(retry_after_of(head(429, {{"Retry-After", bad}}))) << bad;
  }
}

TEST(WireFailure, OfTheAgentAndTheGatewayBeforeIt) {
  const auto kind = [](int status, const char* body) {
    return agent_failure("read", head(status), body).kind;
  };
  EXPECT_EQ(kind(404, ""), FailureKind::not_found);
  EXPECT_EQ(kind(507, ""), FailureKind::no_space);
  EXPECT_EQ(kind(502, R"({"sandboxId":"a","message":"The sandbox was not found","code":502})"),
            FailureKind::sandbox_gone);
  EXPECT_EQ(kind(502, R"({"message":"The sandbox is running but port is not open","code":502})"),
            FailureKind::unavailable);
  EXPECT_EQ(kind(502, "healthy sandbox not found: a"), FailureKind::sandbox_gone);
  EXPECT_EQ(kind(502, "<html>Bad Gateway</html>"), FailureKind::unavailable);
  EXPECT_EQ(kind(401, ""), FailureKind::unauthorized);
  EXPECT_EQ(
      agent_failure("read", head(502), R"({"message":"m","cause":"out_of_memory","detail":"d"})")
          .message,
      "read: m: out_of_memory: d (HTTP status 502)");
}

TEST(WireFailure, OfConnectCalls) {
  EXPECT_EQ(rpc_failure("x", head(404), R"({"code":"not_found","message":"m"})").kind,
            FailureKind::not_found);
  EXPECT_EQ(rpc_failure("x", head(404), "no such page").kind, FailureKind::not_found);
  EXPECT_EQ(rpc_failure("x", head(409), R"({"code":"already_exists"})").kind,
            FailureKind::already_exists);
  EXPECT_FALSE(end_of_stream_failure("x", "{}"));
  EXPECT_FALSE(end_of_stream_failure("x", R"({"metadata":{"a":["b"]}})"));
  const auto kind = [](const char* payload) { return end_of_stream_failure("x", payload)->kind; };
  EXPECT_EQ(kind(R"({"error":{"code":"deadline_exceeded"}})"), FailureKind::deadline);
  EXPECT_EQ(kind(R"({"error":{"code":"invalid_argument","message":"cwd"}})"), FailureKind::refused);
  EXPECT_EQ(kind(R"({"error":{"code":"resource_exhausted"}})"), FailureKind::rate_limited);
  EXPECT_EQ(kind(R"({"error":{"code":"unavailable"}})"), FailureKind::unavailable);
  EXPECT_EQ(kind(R"({"error":{}})"), FailureKind::broken);
  EXPECT_EQ(kind(""), FailureKind::broken);
}

TEST(WireFailure, MessagesAreCutAndHaveNoControls) {
  const std::string message = message_of("a\nb\x1b[31m" + std::string(2000, 'x'));
  EXPECT_LE(message.size(), 500u);
  EXPECT_THAT(message, testing::StartsWith("a b [31m"));
}

TEST(CopyPlan, SaysWhichWay) {
  EXPECT_TRUE(copy_plan("a", "id:b")->up);
  EXPECT_EQ(copy_plan("./x:y", "id:b")->from, "./x:y");
  const auto down = copy_plan("id:/a:b", ".");
  EXPECT_FALSE(down->up);
  EXPECT_EQ(down->sandbox, "id");
  EXPECT_EQ(down->from, "/a:b");
  EXPECT_FALSE(copy_plan("a", "b"));
  EXPECT_FALSE(copy_plan("i:a", "j:b"));
  EXPECT_FALSE(copy_plan("i:", "b"));
  EXPECT_EQ(last_name("/a/b/"), "b");
  EXPECT_EQ(last_name("."), "");
}

TEST(CopyPlan, WhatASandboxNamesStaysBelowTheFolder) {
  EXPECT_EQ(below("/a", "/a/b/c"), "b/c");
  EXPECT_EQ(below("/a/", "/a/b"), "b");
  EXPECT_EQ(below("/", "/b"), "b");
  for (const char* bad :
       {"/a", "/a/", "/ab", "/a/../b", "/a/b/../../c", "/a/./b", "/a//b", "b", ""}) {
    EXPECT_FALSE(below("/a", bad)) << bad;
  }
}

}  // namespace
}  // namespace genesis::launch::e2b
