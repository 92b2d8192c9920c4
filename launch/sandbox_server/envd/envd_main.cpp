// genesis-envd: the agent in a sandbox. docs/sandboxes.md says what it does.
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/thread_pool.hpp>
#include <cstdlib>
#include <exception>
#include <utility>

#include "launch/sandbox_server/envd/agent.h"
#include "launch/sandbox_server/envd/agent_options.h"
#include "launch/sandbox_server/envd/child_start.h"
#include "launch/sandbox_server/envd/enter_sandbox.h"

namespace {

using genesis::envd::AgentOptions;

int complain(const std::string& message) {
  std::fprintf(stderr, "genesis-envd: %s\n", message.c_str());
  return 2;
}

/// The standard three must be something: a pipe's end that took their place would be closed.
void open_standard_descriptors() {
  int fd = ::open("/dev/null", O_RDWR);
  while (fd >= 0 && fd <= STDERR_FILENO) fd = ::dup(fd);
  if (fd > STDERR_FILENO) ::close(fd);
}

void fill(genesis::envd::AgentContext& context, const AgentOptions& options) {
  context.one_identity = options.one_identity || ::geteuid() != 0;
  context.state.access_token = options.access_token;
  context.state.default_user = options.default_user;
  context.state.default_folder = options.default_folder;
  context.state.environment = options.environment;
  context.state.reserved = options.reserved;
  if (context.one_identity && !options.one_identity) {
    // Started by an ordinary user: everything is theirs.
    genesis::envd::Account self;
    self.name = context.accounts.now()->user_name(::geteuid());
    self.uid = ::geteuid();
    self.gid = ::getegid();
    const char* home = std::getenv("HOME");
    self.home = home != nullptr && *home == '/' ? home : "/";
    context.state.default_user = self.name;
    context.unlisted = std::move(self);
  }
}

int serve(const AgentOptions& options) {
  boost::asio::io_context io(1);
  boost::asio::thread_pool workers(2);
  genesis::envd::AgentContext context(io, workers);
  fill(context, options);
  genesis::envd::MachineMetrics::Limits limits;
  limits.memory_bytes = options.memory_bytes;
  limits.cpus = options.cpus;
  genesis::envd::MachineMetrics metrics(::getpid() == 1, limits, "/");
  genesis::envd::Agent agent(context, metrics);
  genesis::net::HttpServer server(
      io, [&agent](genesis::net::HttpExchange& exchange) { return agent.handle(exchange); });
  if (options.listen_fd >= 0) {
    const auto adopted = server.adopt(options.listen_fd);
    if (!adopted) return complain(adopted.error().message);
  } else {
    const auto port = server.listen_tcp(options.address, options.port);
    if (!port) return complain(port.error().message);
    std::printf("{\"url\":\"http://%s:%u\"}\n", options.address.c_str(), unsigned{*port});
    std::fflush(stdout);
  }
  boost::asio::signal_set stop(io, SIGTERM, SIGINT);
  stop.async_wait([&io](const boost::system::error_code&, int) { io.stop(); });
  io.run();
  ::_exit(0);  // What runs for clients goes with the sandbox, or stays, as the caller has it.
}

}  // namespace

int main(int argc, char** argv) {
  open_standard_descriptors();
  genesis::envd::raise_own_descriptor_limit();
  ::signal(SIGPIPE, SIG_IGN);
  ::prctl(PR_SET_NAME, "genesis-envd");  // In a sandbox it runs from a nameless file.
  try {
    auto options = genesis::envd::parse_options(argc, argv);
    if (!options) return complain(options.error().message);
    if (options->help) {
      std::fputs(genesis::envd::usage(), stdout);
      return 0;
    }
    if (options->enter) {
      const auto entered = genesis::envd::enter_sandbox(*options->enter);
      if (!entered) return complain(entered.error().message);
    }
    return serve(*options);
  } catch (const std::exception& failure) {
    return complain(failure.what());
  }
}
