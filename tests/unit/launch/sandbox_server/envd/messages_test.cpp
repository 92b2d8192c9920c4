#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include "launch/sandbox_server/envd/filesystem_messages.h"
#include "launch/sandbox_server/envd/process_messages.h"

namespace genesis::envd {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

TEST(ProcessMessages, StartIsReadAsSdksWriteIt) {
  const auto run = parse_start(R"({"process":{"cmd":"/bin/bash","args":["-l","-c","echo hi"],
      "envs":{"B":"2"},"cwd":"/tmp"},"stdin":false,"unknown":{"x":[]}})");
  ASSERT_TRUE(run) << run.error().message;
  EXPECT_EQ(run->config.command, "/bin/bash");
  EXPECT_THAT(run->config.arguments, ElementsAre("-l", "-c", "echo hi"));
  EXPECT_EQ(run->config.environment.at("B"), "2");
  EXPECT_EQ(run->config.folder, "/tmp");
  EXPECT_FALSE(run->stdin_open);
  EXPECT_FALSE(run->pty);
  const auto pty = parse_start(
      R"({"process":{"cmd":"bash"},"pty":{"size":{"cols":100,"rows":"30"}},"tag":"t","cwd":null})");
  ASSERT_TRUE(pty);
  EXPECT_TRUE(pty->stdin_open) << "absent means open";
  EXPECT_EQ(pty->pty->columns, 100);
  EXPECT_EQ(pty->pty->rows, 30);
  EXPECT_EQ(pty->tag, "t");
}

TEST(ProcessMessages, WhatIsNoStartIsAnInvalidArgument) {
  for (const char* bad :
       {"", "{}", "[]", R"({"process":1})", R"({"process":{"cmd":""}})", R"({"process":{"cmd":1}})",
        R"({"process":{"cmd":"a\u0000b"}})", R"({"process":{"cmd":"a","args":{}}})",
        R"({"process":{"cmd":"a","args":[1]}})", R"({"process":{"cmd":"a","args":["\u0000"]}})",
        R"({"process":{"cmd":"a","envs":[]}})", R"({"process":{"cmd":"a","envs":{"A=B":"1"}}})",
        R"({"process":{"cmd":"a","envs":{"A":1}}})", R"({"process":{"cmd":"a","cwd":1}})",
        R"({"process":{"cmd":"a"},"stdin":"no"})", R"({"process":{"cmd":"a"},"pty":[]})",
        R"({"process":{"cmd":"a"},"pty":{"size":{"cols":-1}}})"}) {
    const auto parsed = parse_start(bad);
    ASSERT_FALSE(parsed) << bad;
    EXPECT_EQ(parsed.error().code, RpcCode::invalid_argument);
  }
}

TEST(ProcessMessages, SelectorsInputsAndSignals) {
  EXPECT_EQ(parse_selector(R"({"process":{"pid":42}})")->pid, 42u);
  EXPECT_EQ(parse_selector(R"({"process":{"pid":"42"}})")->pid, 42u);
  EXPECT_EQ(parse_selector(R"({"process":{"tag":"t"}})")->tag, "t");
  for (const char* bad :
       {"{}", R"({"process":{}})", R"({"process":{"pid":-1}})", R"({"process":{"pid":4294967296}})",
        R"({"process":{"pid":1.5}})", R"({"process":{"pid":"4x"}})"}) {
    EXPECT_FALSE(parse_selector(bad)) << bad;
  }
  const auto input = parse_input(R"({"process":{"pid":1},"input":{"stdin":"aMOpbGxv"}})");
  ASSERT_TRUE(input);
  EXPECT_EQ(input->input.bytes, "h\xc3\xa9llo");
  EXPECT_FALSE(input->input.for_pty);
  EXPECT_TRUE(parse_input(R"({"process":{"pid":1},"input":{"pty":"eA=="}})")->input.for_pty);
  EXPECT_FALSE(parse_input(R"({"process":{"pid":1},"input":{"stdin":"%"}})"));
  EXPECT_FALSE(parse_input(R"({"process":{"pid":1},"input":{}})"));
  EXPECT_EQ(parse_signal(R"({"process":{"pid":1},"signal":"SIGNAL_SIGKILL"})")->signal, SIGKILL);
  EXPECT_EQ(parse_signal(R"({"process":{"pid":1},"signal":15})")->signal, SIGTERM);
  EXPECT_EQ(parse_signal(R"({"process":{"pid":1},"signal":"SIGNAL_SIGHUP"})")->signal, 0);
  EXPECT_EQ(parse_signal(R"({"process":{"pid":1}})")->signal, 0);
  EXPECT_FALSE(parse_update(R"({"process":{"pid":1},"pty":{"size":3}})"));
  EXPECT_TRUE(parse_stream_input(R"({"keepalive":{}})"));
  EXPECT_EQ(parse_stream_input(R"({"start":{"process":{"pid":3}}})")->start->pid, 3u);
}

