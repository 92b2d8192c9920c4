#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>

#include "genesis/base/error.h"

namespace genesis::net {

/// Speaks TLS (1.2 and newer, HTTP/1.1) with clients in front of a server that does not: what it
/// unpacks goes through a pair of sockets whose other end the server is given. On the loop's
/// thread.
class TlsFront {
 public:
  /// `serve` gets a connected descriptor per client, and owns it.
  TlsFront(boost::asio::io_context& io, std::function<void(int)> serve);
  /// No new clients; those that are there end with their connections to the server.
  ~TlsFront();
  TlsFront(const TlsFront&) = delete;
  TlsFront& operator=(const TlsFront&) = delete;

  /// PEM files: the certificate with those that it rests on, and its key. Errors name the file.
  Status load(const std::filesystem::path& certificate, const std::filesystem::path& key);
  /// Listens on an address (not a name); port 0 takes a free one. Returns the port. Errors: `io`,
  /// `invalid_argument`.
  Result<std::uint16_t> listen_tcp(const std::string& address, std::uint16_t port);

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace genesis::net
