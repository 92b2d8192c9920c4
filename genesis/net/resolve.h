#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <string>
#include <vector>

#include "genesis/base/error.h"

namespace genesis::net {

/// The addresses of a host, in the order in which they should be tried. An address is its own.
///
/// The system's look-up cannot be cancelled and may take half a minute when no name server answers.
/// So it has a thread of its own that nobody waits for: whoever asked may go away, and the process
/// may end. Asio's resolver has one that the end of its io_context waits for.
///
/// On the loop of `io`. Cancelling `stop`, which must be idle before, ends the wait: error
/// `cancelled`. Other errors: `unavailable`, with the cause.
boost::asio::awaitable<Result<std::vector<boost::asio::ip::tcp::endpoint>>> resolve(
    boost::asio::io_context& io, std::string host, std::string port,
    boost::asio::steady_timer& stop);

}  // namespace genesis::net
