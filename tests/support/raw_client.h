#pragma once

#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <array>
#include <cerrno>
#include <string>
#include <string_view>

#include "genesis/base/fd.h"

namespace genesis::tests {

/// A client that writes what it likes: blocking, with a deadline for every read.
class RawClient {
 public:
  explicit RawClient(std::uint16_t port) {
    fd_ = Fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    connected_ = ::connect(fd_.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) == 0;
    set_deadline();
  }
  explicit RawClient(const std::string& path) {
    fd_ = Fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path.copy(address.sun_path, sizeof address.sun_path - 1);
    connected_ = ::connect(fd_.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) == 0;
    set_deadline();
  }

  bool connected() const { return connected_; }
  bool send(std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t count = ::send(fd_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (count < 0) return false;
      bytes.remove_prefix(static_cast<std::size_t>(count));
    }
    return true;
  }
  void end_sending() { ::shutdown(fd_.get(), SHUT_WR); }
  void close() { fd_.reset(); }

  /// Until what came has `mark` in it, or the connection ends, or 10 s have passed.
  std::string read_until(std::string_view mark) {
    while (got_.find(mark) == std::string::npos && read_more()) {
    }
    const auto found = got_.find(mark);
    return take(found == std::string::npos ? got_.size() : found + mark.size());
  }
  std::string read_to_end() {
    while (read_more()) {
    }
    return take(got_.size());
  }
  /// One answer with a Content-Length (or none).
  std::string read_answer() {
    std::string head = read_until("\r\n\r\n");
    const auto at = head.find("Content-Length: ");
    if (at == std::string::npos) return head;
    const std::size_t length = std::stoul(head.substr(at + 16));
    while (got_.size() < length && read_more()) {
    }
    return head + take(length);
  }
  bool ended() {
    while (read_more()) {
    }
    return at_end_;
  }

 private:
  void set_deadline() {
    const timeval patience{10, 0};
    ::setsockopt(fd_.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  }
  bool read_more() {
    std::array<char, 65536> piece;
    const ssize_t count = ::recv(fd_.get(), piece.data(), piece.size(), 0);
    at_end_ = count == 0 || (count < 0 && errno == ECONNRESET);
    if (count <= 0) return false;
    got_.append(piece.data(), static_cast<std::size_t>(count));
    return true;
  }
  std::string take(std::size_t count) {
    std::string taken = got_.substr(0, count);
    got_.erase(0, taken.size());
    return taken;
  }

  Fd fd_;
  bool connected_ = false;
  bool at_end_ = false;
  std::string got_;
};

}  // namespace genesis::tests
