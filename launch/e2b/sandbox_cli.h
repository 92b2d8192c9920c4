#pragma once

#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/io_context.hpp>
#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "genesis/base/error.h"
#include "launch/command.h"
#include "launch/e2b/http_provider.h"

/// What the commands of `genesis sandbox` have in common. Main thread.
namespace genesis::launch::e2b {

using CliTask = std::function<Awaitable<Result<int>>(boost::asio::io_context&, HttpProvider&)>;

/// Runs a task over the provider that the environment names, or over a server of this machine (one
/// line on standard error says so); the first SIGINT or SIGTERM cancels it (code 130). Errors: an
/// address without a key, one that is none, a server that does not start, whatever the task says.
Result<int> with_provider(const CliTask& task);

/// "KEY=VALUE" into a map, for options that may be repeated.
std::function<Status(const std::string&)> pair_into(std::map<std::string, std::string>& to);
std::function<Status(const std::string&)> text_into(std::string& to);
/// Whole seconds, at least one: "90", "5m", "2h".
std::function<Status(const std::string&)> seconds_into(std::chrono::seconds& to);
std::function<Status(const std::string&)> set_flag(bool& to);

/// Rows under headings, columns as wide as they need.
std::string table(const std::vector<std::vector<std::string>>& rows);

}  // namespace genesis::launch::e2b
