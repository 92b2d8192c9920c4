#include "launch/sandbox_server/sandboxd_command.h"

#include <fmt/format.h>
#include <signal.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include "genesis/base/log.h"
#include "genesis/base/text.h"
#include "launch/sandbox_server/announcement.h"
#include "launch/sandbox_server/sandbox_server.h"
#include "launch/sandbox_server/sandboxd_doctor.h"
#include "launch/sandbox_server/spawner_choice.h"

namespace genesis::sandbox_server {

namespace asio = boost::asio;

namespace {

constexpr const char* kExamples =
    R"(  genesis sandboxd --api-key e2b_$(openssl rand -hex 20) --state-dir ~/.genesis/sandboxd
  genesis sandboxd --listen 127.0.0.1:3000 --config sandboxd.yaml

Prints one line of JSON with its URL when it is ready. Then, for any program that uses the official
SDKs (npm or PyPI `e2b`):
  export E2B_API_URL=http://127.0.0.1:3000 E2B_SANDBOX_URL=http://127.0.0.1:3000 E2B_API_KEY=e2b_…
  python3 -c 'from e2b import Sandbox; print(Sandbox.create().commands.run("uname -a").stdout)'

SIGTERM or Ctrl-C ends the server; sandboxes go on and the next server with the same --state-dir takes
them over (--at-stop end: they end with it). What is confined and what is not: docs/sandboxes.md.)";

/// What the options fill in, over defaults and file.
struct Given {
  std::string config_file;
  bool detached = false;
  std::vector<std::string> api_keys;
  std::vector<std::function<Status(ServerConfig&)>> settings;
};

std::function<Status(const std::string&)> setting(
    const std::shared_ptr<Given>& given,
    std::function<Status(ServerConfig&, const std::string&)> set) {
  return [given, set = std::move(set)](const std::string& value) -> Status {
    ServerConfig probe;
    GENESIS_TRY(set(probe, value));
    given->settings.emplace_back([set, value](ServerConfig& config) { return set(config, value); });
    return {};
  };
}

Result<std::size_t> read_number(const std::string& text, std::size_t least) {
  if (text.empty() || text.size() > 7 || text.find_first_not_of("0123456789") != text.npos ||
      std::stoul(text) < least) {
    return make_error(ErrorKind::invalid_argument,
                      fmt::format("'{}' is not a number of at least {}", text, least));
  }
  return std::stoul(text);
}

Result<ServerConfig> configuration(const Given& given) {
  ServerConfig config;
  if (!given.config_file.empty()) GENESIS_TRY(read_config_file(given.config_file, config));
  if (!given.api_keys.empty()) {
    TeamConfig team;
    team.name = "default";
    team.api_keys = given.api_keys;
    config.teams.push_back(std::move(team));
  }
  for (const auto& set : given.settings) GENESIS_TRY(set(config));
  GENESIS_TRY(complete(config));
  return config;
}

/// Every stream is a descriptor or two: the soft limit is not meant for servers.
void raise_descriptor_limit() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur == limit.rlim_max) return;
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);
}

std::string url_of(const ServerConfig& config, std::uint16_t port) {
  const bool v6 = config.address.find(':') != std::string::npos;
  const char* const scheme = config.tls_certificate.empty() ? "http" : "https";
  return v6 ? fmt::format("{}://[{}]:{}", scheme, config.address, port)
            : fmt::format("{}://{}:{}", scheme, config.address, port);
}

/// Ends this process as a person would, once nobody needs it.
asio::awaitable<void> end_when_idle(asio::io_context& io, const SandboxServer& server,
                                    Millis patience) {
  asio::steady_timer timer(io);
  while (server.empty_for() < patience) {
    timer.expires_after(std::max(Millis{10}, patience - server.empty_for()));
    co_await timer.async_wait(asio::use_awaitable);
  }
  log::info("idle for {} ms: stopping", patience.count());
  ::kill(::getpid(), SIGTERM);
}

asio::awaitable<Status> serve(asio::io_context& io, const ServerConfig& config,
                              SandboxSpawner& spawner, Announcement& announcement) {
  const SystemClock clock;
  SandboxServer server(io, config, clock, spawner);
  const auto port = co_await server.open();
  if (!port) {
    co_await server.close();
    co_return tl::unexpected<Error>(port.error());
  }
  asio::signal_set signals(io, SIGTERM, SIGINT);
  nlohmann::json ready;
  ready["url"] = url_of(config, *port);
  ready["pid"] = ::getpid();
  ready["state_dir"] = config.state_dir.string();
  ready["sandboxes"] = server.fleet().lifecycle().count();
  announcement.ready(ready.dump());
  asio::cancellation_signal enough;
  if (config.exit_when_idle) {
    asio::co_spawn(io, end_when_idle(io, server, *config.exit_when_idle),
                   asio::bind_cancellation_slot(enough.slot(), asio::detached));
  }
  const int signal = co_await signals.async_wait(asio::use_awaitable);
  log::info("signal {}: stopping", signal);
  enough.emit(asio::cancellation_type::terminal);
  co_await server.close();
  co_return Status();
}

