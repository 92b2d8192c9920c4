#include "launch/e2b/sandbox_cli.h"

#include <fmt/format.h>
#include <signal.h>

#include <algorithm>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/signal_set.hpp>
#include <cstdio>
#include <exception>
#include <optional>

#include "genesis/base/text.h"
#include "launch/e2b/provider_choice.h"

namespace genesis::launch::e2b {

namespace asio = boost::asio;

namespace {

constexpr int kInterrupted = 130;

}  // namespace

Result<int> with_provider(const CliTask& task) {
  GENESIS_TRY_ASSIGN(ChosenAddress chosen, choose_address(ProviderChoice::automatic));
  if (!chosen.notice.empty()) fmt::print(stderr, "{}\n", chosen.notice);
  ::signal(SIGPIPE, SIG_IGN);
  asio::io_context io{1};
  HttpProvider provider(io, std::move(chosen.addressing));
  asio::cancellation_signal stop;
  asio::signal_set signals(io, SIGINT, SIGTERM);
  bool interrupted = false;
  signals.async_wait([&](const boost::system::error_code& failure, int) {
    if (failure) return;
    interrupted = true;
    stop.emit(asio::cancellation_type::terminal);
  });
  std::optional<Result<int>> outcome;
  std::exception_ptr thrown;
  asio::co_spawn(io, task(io, provider),
                 asio::bind_cancellation_slot(stop.slot(),
                                              [&](std::exception_ptr failure, Result<int> result) {
                                                thrown = failure;
                                                outcome = std::move(result);
                                                io.stop();
                                              }));
  io.run();
  if (interrupted) return kInterrupted;
  if (thrown) std::rethrow_exception(thrown);
  if (!outcome) return make_error(ErrorKind::internal, "the command ended without a result");
  return *outcome;
}

}  // namespace genesis::launch::e2b
