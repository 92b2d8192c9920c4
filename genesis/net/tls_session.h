#pragma once

#include <openssl/types.h>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/system/error_code.hpp>
#include <memory>
#include <string>
#include <string_view>

namespace genesis::net {

/// A client's side of TLS, straight on a socket: hundreds of connections wait for most of their
/// time, and buffers between the two (asio::ssl::stream has 68 kB of them for each) would be most
/// of what they cost. On the loop's thread. The socket must outlive it and stays the caller's to
/// close; that ends what waits here.
///
/// Errors: `eof` once the other side has said that it ends; `stream_truncated` where it went
/// without a word; OpenSSL's own in asio's category for it.
class TlsSession {
 public:
  using Socket = boost::asio::ip::tcp::socket;

  /// `host`: whom the certificate must be for, a name or an address.
  TlsSession(Socket& socket, SSL_CTX* context, const std::string& host);

  boost::asio::awaitable<boost::system::error_code> agree();
  /// At least one byte, or an error.
  boost::asio::awaitable<std::size_t> read_some(char* to, std::size_t size,
                                                boost::system::error_code& failure);
  /// All of it, or an error; returns how much was taken.
  boost::asio::awaitable<std::size_t> write(std::string_view bytes,
                                            boost::system::error_code& failure);
  /// Why the certificate was not accepted; nothing: it was.
  const char* refusal() const;

 private:
  struct Free {
    void operator()(SSL* session) const;
  };
  /// What an operation that ended with `result` waits for, or why it failed. True: try it again.
  boost::asio::awaitable<bool> waited(int result, boost::system::error_code& failure);

  Socket& socket_;
  std::unique_ptr<SSL, Free> session_;
};

}  // namespace genesis::net
