// What a provider of sandboxes promises (launch/e2b/provider.h), by E2B's wire against a real
// server: `genesis sandboxd`, which the official SDKs prove to speak it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <chrono>
#include <memory>
#include <optional>
#include <utility>

#include "genesis/base/files.h"
#include "launch/e2b/http_provider.h"
#include "launch/e2b/signed_url.h"
#include "tests/bench/sandboxd_process.h"

namespace genesis::launch::e2b {
namespace {

namespace asio = boost::asio;
using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::HasSubstr;
using testing::Not;

/// One server and one sandbox for all: making them takes the longest.
class Server {
 public:
  static Server& the() {
    static Server server;
    return server;
  }
  AddressSettings address() const {
    AddressSettings settings;
    settings.api_key = bench::SandboxdProcess::key();
    settings.api_url = "http://127.0.0.1:" + std::to_string(process_.port());
    settings.sandbox_url = settings.api_url;
    return settings;
  }

 private:
  TempDir folder_{"ge2b"};
  bench::SandboxdProcess process_{folder_.path()};
};

class ProviderTest : public testing::Test {
 protected:
  ProviderTest() { use(Server::the().address()); }
  ~ProviderTest() override {
    for (const std::string& id : made_) wait(provider_->kill(id));
  }

  void use(AddressSettings settings, ProviderLimits limits = {}) {
    provider_ = std::make_unique<HttpProvider>(io_, *Addressing::from(std::move(settings)), limits);
  }

  template <typename T>
  T wait(Awaitable<T> awaited) {
    std::optional<T> result;
    asio::co_spawn(io_, std::move(awaited), [&](std::exception_ptr failure, T value) {
      if (failure) std::rethrow_exception(failure);
      result.emplace(std::move(value));
    });
    io_.restart();
    while (!result && io_.run_one() > 0) {
    }
    if (!result) throw std::runtime_error("nothing left to wait for");
    return std::move(*result);
  }

  SandboxHandle make(NewSandbox what = {}) {
    what.lifetime = seconds(120);
    auto handle = wait(provider_->create(std::move(what)));
    if (!handle) throw std::runtime_error(handle.error().message);
    made_.push_back(handle->id);
    return *handle;
  }

  static RemoteCommand shell(std::string command) {
    RemoteCommand made;
    made.argv = {"/bin/bash", "-c", std::move(command)};
    return made;
  }
  CommandAnswer run(const SandboxHandle& sandbox, RemoteCommand command) {
    auto answer = wait(provider_->run(sandbox, std::move(command), 1u << 20));
    if (!answer) throw std::runtime_error(answer.error().message);
    return *answer;
  }

