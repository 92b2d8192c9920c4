#pragma once

#include <boost/asio/awaitable.hpp>
#include <chrono>
#include <optional>
#include <string>

#include "genesis/net/http_server.h"
#include "launch/sandbox_server/envd/rpc_error.h"

/// How Connect calls and plain ones are answered over HTTP. I/O thread.
namespace genesis::envd {

inline constexpr std::size_t kMaxMessage = 32u << 20;

boost::asio::awaitable<void> reply_json(net::HttpExchange& exchange, int status, std::string body);
/// {"code":404,"message":"…"}.
boost::asio::awaitable<void> reply_error(net::HttpExchange& exchange, int status,
                                         std::string message);
boost::asio::awaitable<void> reply_empty(net::HttpExchange& exchange, int status,
                                         net::Headers headers);
boost::asio::awaitable<void> reply_unary(net::HttpExchange& exchange,
                                         RpcResult<std::string> result);

/// The head of a stream's answer, which is 200 whatever follows.
boost::asio::awaitable<Status> begin_stream(net::HttpExchange& exchange, std::string first);
/// The end-of-stream envelope, with the error if there is one.
boost::asio::awaitable<void> end_stream(net::HttpExchange& exchange, std::optional<RpcError> error);
/// begin_stream and end_stream.
boost::asio::awaitable<void> refuse_stream(net::HttpExchange& exchange, RpcError error);

/// Connect-Timeout-Ms: absent means no deadline. Error `invalid_argument`: it is no number.
RpcResult<std::optional<std::chrono::milliseconds>> stream_timeout(
    const net::HttpRequestHead& head);
/// Keepalive-Ping-Interval in seconds; 90 s without one.
std::chrono::seconds keepalive_interval(const net::HttpRequestHead& head);

}  // namespace genesis::envd
