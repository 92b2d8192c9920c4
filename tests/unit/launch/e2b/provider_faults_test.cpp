// What becomes of calls when the provider or the way to it misbehaves: a server in this process
// that answers by a script.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <deque>
#include <functional>
#include <map>
#include <optional>

#include "genesis/base/files.h"
#include "genesis/base/gzip_stream.h"
#include "genesis/net/http_server.h"
#include "launch/e2b/http_provider.h"

namespace genesis::launch::e2b {
namespace {

namespace asio = boost::asio;
using net::HttpExchange;
using net::HttpReplyHead;
using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::HasSubstr;

constexpr const char* kSandbox = R"({"sandboxID":"a","templateID":"base","envdVersion":"0.6.13"})";

/// One answer: a status with headers and body; or a piece of a stream, and how it goes on.
struct Scripted {
  int status = 200;
  net::Headers headers;
  std::string body;
  enum class Then { end, cut, hang } then = Then::end;

  Scripted() = default;
  Scripted(int code, std::string text, net::Headers fields = {})
      : status(code), headers(std::move(fields)), body(std::move(text)) {}
};

std::string last(const std::string& text) {
  std::string envelope = to_envelope(text);
  envelope[0] = 2;
  return envelope;
}

class ProviderFaultsTest : public testing::Test {
 protected:
  ProviderFaultsTest()
      : never_(io_), server_(io_, [this](HttpExchange& exchange) { return serve(exchange); }) {
    never_.expires_at(asio::steady_timer::time_point::max());
    const auto port = server_.listen_tcp("127.0.0.1", 0);
    settings_.api_key = "e2b_secret";
    settings_.api_url = settings_.sandbox_url = "http://127.0.0.1:" + std::to_string(*port);
    use({});
    sandbox_.id = "a";
    sandbox_.agent_version = "0.6.13";
  }

  void use(ProviderLimits limits) {
    provider_ = std::make_unique<HttpProvider>(io_, *Addressing::from(settings_), limits);
  }

  asio::awaitable<void> serve(HttpExchange& exchange) {
    std::string target = exchange.request().target;
    target = target.substr(0, target.find('?'));
    ++asked_[target];
    static_cast<void>(co_await exchange.read_whole_body(1u << 20));
    auto& answers = script_[target];
    Scripted answer(404, R"({"message":"no script"})");
    if (!answers.empty()) answer = answers.front();
    if (answers.size() > 1) answers.pop_front();  // The last one stays.
    HttpReplyHead head(answer.status, answer.headers);
    if (answer.then == Scripted::Then::end) {
      static_cast<void>(co_await exchange.reply(std::move(head), answer.body));
      co_return;
    }
    static_cast<void>(co_await exchange.begin_reply(std::move(head)));
    static_cast<void>(co_await exchange.write(answer.body));
    boost::system::error_code ignored;
    if (answer.then == Scripted::Then::hang) {
      co_await never_.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
    }
    exchange.take_over();  // Without an end.
  }

  Scripted stream(std::string body, Scripted::Then then = Scripted::Then::end) {
    Scripted answer(200, std::move(body), {{"Content-Type", "application/connect+json"}});
    answer.then = then;
    return answer;
  }
  void starts(Scripted answer) { script_["/process.Process/Start"] = {std::move(answer)}; }
  void is_gone() {
    script_["/health"] = {Scripted(502, R"({"message":"The sandbox was not found","code":502})")};
  }
  void is_there() { script_["/health"] = {Scripted(204, "")}; }

  template <typename T>
  T wait(Awaitable<T> awaited) {
    std::optional<T> result;
    asio::co_spawn(io_, std::move(awaited), [&](std::exception_ptr failure, T value) {
      if (failure) std::rethrow_exception(failure);
      result.emplace(std::move(value));
    });
    const auto deadline = std::chrono::steady_clock::now() + seconds(30);
    while (!result && std::chrono::steady_clock::now() < deadline) {
      io_.run_one_for(milliseconds(100));
    }
    if (!result) throw std::runtime_error("nothing came");
    return std::move(*result);
  }
  Failure run() {
    RemoteCommand command;
    command.argv = {"true"};
    const auto answer = wait(provider_->run(sandbox_, std::move(command), 100));
    return answer ? Failure(FailureKind::refused, "it worked") : answer.error();
  }