Status run(const Given& given) {
  GENESIS_TRY_ASSIGN(const ServerConfig config, configuration(given));
  Announcement announcement;
  if (given.detached) {
    GENESIS_TRY_ASSIGN(const bool is_parent, announcement.detach(config.state_dir));
    if (is_parent) return announcement.wait_for_child();
  }
  log::set_stderr_level(log::Level::warning);
  ::signal(SIGPIPE, SIG_IGN);
  raise_descriptor_limit();
  asio::io_context io{1};
  GENESIS_TRY_ASSIGN(const std::unique_ptr<SandboxSpawner> spawner, make_spawner(io, config));
  for (const std::string& warning : spawner->warnings()) {
    fmt::print(stderr, "sandboxd: {}\n", warning);
  }
  if (config.tls_certificate.empty() && config.address != "127.0.0.1" && config.address != "::1") {
    fmt::print(stderr,
               "sandboxd: {} is reachable from other machines, without TLS: keys and tokens "
               "pass in the clear\n",
               config.address);
  }
  std::optional<Status> outcome;
  std::exception_ptr failure;
  asio::co_spawn(io, serve(io, config, *spawner, announcement),
                 [&](std::exception_ptr thrown, Status status) {
                   failure = thrown;
                   outcome = std::move(status);
                   io.stop();
                 });
  io.run();
  if (failure) std::rethrow_exception(failure);
  return *outcome;
}

}  // namespace

launch::Command sandboxd_command() {
  const auto given = std::make_shared<Given>();
  launch::Command command;
  command.name = "sandboxd";
  command.summary = "Serve sandboxes to the E2B SDKs from this machine";
  command.examples = kExamples;
  command.options = {
      {"--listen", "ADDR:PORT", "Where to serve (127.0.0.1:3000); port 0 takes a free one",
       setting(given, [](ServerConfig& config,
                         const std::string& value) { return read_listen(value, config); })},
      {"--api-key", "KEY", "A key of the team `default`, as e2b_ and hex digits; may be repeated",
       [given](const std::string& value) -> Status {
         given->api_keys.push_back(value);
         return {};
       }},
      {"--state-dir", "DIR", "Where sandboxes and what is known of them live",
       setting(given,
               [](ServerConfig& config, const std::string& value) -> Status {
                 config.state_dir = value;
                 return {};
               })},
      {"--config", "FILE", "YAML: teams, templates, limits (docs/sandboxes.md)",
       [given](const std::string& value) -> Status {
         given->config_file = value;
         return {};
       }},
      {"--max-sandboxes", "N", "Most sandboxes at a time (200)",
       setting(given,
               [](ServerConfig& config, const std::string& value) -> Status {
                 GENESIS_TRY_ASSIGN(config.max_sandboxes, read_number(value, 1));
                 return {};
               })},
      {"--at-stop", "keep|end", "What becomes of sandboxes when the server is stopped (keep)",
       setting(given,
               [](ServerConfig& config, const std::string& value) -> Status {
                 if (value != "keep" && value != "end") {
                   return make_error(ErrorKind::invalid_argument,
                                     fmt::format("'{}' is neither keep nor end", value));
                 }
                 config.at_stop = value == "keep" ? AtStop::keep : AtStop::end;
                 return {};
               })},
      {"--exit-when-idle", "TIME", "End after so long without a sandbox and a request, like 10m",
       setting(given,
               [](ServerConfig& config, const std::string& value) -> Status {
                 GENESIS_TRY_ASSIGN(config.exit_when_idle, parse_duration(value));
                 return {};
               })},
      {"--detach", "", "Serve in the background once ready; messages go to sandboxd.log in DIR",
       [given](const std::string&) -> Status {
         given->detached = true;
         return {};
       }},
      {"--domain", "DOMAIN",
       "What SDKs build host names with (<port>-<id>.DOMAIN); none by default",
       setting(given,
               [](ServerConfig& config, const std::string& value) -> Status {
                 config.domain = value;
                 return {};
               })},
  };
  command.doctor = check_sandboxes;
  command.run = [given]() -> Result<int> {
    GENESIS_TRY(run(*given));
    return 0;
  };
  return command;
}

}  // namespace genesis::sandbox_server
