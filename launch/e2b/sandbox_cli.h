#pragma once

#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/io_context.hpp>
#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "genesis/base/error.h"
#include "launch/command_options.h"
#include "launch/e2b/http_provider.h"

/// What the commands of `genesis sandbox` have in common. Main thread.
namespace genesis::launch::e2b {

using CliTask = std::function<Awaitable<Result<int>>(boost::asio::io_context&, HttpProvider&)>;

/// Runs a task over the provider that the environment names, or over a server of this machine (one
/// line on standard error says so); the first SIGINT or SIGTERM cancels it (code 130). Errors: an
/// address without a key, one that is none, a server that does not start, whatever the task says.
Result<int> with_provider(const CliTask& task);

}  // namespace genesis::launch::e2b
