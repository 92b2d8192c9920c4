#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <chrono>
#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "genesis/base/error.h"

namespace genesis::net {

using Headers = std::vector<std::pair<std::string, std::string>>;

/// One request. Host, Content-Length, User-Agent and Connection are set by us.
struct HttpRequest {
  std::string method = "GET";
  std::string url;
  Headers headers;
  std::string body;
  /// What is read of the answer's body; the rest is not waited for.
  std::size_t max_response_bytes = 1u << 20;

  HttpRequest() = default;  // Crosses awaits: not an aggregate (g++ 12).
};

struct HttpResponse {
  int status = 0;
  Headers headers;
  std::string body;
  bool truncated = false;  ///< The body is longer than max_response_bytes.

  HttpResponse() = default;
};

/// Sends one request over a connection of its own and reads the answer, whatever its status;
/// redirects are not followed. https verifies the certificate and that it is the host's, by the
/// machine's certificates or those of SSL_CERT_FILE and SSL_CERT_DIR, and goes through HTTPS_PROXY
/// but for NO_PROXY.
///
/// Errors: `invalid_argument` (URL, method, header), `timeout` (the deadline has passed),
/// `unavailable` (no address, no connection, a certificate that is not accepted, a connection that
/// broke), `parse` (what came is not HTTP), `cancelled`. They name the host, never path or headers.
/// On the loop of `io`; a terminal cancellation closes the connection.
boost::asio::awaitable<Result<HttpResponse>> http_request(
    boost::asio::io_context& io, HttpRequest request,
    std::chrono::steady_clock::time_point deadline);

/// A header's name and value as they may be sent: no line end, no other control character.
Status check_header(std::string_view name, std::string_view value);
/// An HTTP method: a token.
Status check_method(std::string_view method);

}  // namespace genesis::net