  const std::string start_ = to_envelope(R"({"event":{"start":{"pid":1}}})");
  const std::string end_ = to_envelope(R"({"event":{"end":{"exited":true}}})");
  asio::io_context io_{1};
  const asio::executor_work_guard<asio::io_context::executor_type> work_{io_.get_executor()};
  asio::steady_timer never_;
  std::map<std::string, std::deque<Scripted>> script_;
  std::map<std::string, int> asked_;
  AddressSettings settings_;
  SandboxHandle sandbox_;
  net::HttpServer server_;
  std::unique_ptr<HttpProvider> provider_;
};

TEST_F(ProviderFaultsTest, A429ThatNamesATimeIsWaitedFor) {
  const net::Headers soon{{"Retry-After", "0"}};
  script_["/v2/sandboxes"] = {Scripted(429, "{}", soon), Scripted(429, "{}", soon),
                              Scripted(201, kSandbox)};
  const auto made = wait(provider_->create(NewSandbox()));
  ASSERT_TRUE(made) << made.error().message;
  EXPECT_EQ(asked_["/v2/sandboxes"], 3);
}

TEST_F(ProviderFaultsTest, OthersAreToldAtOnce) {
  script_["/v2/sandboxes"] = {Scripted(429, R"({"message":"20 at most"})")};
  EXPECT_EQ(wait(provider_->create(NewSandbox())).error().kind, FailureKind::rate_limited);
  script_["/v2/sandboxes"] = {Scripted(503, "{}", {{"Retry-After", "0"}})};
  EXPECT_EQ(wait(provider_->create(NewSandbox())).error().kind, FailureKind::unavailable);
  EXPECT_EQ(asked_["/v2/sandboxes"], 2);
  // One that would take longer than the call may.
  script_["/v2/sandboxes"] = {Scripted(429, "{}", {{"Retry-After", "3600"}})};
  const auto late = wait(provider_->create(NewSandbox()));
  EXPECT_EQ(late.error().retry_after, seconds(3600));
  EXPECT_EQ(asked_["/v2/sandboxes"], 3);
}

TEST_F(ProviderFaultsTest, WhoWantsToKnowOfEach429IsNotMadeToWait) {
  ProviderLimits limits;
  limits.create_tries = 1;
  use(limits);
  script_["/v2/sandboxes"] = {Scripted(429, "{}", {{"Retry-After", "0"}})};
  EXPECT_EQ(wait(provider_->create(NewSandbox())).error().kind, FailureKind::rate_limited);
  EXPECT_EQ(asked_["/v2/sandboxes"], 1);
}

TEST_F(ProviderFaultsTest, AnAnswerThatIsNoneIsBroken) {
  script_["/v2/sandboxes"] = {Scripted(201, "<html>welcome</html>")};
  EXPECT_EQ(wait(provider_->create(NewSandbox())).error().kind, FailureKind::broken);
  script_["/sandboxes/a"] = {Scripted(200, "[]")};
  EXPECT_EQ(wait(provider_->info("a")).error().kind, FailureKind::broken);
  starts(Scripted(200, "welcome", {{"Content-Type", "text/html"}}));
  EXPECT_EQ(run().kind, FailureKind::broken);
}

TEST_F(ProviderFaultsTest, AnAgentOfTheStoneAgeIsNotTalkedTo) {
  script_["/v2/sandboxes"] = {Scripted(201, R"({"sandboxID":"a","envdVersion":"0.0.9"})")};
  script_["/sandboxes/a"] = {Scripted(204, "")};
  EXPECT_EQ(wait(provider_->create(NewSandbox())).error().kind, FailureKind::refused);
  EXPECT_EQ(asked_["/sandboxes/a"], 1);  // It was ended.
}

TEST_F(ProviderFaultsTest, ACutStreamIsBrokenWhereTheSandboxIsStillThere) {
  is_there();
  starts(stream(start_, Scripted::Then::cut));
  EXPECT_EQ(run().kind, FailureKind::broken);
  EXPECT_EQ(asked_["/health"], 1);
  is_gone();
  const Failure gone = run();
  EXPECT_EQ(gone.kind, FailureKind::sandbox_gone);
  EXPECT_THAT(gone.message, HasSubstr("reached its end of life"));
}

TEST_F(ProviderFaultsTest, AStreamThatEndsTooEarlyIsBroken) {
  is_there();
  starts(stream(start_));  // A proper end of HTTP, none of Connect.
  EXPECT_THAT(run().message, HasSubstr("without its last message"));
  starts(stream(start_ + last("{}")));
  EXPECT_EQ(run().kind, FailureKind::broken);
  starts(stream(last("{}")));
  EXPECT_EQ(run().kind, FailureKind::broken);
  starts(stream(end_ + last("{}")));
  EXPECT_THAT(run().message, HasSubstr("does not begin"));
  starts(stream(start_ + last("")));
  EXPECT_EQ(run().kind, FailureKind::broken);
  starts(stream(start_ + std::string("\1\0\0\0\1x", 6)));
  EXPECT_EQ(run().kind, FailureKind::broken);
}

TEST_F(ProviderFaultsTest, AStreamThatFallsSilentIsCut) {
  ProviderLimits limits;
  limits.stream_silence = milliseconds(60);
  use(limits);
  is_there();
  starts(stream(start_, Scripted::Then::hang));
  EXPECT_EQ(run().kind, FailureKind::broken);
}

TEST_F(ProviderFaultsTest, AnAmbiguousUnavailableIsLookedInto) {
  starts(stream(last(R"({"error":{"code":"unavailable","message":"the connection ended"}})")));
  is_there();
  EXPECT_EQ(run().kind, FailureKind::unavailable);
  is_gone();
  EXPECT_EQ(run().kind, FailureKind::sandbox_gone);
}

TEST_F(ProviderFaultsTest, TheCommandsEndCountsAlthoughTheStreamHangsThen) {
  starts(stream(start_ + end_, Scripted::Then::cut));
  RemoteCommand command;
  command.argv = {"true"};
  const auto answer = wait(provider_->run(sandbox_, std::move(command), 100));
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_EQ(answer->end.exit_code, 0);
}

TEST_F(ProviderFaultsTest, ACallThatHangsEndsAtItsDeadline) {
  ProviderLimits limits;
  limits.request = milliseconds(80);
  use(limits);
  Scripted hanging(200, "");
  hanging.then = Scripted::Then::hang;
  script_["/sandboxes/a"] = {hanging};
  EXPECT_EQ(wait(provider_->info("a")).error().kind, FailureKind::deadline);
}

TEST_F(ProviderFaultsTest, ADownloadThatIsCutLeavesNothing) {
  const TempDir here;
  is_there();
  Scripted half(200, "half of it");
  half.then = Scripted::Then::cut;
  script_["/files"] = {half};
  const auto to = here.path() / "to";
  EXPECT_EQ(wait(provider_->download_file(sandbox_, "/x", to, 1000, "")).error().kind,
            FailureKind::broken);
  EXPECT_EQ(wait(provider_->read_file(sandbox_, "/x", 1000, "")).error().kind, FailureKind::broken);
  ProviderLimits limits;
  limits.transfer_silence = milliseconds(60);
  use(limits);
  script_["/files"].front().then = Scripted::Then::hang;
  EXPECT_EQ(wait(provider_->download_file(sandbox_, "/x", to, 1000, "")).error().kind,
            FailureKind::deadline);
  EXPECT_TRUE(fs::is_empty(here.path()));
}

TEST_F(ProviderFaultsTest, PackedAnswersAreBoundedByWhatTheyUnpackTo) {
  const TempDir here;
  const auto to = here.path() / "to";
  is_there();
  FileOptions options;
  options.gzip = true;
  const net::Headers coding{{"Content-Encoding", "gzip"}};
  const std::string packed = GzipWriter().pack(std::string(50u << 20, 'x'), true);
  ASSERT_LT(packed.size(), 1u << 20);
  script_["/files"] = {Scripted(200, packed, coding)};
  FilesClient& files = provider_->files();
  EXPECT_EQ(wait(files.download(sandbox_, "/x", to, 1u << 20, options)).error().kind,
            FailureKind::too_large);
  EXPECT_EQ(wait(files.read(sandbox_, "/x", 1u << 20, options)).error().kind,
            FailureKind::too_large);
  script_["/files"] = {Scripted(200, packed.substr(0, packed.size() / 2), coding)};
  EXPECT_EQ(wait(files.read(sandbox_, "/x", 1u << 30, options)).error().kind, FailureKind::broken);
  script_["/files"] = {Scripted(200, "no gzip", coding)};
  EXPECT_EQ(wait(files.download(sandbox_, "/x", to, 1u << 30, options)).error().kind,
            FailureKind::broken);
  script_["/files"].front().then = Scripted::Then::cut;
  EXPECT_EQ(wait(files.download(sandbox_, "/x", to, 1u << 30, options)).error().kind,
            FailureKind::broken);
  EXPECT_TRUE(fs::is_empty(here.path()));
}

TEST_F(ProviderFaultsTest, ForksAreToldOneByOne) {
  script_["/sandboxes/a/fork"] = {
      Scripted(201, R"([{"sandbox":{"sandboxID":"b","envdVersion":"0.6.13"}},
               {"error":{"code":503,"message":"no place"}},{}])")};
  const auto forks = wait(provider_->control().fork("a", seconds(60), 3));
  ASSERT_TRUE(forks) << forks.error().message;
  ASSERT_EQ(forks->size(), 3u);
  EXPECT_EQ(forks->at(0)->id, "b");
  EXPECT_EQ(forks->at(1).error(), "no place");
  EXPECT_THAT(forks->at(2).error(), HasSubstr("does not say"));
  EXPECT_EQ(wait(provider_->control().fork("a", {}, 101)).error().kind, FailureKind::refused);
  EXPECT_EQ(asked_["/sandboxes/a/fork"], 1);
}

TEST_F(ProviderFaultsTest, ABuildThatFailsNamesItsStep) {
  script_["/v3/templates"] = {
      Scripted(202, R"({"templateID":"t","buildID":"b","names":["mine"]})")};
  script_["/v2/templates/t/builds/b"] = {Scripted(202, "")};
  script_["/templates/t/builds/b/status"] = {
      Scripted(200, R"({"status":"waiting","logEntries":[]})"),
      Scripted(200, R"({"status":"building","logEntries":[{"message":"one"}]})"),
      Scripted(200, R"({"status":"error","logEntries":[{"message":"two"}],
                        "reason":{"message":"make: no rule","step":"2"}})"),
      Scripted(200, R"({"status":"error","logEntries":[],
                        "reason":{"message":"make: no rule","step":"2"}})")};
  NewTemplate what;
  what.name = "mine";
  std::string log;
  const auto built = wait(provider_->templates().build(
      what, TemplateRecipe(), ".", [&log](const LogLine& line) { log += line.message + ";"; }));
  ASSERT_FALSE(built);
  EXPECT_EQ(built.error().kind, FailureKind::refused);
  EXPECT_EQ(built.error().message, "build template 'mine': failed at step 2: make: no rule");
  EXPECT_EQ(log, "one;two;");

