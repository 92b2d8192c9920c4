#include "genesis/net/http_request.h"

#include <fmt/format.h>
#include <openssl/evp.h>
#include <openssl/ssl.h>

#include <array>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/ssl/host_name_verification.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http.hpp>
#include <boost/beast/ssl/ssl_stream.hpp>
#include <optional>

#include "genesis/net/proxy.h"
#include "genesis/net/resolve.h"
#include "genesis/net/tls_context.h"
#include "genesis/net/url.h"

namespace genesis::net {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
using Failure = boost::system::error_code;
using asio::use_awaitable;

constexpr std::size_t kMostHeaderBytes = 64u << 10;
constexpr int kMostInterimAnswers = 8;

std::string base64(std::string_view text) {
  std::string encoded(4 * ((text.size() + 2) / 3) + 1, '\0');
  const int size = ::EVP_EncodeBlock(reinterpret_cast<unsigned char*>(encoded.data()),
                                     reinterpret_cast<const unsigned char*>(text.data()),
                                     static_cast<int>(text.size()));
  encoded.resize(static_cast<std::size_t>(size));
  return encoded;
}

/// One request on its way: what must be closed when time is up, and what messages say.
struct Exchange {
  Exchange(asio::io_context& io, Url destination, std::optional<Url> through)
      : url(std::move(destination)),
        proxy(std::move(through)),
        looking_up(io),
        socket(io),
        deadline(io) {}

  void close() {
    Failure ignored;
    looking_up.cancel();
    beast::get_lowest_layer(socket).socket().close(ignored);
  }

  /// An operation's failure in words. A timeout closes the socket, which the operation then
  /// reports.
  tl::unexpected<Error> error(const char* doing, const Failure& failure) const {
    if (timed_out) {
      return make_error(ErrorKind::timeout, fmt::format("{}: no answer in time", name()));
    }
    if (failure == asio::error::operation_aborted) {
      return make_error(ErrorKind::cancelled, fmt::format("{}: cancelled", name()));
    }
    const bool not_http =
        failure.category() == http::make_error_code(http::error::bad_version).category() &&
        failure != http::error::end_of_stream && failure != http::error::partial_message;
    return make_error(not_http ? ErrorKind::parse : ErrorKind::unavailable,
                      fmt::format("{}: {}: {}", name(), doing, failure.message()));
  }

  std::string name() const { return url.origin(); }

