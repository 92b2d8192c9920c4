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

std::function<Status(const std::string&)> pair_into(std::map<std::string, std::string>& to) {
  return [&to](const std::string& value) -> Status {
    const auto equals = value.find('=');
    if (equals == std::string::npos || equals == 0) {
      return make_error(ErrorKind::invalid_argument, fmt::format("'{}' is not KEY=VALUE", value));
    }
    to[value.substr(0, equals)] = value.substr(equals + 1);
    return {};
  };
}

std::function<Status(const std::string&)> text_into(std::string& to) {
  return [&to](const std::string& value) -> Status {
    to = value;
    return {};
  };
}

std::function<Status(const std::string&)> seconds_into(std::chrono::seconds& to) {
  return [&to](const std::string& value) -> Status {
    GENESIS_TRY_ASSIGN(const auto given, parse_duration(value));
    to = std::chrono::ceil<std::chrono::seconds>(given);
    if (to.count() > 0) return {};
    return make_error(ErrorKind::invalid_argument, fmt::format("'{}': at least one second", value));
  };
}

std::function<Status(const std::string&)> set_flag(bool& to) {
  return [&to](const std::string&) -> Status {
    to = true;
    return {};
  };
}

std::string table(const std::vector<std::vector<std::string>>& rows) {
  std::vector<std::size_t> widths;
  for (const auto& row : rows) {
    widths.resize(std::max(widths.size(), row.size()));
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], row[i].size());
  }
  std::string text;
  for (const auto& row : rows) {
    std::string line;
    for (std::size_t i = 0; i < row.size(); ++i) {
      line += i + 1 < row.size() ? fmt::format("{:<{}}  ", row[i], widths[i]) : row[i];
    }
    while (line.ends_with(' ')) line.pop_back();
    text += line + '\n';
  }
  return text;
}

}  // namespace genesis::launch::e2b
