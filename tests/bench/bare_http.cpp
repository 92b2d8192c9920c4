#include "tests/bench/bare_http.h"

#include <fmt/format.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <stdexcept>

#include "genesis/base/text.h"

namespace genesis::bench {

namespace {

constexpr std::size_t kPiece = 256 * 1024;

[[noreturn]] void broken(std::string_view what) {
  throw std::runtime_error(fmt::format("{}: {}", what, ::strerror(errno)));
}

}  // namespace

BareHttp::BareHttp(std::uint16_t port)
    : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)), buffer_(kPiece) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::connect(fd_.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) {
    broken(fmt::format("connect to 127.0.0.1:{}", port));
  }
  const int on = 1;
  ::setsockopt(fd_.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  const timeval patience{30, 0};
  ::setsockopt(fd_.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  ::setsockopt(fd_.get(), SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
}

void BareHttp::send_head(std::string_view method, std::string_view target, const Headers& headers,
                         std::size_t length, std::string_view first_of_body) {
  std::string head = fmt::format("{} {} HTTP/1.1\r\nhost: 127.0.0.1\r\n", method, target);
  for (const auto& [name, value] : headers) head += fmt::format("{}: {}\r\n", name, value);
  if (length != 0 || method != "GET") head += fmt::format("content-length: {}\r\n", length);
  head += "\r\n";
  send_body(head.append(first_of_body));
}

void BareHttp::send_body(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t count = ::send(fd_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) broken("send to the server");
    bytes.remove_prefix(static_cast<std::size_t>(count));
  }
}

void BareHttp::receive() {
  if (begin_ == end_) begin_ = end_ = 0;
  if (end_ == buffer_.size()) {
    if (begin_ == 0) throw std::runtime_error("a line of the server's answer is too long");
    std::copy(buffer_.begin() + static_cast<std::ptrdiff_t>(begin_), buffer_.end(),
              buffer_.begin());
    end_ -= begin_;
    begin_ = 0;
  }
  ssize_t count = 0;
  do {
    count = ::recv(fd_.get(), buffer_.data() + end_, buffer_.size() - end_, 0);
  } while (count < 0 && errno == EINTR);
  if (count < 0) broken("read the server's answer");
  if (count == 0) throw std::runtime_error("the server closed in the middle of an answer");
  end_ += static_cast<std::size_t>(count);
}

std::string BareHttp::read_line() {
  std::size_t end = 0;
  while ((end = rest().find("\r\n")) == std::string_view::npos) receive();
  std::string line(rest().substr(0, end));
  begin_ += end + 2;
  return line;
}

int BareHttp::read_head() {
  const std::string status = read_line();
  if (status.size() < 12 || !status.starts_with("HTTP/1.1 ")) {
    throw std::runtime_error("not an HTTP/1.1 answer: " + status);
  }
  left_ = 0;
  chunked_ = chunk_open_ = false;
  for (std::string line = read_line(); !line.empty(); line = read_line()) {
    const std::size_t colon = line.find(':');
    if (colon == std::string::npos) throw std::runtime_error("not a header: " + line);
    std::string name = line.substr(0, colon);
    for (char& letter : name) letter = static_cast<char>(std::tolower(letter));
    const std::string value(trim(std::string_view(line).substr(colon + 1)));
    if (name == "content-length") left_ = std::stoull(value);
    if (name == "transfer-encoding") chunked_ = value == "chunked";
  }
  return std::stoi(status.substr(9, 3));
}

/// Reads the size of the chunk that follows; `left_` stays 0 behind the last one.
void BareHttp::next_chunk() {
  if (chunk_open_) read_line();
  left_ = std::stoull(read_line(), nullptr, 16);
  chunk_open_ = true;
  if (left_ != 0) return;
  while (!read_line().empty()) {
  }
  chunked_ = chunk_open_ = false;
}

std::optional<std::string_view> BareHttp::read_piece() {
  if (left_ == 0 && chunked_) next_chunk();
  if (left_ == 0) return std::nullopt;
  if (rest().empty()) receive();
  const std::string_view piece = rest().substr(0, left_);
  begin_ += piece.size();
  left_ -= piece.size();
  return piece;
}

std::pair<int, std::string> BareHttp::ask(std::string_view method, std::string_view target,
                                          const Headers& headers, std::string_view body) {
  send_head(method, target, headers, body.size(), body);
  const int status = read_head();
  std::string answer;
  while (const auto piece = read_piece()) answer += *piece;
  return {status, answer};
}

}  // namespace genesis::bench
