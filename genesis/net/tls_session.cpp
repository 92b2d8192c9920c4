#include "genesis/net/tls_session.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <sys/socket.h>

#include <algorithm>
#include <boost/asio/error.hpp>
#include <boost/asio/ip/address.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/ssl/error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <cerrno>
#include <climits>
#include <new>

namespace genesis::net {

namespace asio = boost::asio;
using boost::system::error_code;

namespace {

TlsSession::Socket& socket_of(BIO* bio) {
  return *static_cast<TlsSession::Socket*>(::BIO_get_data(bio));
}

// OpenSSL's own socket BIO would end the program by SIGPIPE.
int send_bytes(BIO* bio, const char* bytes, int size) {
  ::BIO_clear_retry_flags(bio);
  const ssize_t count =
      ::send(socket_of(bio).native_handle(), bytes, static_cast<std::size_t>(size), MSG_NOSIGNAL);
  if (count < 0 && (errno == EAGAIN || errno == EINTR)) ::BIO_set_retry_write(bio);
  return static_cast<int>(count);
}

int receive_bytes(BIO* bio, char* to, int size) {
  ::BIO_clear_retry_flags(bio);
  const ssize_t count =
      ::recv(socket_of(bio).native_handle(), to, static_cast<std::size_t>(size), 0);
  if (count < 0 && (errno == EAGAIN || errno == EINTR)) ::BIO_set_retry_read(bio);
  if (count == 0) ::BIO_set_flags(bio, BIO_FLAGS_IN_EOF);
  return static_cast<int>(count);
}

long control(BIO* bio, int command, long, void*) {
  if (command == BIO_CTRL_FLUSH) return 1;
  if (command == BIO_CTRL_EOF) return ::BIO_test_flags(bio, BIO_FLAGS_IN_EOF) != 0 ? 1 : 0;
  return 0;
}

const BIO_METHOD* socket_method() {
  static BIO_METHOD* const method = [] {
    BIO_METHOD* made = ::BIO_meth_new(::BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "a socket");
    if (made == nullptr) throw std::bad_alloc();
    ::BIO_meth_set_write(made, send_bytes);
    ::BIO_meth_set_read(made, receive_bytes);
    ::BIO_meth_set_ctrl(made, control);
    return made;
  }();
  return method;
}

error_code failure_of(int kind, int number) {
  const unsigned long reason = ::ERR_get_error();
  if (kind == SSL_ERROR_ZERO_RETURN) return asio::error::eof;
  if (kind == SSL_ERROR_SYSCALL && reason == 0) {
    if (number == 0) return asio::ssl::error::stream_truncated;
    return {number, asio::error::get_system_category()};
  }
  if (ERR_GET_REASON(reason) == SSL_R_UNEXPECTED_EOF_WHILE_READING) {
    return asio::ssl::error::stream_truncated;
  }
  return {static_cast<int>(reason), asio::error::get_ssl_category()};
}

}  // namespace

void TlsSession::Free::operator()(SSL* session) const {
  ::SSL_free(session);
}

TlsSession::TlsSession(Socket& socket, SSL_CTX* context, const std::string& host)
    : socket_(socket), session_(::SSL_new(context)) {
  BIO* const bio = session_ ? ::BIO_new(socket_method()) : nullptr;
  if (bio == nullptr) throw std::bad_alloc();
  ::BIO_set_data(bio, &socket_);
  ::BIO_set_init(bio, 1);
  SSL* const session = session_.get();
  ::SSL_set_bio(session, bio, bio);
  ::SSL_set_connect_state(session);
  ::SSL_set_mode(session, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                              SSL_MODE_RELEASE_BUFFERS);
  static constexpr unsigned char kProtocols[] = "\x08http/1.1";
  ::SSL_set_alpn_protos(session, kProtocols, sizeof kProtocols - 1);
  error_code no_address;
  asio::ip::make_address(host, no_address);
  if (no_address) {  // The second is SSL_set_tlsext_host_name without its old cast.
    ::SSL_set1_host(session, host.c_str());
    ::SSL_ctrl(session, SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name,
               const_cast<char*>(host.c_str()));
  } else {
    ::X509_VERIFY_PARAM_set1_ip_asc(::SSL_get0_param(session), host.c_str());
  }
}

asio::awaitable<bool> TlsSession::waited(int result, error_code& failure) {
  const int number = errno;
  const int kind = ::SSL_get_error(session_.get(), result);
  if (kind != SSL_ERROR_WANT_READ && kind != SSL_ERROR_WANT_WRITE) {
    failure = failure_of(kind, number);
    co_return false;
  }
  const auto ready = kind == SSL_ERROR_WANT_READ ? Socket::wait_read : Socket::wait_write;
  co_await socket_.async_wait(ready, asio::redirect_error(asio::use_awaitable, failure));
  co_return !failure;
}

asio::awaitable<error_code> TlsSession::agree() {
  error_code failure;
  socket_.native_non_blocking(true, failure);
  while (!failure) {
    ::ERR_clear_error();
    errno = 0;
    const int result = ::SSL_do_handshake(session_.get());
    if (result == 1) break;
    co_await waited(result, failure);
  }
  co_return failure;
}

asio::awaitable<std::size_t> TlsSession::read_some(char* to, std::size_t size,
                                                   error_code& failure) {
  for (;;) {
    ::ERR_clear_error();
    errno = 0;
    const int result =
        ::SSL_read(session_.get(), to, static_cast<int>(std::min<std::size_t>(size, INT_MAX)));
    if (result > 0) co_return static_cast<std::size_t>(result);
    const bool again = co_await waited(result, failure);
    if (!again) co_return 0;
  }
}

asio::awaitable<std::size_t> TlsSession::write(std::string_view bytes, error_code& failure) {
  std::size_t taken = 0;
  while (taken < bytes.size()) {
    ::ERR_clear_error();
    errno = 0;
    const auto size = std::min<std::size_t>(bytes.size() - taken, INT_MAX);
    const int result = ::SSL_write(session_.get(), bytes.data() + taken, static_cast<int>(size));
    if (result > 0) {
      taken += static_cast<std::size_t>(result);
      continue;
    }
    const bool again = co_await waited(result, failure);
    if (!again) break;
  }
  co_return taken;
}

const char* TlsSession::refusal() const {
  const long verdict = ::SSL_get_verify_result(session_.get());
  return verdict == X509_V_OK ? nullptr : ::X509_verify_cert_error_string(verdict);
}

}  // namespace genesis::net