  // A server that does not look at the offset tells its last lines for ever.
  script_["/templates/t/builds/b/status"] = {
      Scripted(200, R"({"status":"ready","logEntries":[{"message":"again"}]})")};
  EXPECT_TRUE(wait(provider_->templates().build(what, TemplateRecipe(), ".", {})));
  TemplateRecipe recipe;
  recipe.copy("../outside", "/x");
  const auto outside = wait(provider_->templates().build(what, recipe, ".", {}));
  EXPECT_EQ(outside.error().kind, FailureKind::local_io);
  EXPECT_THAT(outside.error().message, HasSubstr("relative to"));
}

TEST_F(ProviderFaultsTest, PagesWithoutEndAndFullDisksAreSaid) {
  script_["/files"] = {Scripted(507, R"({"message":"disk full"})")};
  EXPECT_EQ(wait(provider_->write_file(sandbox_, "/x", "y", "")).error().kind,
            FailureKind::no_space);
  script_["/files"] = {Scripted(200, "[]")};
  EXPECT_EQ(wait(provider_->write_file(sandbox_, "/x", "y", "")).error().kind, FailureKind::broken);
  script_["/v2/sandboxes"] = {Scripted(200, R"([{"sandboxID":"a"}])", {{"X-Next-Token", "n"}}),
                              Scripted(200, R"([{"sandboxID":"b"}])", {{"X-Next-Token", ""}})};
  EXPECT_EQ(wait(provider_->list({}))->size(), 2u);
}

TEST_F(ProviderFaultsTest, NoMessageHasTheKeyOrAToken) {
  sandbox_.access_token = "tok_secret";
  script_["/v2/sandboxes"] = {Scripted(401, R"({"message":"Unauthorized"})")};
  script_["/files"] = {Scripted(401, R"({"message":"Unauthorized"})")};
  const auto made = wait(provider_->create(NewSandbox()));
  const auto read = wait(provider_->read_file(sandbox_, "/x", 10, ""));
  EXPECT_EQ(made.error().kind, FailureKind::unauthorized);
  EXPECT_EQ(read.error().kind, FailureKind::unauthorized);
  EXPECT_THAT(made.error().message + read.error().message, testing::Not(HasSubstr("secret")));
}

}  // namespace
}  // namespace genesis::launch::e2b
