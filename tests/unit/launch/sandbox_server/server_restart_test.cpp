// A server that ends and the next one over the same folder.
#include "server_fixture.h"

namespace genesis::sandbox_server {
namespace {

using testing::HasSubstr;

class RestartTest : public ServerTest {
 protected:
  /// The next server; what an agentless sandbox is to find out is in `prepare`.
  void again(const std::function<void(FakeSpawner&)>& prepare = nullptr) {
    stop();
    start_prepared(prepare);
  }
  void start_prepared(const std::function<void(FakeSpawner&)>& prepare) {
    prepare_ = prepare;
    io.reset();
    auto loop = std::make_unique<boost::asio::io_context>(1);
    spawner = std::make_unique<FakeSpawner>(*loop);
    if (prepare) prepare(*spawner);
    next_loop_ = std::move(loop);
    start_on(std::move(next_loop_));
  }
  void start_on(std::unique_ptr<boost::asio::io_context> loop) {
    io = std::move(loop);
    server = std::make_unique<SandboxServer>(*io, config, clock, *spawner);
    auto opened = boost::asio::co_spawn(*io, server->open(), boost::asio::use_future);
    work = std::make_unique<Work>(io->get_executor());
    thread = std::thread([this] { io->run(); });
    const auto bound = opened.get();
    ASSERT_TRUE(bound) << bound.error().message;
    port = *bound;
  }

 private:
  std::function<void(FakeSpawner&)> prepare_;
  std::unique_ptr<boost::asio::io_context> next_loop_;
};

TEST_F(RestartTest, TheNextServerTakesOverWhatRuns) {
  start();
  const std::string running = create(R"({"templateID":"base","timeout":500,"metadata":{"k":"v"}})");
  const std::string paused = create();
  const std::string killed = create();
  ask("POST", "/sandboxes/" + paused + "/pause");
  ask("DELETE", "/sandboxes/" + killed);
  const Told before = ask("GET", "/sandboxes/" + running);
  again();
  EXPECT_EQ(on_loop([&] { return spawner->adopted; }), 2);
  EXPECT_TRUE(on_loop([&] { return spawner->frozen.count(paused) == 1; }));
  const Told after = ask("GET", "/sandboxes/" + running);
  EXPECT_EQ(after.body, before.body);
  EXPECT_EQ(to_sandbox(running, 49983, "/health").status, 204);
  EXPECT_EQ(ask("GET", "/sandboxes/" + paused).body["state"], "paused");
  EXPECT_THAT(ask("GET", "/sandboxes/" + killed).text, HasSubstr("was killed by"));
  EXPECT_EQ(ask("POST", "/v2/sandboxes/" + paused + "/connect").status, 201);
}

TEST_F(RestartTest, WhatEndedMeanwhileIsATombstoneAndIsSwept) {
  start();
  const std::string id = create();
  const pid_t pid = on_loop([&] { return server->fleet().lifecycle().all().at(id).pid; });
  again([&](FakeSpawner& next) { next.dead.insert(pid); });
  EXPECT_TRUE(on_loop([&] { return spawner->swept.count(id) == 1; }));
  const Told gone = ask("GET", "/sandboxes/" + id);
  EXPECT_EQ(gone.status, 404);
  EXPECT_THAT(gone.text, HasSubstr("ended while no server was running"));
  EXPECT_EQ(gone.body["error_code"], "sandbox_host");
}

TEST_F(RestartTest, AHalfMadeOneIsSwept) {
  start();
  SandboxRecord half;
  half.id = "shalf";
  half.team = "mine";
  half.template_name = "base";
  stop();
  std::vector<nlohmann::json> lines;
  {
    auto journal = Journal::open(config.state_dir, lines);
    nlohmann::json line;
    line["sandbox"] = to_json(half);
    ASSERT_TRUE(journal->compact({line}));
  }
  std::filesystem::create_directories(config.state_dir / "sandboxes" / "sstranger");
  start_prepared(nullptr);
  EXPECT_EQ(on_loop([&] { return spawner->swept; }), (std::set<std::string>{"shalf", "sstranger"}));
  EXPECT_EQ(ask("GET", "/v2/sandboxes").body, nlohmann::json::array());
  EXPECT_THAT(ask("GET", "/sandboxes/shalf").text, HasSubstr("was being started"));
}

TEST_F(RestartTest, EndsThemWithItselfWhenTold) {
  config.at_stop = AtStop::end;
  start();
  const std::string id = create();
  again();
  EXPECT_EQ(on_loop([&] { return spawner->adopted; }), 0);
  EXPECT_THAT(ask("GET", "/sandboxes/" + id).text, HasSubstr("was ended with its server"));
  EXPECT_FALSE(std::filesystem::exists(config.state_dir / "sandboxes" / id));
}

TEST_F(RestartTest, OnlyOneServerHasTheFolder) {
  start();
  boost::asio::io_context second(1);
  FakeSpawner other(second);
  SandboxServer rival(second, config, clock, other);
  auto opened = boost::asio::co_spawn(second, rival.open(), boost::asio::use_future);
  second.run();
  const auto bound = opened.get();
  ASSERT_FALSE(bound);
  EXPECT_EQ(bound.error().kind, ErrorKind::conflict);
}

}  // namespace
}  // namespace genesis::sandbox_server