  Url url;
  std::optional<Url> proxy;
  asio::steady_timer looking_up;
  beast::tcp_stream socket;
  asio::steady_timer deadline;
  bool timed_out = false;
};

asio::awaitable<Status> connect(asio::io_context& io, Exchange& exchange) {
  const Url& first = exchange.proxy ? *exchange.proxy : exchange.url;
  Failure failure;
  const auto addresses = co_await resolve(io, first.host, first.port, exchange.looking_up);
  if (!addresses) {
    if (exchange.timed_out) co_return exchange.error("", asio::error::operation_aborted);
    co_return make_error(
        addresses.error().kind,
        fmt::format("{}: find {} address: {}", exchange.name(),
                    exchange.proxy ? "the proxy's" : "its", addresses.error().message));
  }
  co_await exchange.socket.async_connect(*addresses, asio::redirect_error(use_awaitable, failure));
  if (failure) {
    co_return exchange.error(exchange.proxy ? "connect to the proxy" : "connect", failure);
  }
  exchange.socket.socket().set_option(asio::ip::tcp::no_delay(true), failure);
  co_return Status();
}

/// Asks the proxy for a tunnel.
asio::awaitable<Status> open_tunnel(Exchange& exchange) {
  const std::string destination = exchange.url.authority();
  http::request<http::empty_body> request(http::verb::connect, destination, 11);
  request.set(http::field::host, destination);
  if (!exchange.proxy->user_info.empty()) {
    request.set(http::field::proxy_authorization, "Basic " + base64(exchange.proxy->user_info));
  }
  Failure failure;
  co_await http::async_write(exchange.socket, request,
                             asio::redirect_error(use_awaitable, failure));
  if (failure) co_return exchange.error("ask the proxy", failure);
  beast::flat_buffer buffer(kMostHeaderBytes);
  http::response_parser<http::empty_body> parser;
  parser.skip(true);  // An answer to CONNECT has no body: what follows is the tunnel's.
  co_await http::async_read_header(exchange.socket, buffer, parser,
                                   asio::redirect_error(use_awaitable, failure));
  if (failure) co_return exchange.error("read the proxy's answer", failure);
  if (parser.get().result() != http::status::ok) {
    co_return make_error(ErrorKind::unavailable,
                         fmt::format("{}: the proxy refuses with HTTP status {}", exchange.name(),
                                     parser.get().result_int()));
  }
  co_return Status();
}

template <typename Stream>
asio::awaitable<Result<HttpResponse>> exchange_over(Exchange& exchange, Stream& stream,
                                                    const HttpRequest& given) {
  http::request<http::string_body> request;
  request.version(11);
  request.method_string(given.method);
  request.target(exchange.url.target);
  const bool usual_port = exchange.url.port == (exchange.url.tls ? "443" : "80");
  std::string host = exchange.url.authority();
  if (usual_port) host.resize(host.size() - exchange.url.port.size() - 1);
  request.set(http::field::host, host);
  request.set(http::field::user_agent, "genesis");
  if (!exchange.url.user_info.empty()) {
    request.set(http::field::authorization, "Basic " + base64(exchange.url.user_info));
  }
  for (const auto& [name, value] : given.headers) request.set(name, value);
  request.set(http::field::connection, "close");
  request.body() = given.body;
  request.prepare_payload();
  Failure failure;
  co_await http::async_write(stream, request, asio::redirect_error(use_awaitable, failure));
  if (failure) co_return exchange.error("send the request", failure);

  beast::flat_buffer buffer(kMostHeaderBytes);
  std::optional<http::response_parser<http::buffer_body>> parser;
  for (int answers = 0; !parser || parser->get().result_int() < 200; ++answers) {
    if (answers > kMostInterimAnswers) {
      co_return make_error(ErrorKind::parse, exchange.name() + ": interim answers without end");
    }
    parser.emplace();
    parser->header_limit(static_cast<std::uint32_t>(kMostHeaderBytes));
    parser->body_limit(boost::none);  // Read by pieces and bounded below.
    if (given.method == "HEAD") parser->skip(true);
    co_await http::async_read_header(stream, buffer, *parser,
                                     asio::redirect_error(use_awaitable, failure));
    if (failure) co_return exchange.error("read the answer", failure);
  }
  HttpResponse response;
  response.status = static_cast<int>(parser->get().result_int());
  for (const auto& field : parser->get()) {
    response.headers.emplace_back(std::string(field.name_string()), std::string(field.value()));
  }
  std::array<char, 8192> piece;
  while (!parser->is_done()) {
    parser->get().body().data = piece.data();
    parser->get().body().size = piece.size();
    co_await http::async_read(stream, buffer, *parser,
                              asio::redirect_error(use_awaitable, failure));
    if (failure == http::error::need_buffer) failure = {};
    if (failure) co_return exchange.error("read the answer's body", failure);
    response.body.append(piece.data(), piece.size() - parser->get().body().size);
    if (response.body.size() > given.max_response_bytes) {
      response.body.resize(given.max_response_bytes);
      response.truncated = true;
      break;
    }
  }
  co_return response;
}

asio::awaitable<Result<HttpResponse>> exchange_over_tls(Exchange& exchange,
                                                        const HttpRequest& request) {
  auto context = make_client_context();
  if (!context) co_return tl::unexpected<Error>(context.error());
  beast::ssl_stream<beast::tcp_stream&> stream(exchange.socket, **context);
  SSL* const session = stream.native_handle();
  static constexpr unsigned char kProtocols[] = "\x08http/1.1";
  ::SSL_set_alpn_protos(session, kProtocols, sizeof kProtocols - 1);
  Failure not_an_address;
  asio::ip::make_address(exchange.url.host, not_an_address);
  if (not_an_address) {  // What SSL_set_tlsext_host_name does, without its old cast.
    ::SSL_ctrl(session, SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name,
               exchange.url.host.data());
  }
  Failure failure;
  const asio::ssl::host_name_verification is_the_host(exchange.url.host);
  stream.set_verify_callback(is_the_host, failure);
  if (failure) co_return exchange.error("prepare TLS", failure);
  co_await stream.async_handshake(asio::ssl::stream_base::client,
                                  asio::redirect_error(use_awaitable, failure));
  if (failure && !exchange.timed_out && ::SSL_get_verify_result(session) != X509_V_OK) {
    co_return make_error(
        ErrorKind::unavailable,
        fmt::format("{}: its certificate is not accepted: {} (SSL_CERT_FILE names the "
                    "certificates of authorities that this machine does not know)",
                    exchange.name(),
                    ::X509_verify_cert_error_string(::SSL_get_verify_result(session))));
  }
  if (failure) co_return exchange.error("agree on TLS", failure);
  co_return co_await exchange_over(exchange, stream, request);
}

asio::awaitable<Result<HttpResponse>> run(asio::io_context& io, Exchange& exchange,
                                          const HttpRequest& request) {
  const Status connected = co_await connect(io, exchange);
  if (!connected) co_return tl::unexpected<Error>(connected.error());
  if (exchange.proxy) {
    const Status tunnel = co_await open_tunnel(exchange);
    if (!tunnel) co_return tl::unexpected<Error>(tunnel.error());
  }
  if (exchange.url.tls) co_return co_await exchange_over_tls(exchange, request);
  co_return co_await exchange_over(exchange, exchange.socket, request);
}

Status check_request(const HttpRequest& request) {
  GENESIS_TRY(check_method(request.method));
  for (const auto& [name, value] : request.headers) GENESIS_TRY(check_header(name, value));
  return {};
}

}  // namespace

asio::awaitable<Result<HttpResponse>> http_request(asio::io_context& io, HttpRequest request,
                                                   std::chrono::steady_clock::time_point deadline) {
  const Status checked = check_request(request);
  if (!checked) co_return tl::unexpected<Error>(checked.error());
  auto url = parse_url(request.url);
  if (!url) co_return tl::unexpected<Error>(url.error());
  auto proxy = proxy_for(*url, proxies_of_environment());
  if (!proxy) co_return tl::unexpected<Error>(proxy.error());
  const auto exchange = std::make_shared<Exchange>(io, std::move(*url), std::move(*proxy));
  exchange->deadline.expires_at(deadline);
  exchange->deadline.async_wait([weak = std::weak_ptr<Exchange>(exchange)](const Failure& stopped) {
    const auto self = weak.lock();
    if (!self || stopped) return;
    self->timed_out = true;
    self->close();
  });
  try {
    auto answer = co_await run(io, *exchange, request);
    exchange->deadline.cancel();
    exchange->close();
    co_return answer;
  } catch (const boost::system::system_error&) {
    // How a coroutine hears that it was cancelled between two operations.
    co_return make_error(ErrorKind::cancelled, exchange->name() + ": cancelled");
  }
}

}  // namespace genesis::net