TEST(ProcessMessages, EndsAreInGosWords) {
  EXPECT_EQ(end_event(end_of_wait_status(0)),
            R"({"event":{"end":{"exitCode":0,"exited":true,"status":"exit status 0"}}})");
  EXPECT_EQ(end_event(end_of_wait_status(3 << 8)),
            R"({"event":{"end":{"error":"exit status 3","exitCode":3,"exited":true,)"
            R"("status":"exit status 3"}}})");
  const ProcessEnd killed = end_of_wait_status(SIGKILL);
  EXPECT_FALSE(killed.exited);
  EXPECT_EQ(killed.exit_code, -1);
  EXPECT_EQ(killed.status, "signal: killed");
  EXPECT_EQ(end_of_wait_status(SIGSEGV | 0x80).status, "signal: segmentation fault (core dumped)");
}

TEST(ProcessMessages, EventsAndLists) {
  EXPECT_EQ(start_event(42), R"({"event":{"start":{"pid":42}}})");
  EXPECT_EQ(data_event(Output::standard_output, "out"), R"({"event":{"data":{"stdout":"b3V0"}}})");
  EXPECT_EQ(data_event(Output::terminal, ""), R"({"event":{"data":{"pty":""}}})");
  EXPECT_EQ(list_reply({}), R"({"processes":[]})");
  ListedProcess one;
  one.pid = 7;
  one.config.command = "a\xff";
  EXPECT_EQ(list_reply({one}),
            "{\"processes\":[{\"config\":{\"args\":[],\"cmd\":\"a\xef\xbf\xbd\",\"envs\":{}},"
            "\"pid\":7}]}");
}

TEST(FilesystemMessages, Requests) {
  EXPECT_EQ(parse_path_request(R"({"path":"/x"})"), "/x");
  EXPECT_EQ(parse_path_request("{}"), "");
  EXPECT_FALSE(parse_path_request(R"({"path":1})"));
  EXPECT_EQ(parse_list_request(R"({"path":"/x","depth":0})")->depth, 1u);
  EXPECT_EQ(parse_list_request(R"({"path":"/x","depth":3})")->depth, 3u);
  EXPECT_EQ(parse_move_request(R"({"source":"a","destination":"b"})")->destination, "b");
  const auto watch = parse_watch_request(R"({"path":"/x","recursive":true})");
  EXPECT_TRUE(watch->recursive);
  EXPECT_FALSE(watch->include_entry);
  EXPECT_FALSE(parse_watch_request(R"({"recursive":"yes"})"));
  EXPECT_FALSE(parse_compose_request(R"({"destination":"x"})"));
  EXPECT_FALSE(parse_compose_request(R"({"destination":"x","source_paths":[1]})"));
}

TEST(FilesystemMessages, AnEntry) {
  FileEntry entry;
  entry.name = "f";
  entry.path = "/f";
  entry.type = FileType::file;
  entry.size = 5;
  entry.mode = 0644;
  entry.permissions = "-rw-r--r--";
  entry.owner = entry.group = "user";
  entry.modified = {1, 7};
  const std::string text = entry_reply(entry);
  EXPECT_THAT(text, HasSubstr(R"("type":"FILE_TYPE_FILE")"));
  EXPECT_THAT(text, HasSubstr(R"("size":"5")"));
  EXPECT_THAT(text, HasSubstr(R"("modifiedTime":"1970-01-01T00:00:01.000000007Z")"));
  EXPECT_THAT(text, testing::Not(HasSubstr("symlink")));
  FileChange change;
  change.name = "a/b";
  change.kind = ChangeKind::rename;
  EXPECT_EQ(watch_event(change), R"({"filesystem":{"name":"a/b","type":"EVENT_TYPE_RENAME"}})");
  WrittenFile written;
  written.path = "/d/x";
  EXPECT_EQ(written_reply({written}), R"([{"name":"x","path":"/d/x","type":"file"}])");
}

TEST(RpcError, HasTheStatusOfItsCode) {
  EXPECT_EQ(http_status(RpcCode::not_found), 404);
  EXPECT_EQ(http_status(RpcCode::unauthenticated), 401);
  EXPECT_EQ(code_name(RpcCode::unauthenticated), "unauthenticated");
  EXPECT_EQ(code_name(RpcCode::canceled), "canceled");
  EXPECT_EQ(rpc_errno("x", "y", ENOSPC).value().code, RpcCode::resource_exhausted);
  EXPECT_EQ(rpc_errno("look at", "/y", ENOENT).value().message,
            "look at '/y': No such file or directory");
}

}  // namespace
}  // namespace genesis::envd