  asio::io_context io_{1};
  std::unique_ptr<HttpProvider> provider_;
  std::vector<std::string> made_;
};

TEST_F(ProviderTest, ASandboxIsMadeListedLookedAtAndKilled) {
  NewSandbox what;
  what.metadata = {{"genesis run", "a&b=c %"}, {"other", "1"}};
  const SandboxHandle sandbox = make(what);
  EXPECT_FALSE(sandbox.access_token.empty());
  EXPECT_FALSE(sandbox.agent_version.empty());
  const auto listed = wait(provider_->list({{"genesis run", "a&b=c %"}}));
  ASSERT_TRUE(listed) << listed.error().message;
  ASSERT_EQ(listed->size(), 1u);
  EXPECT_EQ(listed->front().id, sandbox.id);
  EXPECT_EQ(listed->front().metadata, what.metadata);
  EXPECT_TRUE(wait(provider_->list({{"genesis run", "another"}}))->empty());

  const auto info = wait(provider_->info(sandbox.id));
  ASSERT_TRUE(info) << info.error().message;
  EXPECT_EQ(info->state, SandboxState::running);
  EXPECT_NEAR(std::chrono::duration<double>(info->ends_at - info->started_at).count(), 120, 2);

  EXPECT_EQ(wait(provider_->kill(sandbox.id)), true);
  EXPECT_EQ(wait(provider_->kill(sandbox.id)), false);
  EXPECT_EQ(wait(provider_->info(sandbox.id)).error().kind, FailureKind::not_found);
  EXPECT_EQ(wait(provider_->connect(sandbox.id, seconds(60))).error().kind, FailureKind::not_found);
  EXPECT_EQ(wait(provider_->set_lifetime(sandbox.id, seconds(60))).error().kind,
            FailureKind::not_found);
}

TEST_F(ProviderTest, ItsLifeIsSetAndConnectNeverShortensIt) {
  const SandboxHandle sandbox = make();
  ASSERT_TRUE(wait(provider_->set_lifetime(sandbox.id, seconds(300))));
  const auto before = wait(provider_->info(sandbox.id))->ends_at;
  const auto again = wait(provider_->connect(sandbox.id, seconds(10)));
  ASSERT_TRUE(again) << again.error().message;
  EXPECT_EQ(again->access_token, sandbox.access_token);
  EXPECT_EQ(wait(provider_->info(sandbox.id))->ends_at, before);
}

TEST_F(ProviderTest, ManyPagesAreOneList) {
  NewSandbox what;
  what.metadata = {{"pages", "yes"}};
  for (int i = 0; i < 3; ++i) make(what);
  ListFilter filter;
  filter.metadata = what.metadata;
  filter.limit = 1;
  const auto all = wait(provider_->control().list(filter));
  ASSERT_TRUE(all) << all.error().message;
  EXPECT_EQ(all->size(), 3u);
}

TEST_F(ProviderTest, OneKeyMakesOneSandbox) {
  NewSandbox what;
  what.idempotency_key = "attempt-17";
  const SandboxHandle first = make(what);
  const SandboxHandle second = make(what);
  EXPECT_EQ(first.id, second.id);
}

TEST_F(ProviderTest, WhatCannotBeMadeIsSaid) {
  NewSandbox what;
  what.sandbox_template = "no-such-template";
  const auto unknown = wait(provider_->create(what));
  ASSERT_FALSE(unknown);
  EXPECT_EQ(unknown.error().kind, FailureKind::unknown_template) << unknown.error().message;
  EXPECT_THAT(unknown.error().message, HasSubstr("genesis sandbox templates"));
  // This server makes no snapshots: an answer that is remembered, not a failure that passes.
  const auto snapshot = wait(provider_->snapshot(make().id, "one"));
  ASSERT_FALSE(snapshot);
  EXPECT_EQ(snapshot.error().kind, FailureKind::refused) << snapshot.error().message;
  EXPECT_EQ(wait(provider_->delete_snapshot("one")), false);
  AddressSettings settings = Server::the().address();
  settings.api_key = "e2b_00000000000000000000000000000000000000ff";
  use(settings);
  const auto refused = wait(provider_->create(NewSandbox()));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind, FailureKind::unauthorized);
  EXPECT_THAT(refused.error().message, Not(HasSubstr(settings.api_key)));
}

TEST_F(ProviderTest, FilesTravelByteForByte) {
  const SandboxHandle sandbox = make();
  std::string bytes(3'000'000, '\0');
  for (std::size_t i = 0; i < bytes.size(); ++i)
    bytes[i] = static_cast<char>(i * 2654435761u >> 13);
  const TempDir here;
  ASSERT_TRUE(write_file(here.path() / "up", bytes));
  const auto up = wait(provider_->upload_file(sandbox, "/tmp/a b/deep/x", here.path() / "up", ""));
  ASSERT_TRUE(up) << up.error().message;
  const auto down = wait(
      provider_->download_file(sandbox, "/tmp/a b/deep/x", here.path() / "down", 4'000'000, ""));
  ASSERT_TRUE(down) << down.error().message;
  EXPECT_EQ(*down, bytes.size());
  EXPECT_EQ(*read_file(here.path() / "down"), bytes);

  ASSERT_TRUE(wait(provider_->write_file(sandbox, "empty", "", "")));
  EXPECT_EQ(*wait(provider_->read_file(sandbox, "/home/user/empty", 10, "")), "");
  ASSERT_TRUE(wait(provider_->write_file(sandbox, "small", std::string("a\0b\xff", 4), "root")));
  EXPECT_EQ(*wait(provider_->read_file(sandbox, "~/small", 10, "root")),
            std::string("a\0b\xff", 4));
}

TEST_F(ProviderTest, SeveralFilesTravelInOneRequestWhateverIsInThem) {
  const SandboxHandle sandbox = make();
  std::string bytes;
  for (int i = 0; i < 256; ++i) bytes += static_cast<char>(i);
  // What separates the parts, as a guess of whoever wrote the file.
  bytes += "\r\n--genesis-8b1f0c52d4a94e7f-0--\r\n--genesis-8b1f0c52d4a94e7f-1\r\n\r\nx";
  std::vector<FileText> files;
  files.emplace_back("/tmp/many/a b/\"x\"", bytes);
  files.emplace_back("/tmp/many/a b/x", bytes);
  files.emplace_back("/tmp/many/c/empty", "");
  files.emplace_back("relative", "r");
  const auto written = wait(provider_->write_files(sandbox, files, ""));
  ASSERT_TRUE(written) << written.error().message;
  EXPECT_EQ(*wait(provider_->read_file(sandbox, "/tmp/many/c/empty", 10, "")), "");
  EXPECT_EQ(*wait(provider_->read_file(sandbox, "/home/user/relative", 10, "")), "r");
  EXPECT_EQ(*wait(provider_->read_file(sandbox, "/tmp/many/a b/\"x\"", 1000, "")), bytes);
  EXPECT_EQ(*wait(provider_->read_file(sandbox, "/tmp/many/a b/x", 1000, "")), bytes);
}

TEST_F(ProviderTest, FilesArePackedOnTheirWayAndKeepMetadata) {
  const SandboxHandle sandbox = make();
  std::string text;
  for (int i = 0; i < 300'000; ++i) text += std::to_string(i % 977) + "\n";
  const TempDir here;
  ASSERT_TRUE(write_file(here.path() / "up", text));
  FileOptions packed;
  packed.gzip = true;
  FilesClient& files = provider_->files();
  const auto up = wait(files.upload(sandbox, "/tmp/x", here.path() / "up", packed));
  ASSERT_TRUE(up) << up.error().message;
  EXPECT_EQ(run(sandbox, shell("cksum < /tmp/x; stat -c %s /tmp/x")).output,
            run(sandbox, shell("cat /tmp/x | cksum; echo " + std::to_string(text.size()))).output);
  const auto down = wait(files.download(sandbox, "/tmp/x", here.path() / "down", 1u << 30, packed));
  ASSERT_TRUE(down) << down.error().message;
  EXPECT_EQ(*down, text.size());
  EXPECT_EQ(*read_file(here.path() / "down"), text);
  EXPECT_EQ(*wait(files.read(sandbox, "/tmp/x", text.size(), packed)), text);
  const auto too_large = wait(files.read(sandbox, "/tmp/x", text.size() - 1, packed));
  EXPECT_EQ(too_large.error().kind, FailureKind::too_large);

  FileOptions noted = packed;
  noted.metadata = {{"Who", "me & you"}};
  ASSERT_TRUE(wait(files.write(sandbox, "/home/user/noted", "short", noted)));
  EXPECT_EQ(*wait(files.read(sandbox, "/home/user/noted", 10, FileOptions())), "short");
  const auto entry = wait(provider_->folders().stat(sandbox, "/home/user/noted", ""));
  ASSERT_TRUE(entry) << entry.error().message;
  // Where the file system of the state folder has extended attributes.
  if (!entry->metadata.empty()) {
    EXPECT_EQ(entry->metadata.at("who"), "me & you");
  }
  noted.metadata = {{"a b", "c"}};
  EXPECT_EQ(wait(files.write(sandbox, "/tmp/y", "", noted)).error().kind, FailureKind::refused);
}

TEST_F(ProviderTest, WhatTheServerCannotIsSaidByIt) {
  const SandboxHandle sandbox = make();
  const auto open = wait(provider_->control().set_network(sandbox.id, NetworkRules(), {}));
  EXPECT_TRUE(open) << open.error().message;
  NetworkRules closed;
  closed.deny_out = {"0.0.0.0/0"};
  EXPECT_EQ(wait(provider_->control().set_network(sandbox.id, closed, {})).error().kind,
            FailureKind::refused);
  EXPECT_THAT(wait(provider_->control().fork(sandbox.id, {}, 2)).error().message, HasSubstr("501"));
  NewTemplate what;
  what.name = "mine";
  const auto built = wait(provider_->templates().build(what, TemplateRecipe(), ".", {}));
  EXPECT_THAT(built.error().message, HasSubstr("build template 'mine'"));
  EXPECT_THAT(built.error().message, HasSubstr("501"));
  EXPECT_EQ(wait(provider_->templates().exists("base")), true);
  EXPECT_EQ(wait(provider_->templates().exists("no-such")), false);
}

TEST_F(ProviderTest, FilesThatAreNotThereOrTooLargeLeaveNothing) {
  const SandboxHandle sandbox = make();
  const TempDir here;
  const fs::path to = here.path() / "to";
  EXPECT_EQ(wait(provider_->read_file(sandbox, "/no/such", 10, "")).error().kind,
            FailureKind::not_found);
  EXPECT_EQ(wait(provider_->download_file(sandbox, "/no/such", to, 10, "")).error().kind,
            FailureKind::not_found);
  ASSERT_TRUE(wait(provider_->write_file(sandbox, "/tmp/ten", "0123456789", "")));
  EXPECT_EQ(wait(provider_->read_file(sandbox, "/tmp/ten", 9, "")).error().kind,
            FailureKind::too_large);
  EXPECT_EQ(wait(provider_->download_file(sandbox, "/tmp/ten", to, 9, "")).error().kind,
            FailureKind::too_large);
  EXPECT_EQ(*wait(provider_->download_file(sandbox, "/tmp/ten", to, 10, "")), 10u);
  EXPECT_EQ(wait(provider_->upload_file(sandbox, "/tmp/x", here.path() / "none", "")).error().kind,
            FailureKind::local_io);
  EXPECT_EQ(std::distance(fs::directory_iterator(here.path()), fs::directory_iterator()), 1);
}

TEST_F(ProviderTest, ACommandRunsWithWhatItWasGiven) {
  const SandboxHandle sandbox = make();
  RemoteCommand command = shell("echo \"$A $PWD $(id -un)\"; echo oops >&2; exit 7");
  command.environment = {{"A", "b \"c\""}};
  command.cwd = "/tmp";
  const CommandAnswer answer = run(sandbox, command);
  EXPECT_EQ(answer.output, "b \"c\" /tmp user\n");
  EXPECT_EQ(answer.error_output, "oops\n");
  EXPECT_EQ(answer.end.exit_code, 7);
  EXPECT_TRUE(answer.end.exited);
  command.user = "root";
  EXPECT_THAT(run(sandbox, command).output, HasSubstr(" root"));
  const CommandAnswer killed = run(sandbox, shell("kill -9 $$"));
  EXPECT_EQ(killed.end.exit_code, -1);
  EXPECT_FALSE(killed.end.exited);
}

TEST_F(ProviderTest, OutputIsWholeAndBounded) {
  const SandboxHandle sandbox = make();
  const auto all = run(sandbox, shell("head -c 900000 /dev/zero | tr '\\0' x"));
  EXPECT_EQ(all.output.size(), 900'000u);
  EXPECT_FALSE(all.truncated);
  const auto some = wait(provider_->run(sandbox, shell("seq 100000"), 1000));
  ASSERT_TRUE(some) << some.error().message;
  EXPECT_EQ(some->output.size(), 1000u);
  EXPECT_TRUE(some->truncated);
  EXPECT_EQ(some->end.exit_code, 0);
}

TEST_F(ProviderTest, WhatCannotBeRunIsRefused) {
  const SandboxHandle sandbox = make();
  RemoteCommand command = shell("true");
  command.cwd = "/no/such/folder";
  const auto answer = wait(provider_->run(sandbox, command, 100));
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().kind, FailureKind::refused) << answer.error().message;
  EXPECT_THAT(answer.error().message, HasSubstr("/no/such/folder"));
}

TEST_F(ProviderTest, ATimeLimitEndsTheCommand) {
  const SandboxHandle sandbox = make();
  RemoteCommand command = shell("echo $$ > /tmp/pid; exec sleep 100");
  command.time_limit = milliseconds(300);
  const auto answer = wait(provider_->run(sandbox, command, 100));
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().kind, FailureKind::deadline) << answer.error().message;
  EXPECT_EQ(run(sandbox, shell("kill -0 $(cat /tmp/pid)")).end.exit_code, 1);
}

TEST_F(ProviderTest, ACommandIsFollowedAgainAfterItsStreamWasLetGo) {
  const SandboxHandle sandbox = make();
  std::int64_t pid = 0;
  {
    auto stream =
        wait(provider_->start(sandbox, shell("until [ -e /tmp/go ]; do sleep 0.05; done; exit 5")));
    ASSERT_TRUE(stream) << stream.error().message;
    pid = (*stream)->pid();
    EXPECT_GT(pid, 0);
  }
  auto again = wait(provider_->follow(sandbox, pid));
  ASSERT_TRUE(again) << again.error().message;
  EXPECT_EQ((*again)->pid(), pid);
  ASSERT_TRUE(wait(provider_->write_file(sandbox, "/tmp/go", "", "")));
  const auto end = wait((*again)->next());
  ASSERT_TRUE(end) << end.error().message;
  EXPECT_EQ(end->kind, CommandPiece::Kind::end);
  EXPECT_EQ(end->end.exit_code, 5);
  EXPECT_EQ(wait(provider_->follow(sandbox, 999'999)).error().kind, FailureKind::not_found);
}

TEST_F(ProviderTest, ASignalEndsACommand) {
  const SandboxHandle sandbox = make();
  auto stream = wait(provider_->start(sandbox, shell("exec sleep 100")));
  ASSERT_TRUE(stream) << stream.error().message;
  EXPECT_EQ(wait(provider_->signal(sandbox, (*stream)->pid(), false)), true);
  const auto end = wait((*stream)->next());
  ASSERT_TRUE(end) << end.error().message;
  EXPECT_EQ(end->end.exit_code, -1);
  EXPECT_THAT(end->end.status, HasSubstr("terminated"));
  EXPECT_EQ(wait(provider_->signal(sandbox, 999'999, true)), false);
}

TEST_F(ProviderTest, AKilledSandboxIsGoneAndNotMerelyBroken) {
  const SandboxHandle sandbox = make();
  auto stream = wait(provider_->start(sandbox, shell("exec sleep 100")));
  ASSERT_TRUE(stream) << stream.error().message;
  ASSERT_EQ(wait(provider_->kill(sandbox.id)), true);
  const auto cut = wait((*stream)->next());
  ASSERT_FALSE(cut);
  EXPECT_EQ(cut.error().kind, FailureKind::sandbox_gone) << cut.error().message;
  EXPECT_EQ(wait(provider_->run(sandbox, shell("true"), 10)).error().kind,
            FailureKind::sandbox_gone);
  EXPECT_EQ(wait(provider_->read_file(sandbox, "/etc/hostname", 100, "")).error().kind,
            FailureKind::sandbox_gone);
  EXPECT_EQ(wait(provider_->write_file(sandbox, "/tmp/x", "y", "")).error().kind,
            FailureKind::sandbox_gone);
}

TEST_F(ProviderTest, FoldersAreMadeListedMovedAndRemoved) {
  const SandboxHandle sandbox = make();
  FoldersClient& folders = provider_->folders();
  EXPECT_EQ(wait(folders.make(sandbox, "/tmp/a/b", "")), true);
  EXPECT_EQ(wait(folders.make(sandbox, "/tmp/a/b", "")), false);
  ASSERT_TRUE(wait(provider_->write_file(sandbox, "/tmp/a/b/file", "12345", "")));
  const auto entry = wait(folders.stat(sandbox, "/tmp/a/b/file", ""));
  ASSERT_TRUE(entry) << entry.error().message;
  EXPECT_EQ(entry->type, RemoteEntry::Type::file);
  EXPECT_EQ(entry->size, 5u);
  EXPECT_EQ(entry->owner, "user");
  EXPECT_TRUE(entry->modified);
  const auto listed = wait(folders.list(sandbox, "/tmp/a", 2, ""));
  ASSERT_TRUE(listed) << listed.error().message;
  ASSERT_EQ(listed->size(), 2u);
  EXPECT_EQ(listed->back().path, "/tmp/a/b/file");
  ASSERT_TRUE(wait(folders.move(sandbox, "/tmp/a/b", "/tmp/c", "")));
  EXPECT_EQ(wait(folders.stat(sandbox, "/tmp/a/b", "")).error().kind, FailureKind::not_found);
  ASSERT_TRUE(wait(folders.remove(sandbox, "/tmp/c", "")));
  EXPECT_EQ(wait(folders.list(sandbox, "/tmp/c", 1, "")).error().kind, FailureKind::not_found);
}

TEST_F(ProviderTest, AFolderIsWatched) {
  const SandboxHandle sandbox = make();
  auto watch = wait(provider_->folders().watch(sandbox, "/tmp", true, ""));
  ASSERT_TRUE(watch) << watch.error().message;
  ASSERT_TRUE(wait(provider_->write_file(sandbox, "/tmp/seen", "x", "")));
  const auto event = wait((*watch)->next());
  ASSERT_TRUE(event) << event.error().message;
  EXPECT_EQ(event->kind, WatchEvent::Kind::created);
  EXPECT_EQ(event->name, "seen");
  EXPECT_EQ(wait(provider_->folders().watch(sandbox, "/no/such", false, "")).error().kind,
            FailureKind::not_found);
}

TEST_F(ProviderTest, ACommandIsGivenInputAndItsEnd) {
  const SandboxHandle sandbox = make();
  RemoteCommand command = shell("cat; echo over");
  command.wants_stdin = true;
  auto stream = wait(provider_->start(sandbox, command));
  ASSERT_TRUE(stream) << stream.error().message;
  const std::int64_t pid = (*stream)->pid();
  const auto running = wait(provider_->processes().list(sandbox));
  ASSERT_TRUE(running) << running.error().message;
  ASSERT_EQ(running->size(), 1u);
  EXPECT_EQ(running->front().pid, pid);
  EXPECT_EQ(running->front().arguments.back(), "cat; echo over");
  ASSERT_TRUE(wait(provider_->processes().send_input(sandbox, pid, "some\n", false)));
  ASSERT_TRUE(wait(provider_->processes().close_input(sandbox, pid)));
  std::string seen;
  for (;;) {
    const auto piece = wait((*stream)->next());
    ASSERT_TRUE(piece) << piece.error().message;
    if (piece->kind == CommandPiece::Kind::end) break;
    seen += piece->bytes;
  }
  EXPECT_EQ(seen, "some\nover\n");
}

TEST_F(ProviderTest, ATerminalIsOne) {
  const SandboxHandle sandbox = make();
  RemoteCommand command;
  command.argv = {"/bin/sh"};
  TerminalSize size;
  size.columns = 91;
  auto stream = wait(provider_->processes().start(sandbox, command, size));
  ASSERT_TRUE(stream) << stream.error().message;
  const std::int64_t pid = (*stream)->pid();
  size.rows = 37;
  ASSERT_TRUE(wait(provider_->processes().resize(sandbox, pid, size)));
  ASSERT_TRUE(wait(provider_->processes().send_input(sandbox, pid, "stty size; exit 4\n", true)));
  std::string seen;
  for (;;) {
    const auto piece = wait((*stream)->next());
    ASSERT_TRUE(piece) << piece.error().message;
    if (piece->kind == CommandPiece::Kind::end) {
      EXPECT_EQ(piece->end.exit_code, 4);
      break;
    }
    EXPECT_EQ(piece->kind, CommandPiece::Kind::terminal);
    seen += piece->bytes;
  }
  EXPECT_THAT(seen, HasSubstr("37 91"));
}

TEST_F(ProviderTest, ASignedUrlServesOneFileWithoutAToken) {
  const SandboxHandle sandbox = make();
  ASSERT_TRUE(wait(provider_->write_file(sandbox, "/tmp/a b", "signed", "")));
  net::HttpClient anybody(io_);
  const auto get =
      [&](std::optional<std::int64_t> until) -> Awaitable<std::pair<int, std::string>> {
    const auto url =
        signed_file_url(provider_->addressing(), sandbox, "/tmp/a b", false, "", until);
    net::HttpCall call("GET", url.value_or(""));
    auto answer =
        co_await anybody.send(std::move(call), std::chrono::steady_clock::now() + seconds(30));
    if (!answer) co_return std::make_pair(0, answer.error().message);
    const auto body = co_await answer->whole(1000);
    co_return std::make_pair(answer->status(), body ? body->text : std::string());
  };
  EXPECT_EQ(wait(get(std::nullopt)), std::make_pair(200, std::string("signed")));
  EXPECT_EQ(wait(get(4'000'000'000)).first, 200);
  EXPECT_EQ(wait(get(1'000'000'000)).first, 401);
}

TEST_F(ProviderTest, APausedSandboxIsGoneUntilItIsResumed) {
  const SandboxHandle sandbox = make();
  auto stream = wait(provider_->start(sandbox, shell("sleep 0.3; exit 6")));
  ASSERT_TRUE(stream) << stream.error().message;
  const auto paused = wait(provider_->control().pause(sandbox.id));
  if (!paused) {  // Where nothing can be frozen, that is said.
    EXPECT_EQ(paused.error().kind, FailureKind::refused) << paused.error().message;
    return;
  }
  EXPECT_EQ(*paused, true);
  EXPECT_EQ(wait(provider_->control().pause(sandbox.id)), false);
  EXPECT_EQ(wait((*stream)->next()).error().kind, FailureKind::sandbox_gone);
  EXPECT_EQ(wait(provider_->info(sandbox.id))->state, SandboxState::paused);
  const auto again = wait(provider_->connect(sandbox.id, seconds(60)));
  ASSERT_TRUE(again) << again.error().message;
  auto followed = wait(provider_->follow(*again, (*stream)->pid()));
  ASSERT_TRUE(followed) << followed.error().message;
  EXPECT_EQ(wait((*followed)->next())->end.exit_code, 6);
}

TEST_F(ProviderTest, MetricsAndLogsAreTold) {
  const SandboxHandle sandbox = make();
  const auto samples = wait(provider_->control().metrics(sandbox.id));
  ASSERT_TRUE(samples) << samples.error().message;
  ASSERT_FALSE(samples->empty());
  EXPECT_GT(samples->front().disk_total, 0u);
  const auto lines = wait(provider_->control().logs(sandbox.id, 10));
  ASSERT_TRUE(lines) << lines.error().message;
  ASSERT_FALSE(lines->empty());
  EXPECT_THAT(lines->front().message, HasSubstr("started"));
  const auto templates = wait(provider_->control().templates());
  ASSERT_TRUE(templates) << templates.error().message;
  EXPECT_GE(templates->size(), 2u);
}

TEST_F(ProviderTest, OpenKruisesPathsLeadToTheSame) {
  AddressSettings settings = Server::the().address();
  settings.api_url += "/kruise/api";
  settings.sandbox_url.clear();
  use(settings);
  const SandboxHandle sandbox = make();
  EXPECT_EQ(run(sandbox, shell("echo by path")).output, "by path\n");
  ASSERT_TRUE(wait(provider_->write_file(sandbox, "x", "by path", "")));
  EXPECT_EQ(*wait(provider_->read_file(sandbox, "x", 100, "")), "by path");
  NewSandbox unknown;
  unknown.sandbox_template = "no-such-template";
  const auto refused = wait(provider_->create(unknown));
  EXPECT_EQ(refused.error().kind, FailureKind::unknown_template) << refused.error().message;
  EXPECT_TRUE(wait(provider_->set_lifetime(sandbox.id, seconds(200))));
  EXPECT_TRUE(wait(provider_->connect(sandbox.id, seconds(200))));
  EXPECT_EQ(wait(provider_->kill(sandbox.id)), true);
}

TEST_F(ProviderTest, AStreamIsCancelled) {
  const SandboxHandle sandbox = make();
  asio::cancellation_signal stop;
  std::optional<FailureKind> ended;
  asio::co_spawn(io_, provider_->run(sandbox, shell("sleep 100"), 100),
                 asio::bind_cancellation_slot(
                     stop.slot(), [&](std::exception_ptr failure, Outcome<CommandAnswer> answer) {
                       if (failure) std::rethrow_exception(failure);
                       ended = answer ? FailureKind::refused : answer.error().kind;
                     }));
  io_.restart();
  while (wait(provider_->processes().list(sandbox))->empty()) {
  }
  stop.emit(asio::cancellation_type::terminal);
  while (!ended && io_.run_one() > 0) {
  }
  EXPECT_EQ(ended, FailureKind::cancelled);
}

TEST_F(ProviderTest, NobodyAtTheAddressIsUnavailable) {
  AddressSettings settings = Server::the().address();
  settings.api_url = settings.sandbox_url = "http://127.0.0.1:1";
  use(settings);
  const auto made = wait(provider_->create(NewSandbox()));
  ASSERT_FALSE(made);
  EXPECT_EQ(made.error().kind, FailureKind::unavailable) << made.error().message;
}

}  // namespace
}  // namespace genesis::launch::e2b
