#include "tests/bench/plain_file_server.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <signal.h>
#include <spawn.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <stdexcept>
#include <vector>

#include "genesis/base/files.h"
#include "genesis/base/home.h"
#include "genesis/base/text.h"

namespace genesis::bench {

namespace {

constexpr std::size_t kPiece = 256 * 1024;

/// Installed, or unpacked into the build folder by `./setup.sh bench`.
std::string find_nginx() {
  const char* path = ::getenv("PATH");
  const fs::path unpacked = executable_path().parent_path() / "../../nginx/usr/sbin";
  const std::string folders = std::string(path != nullptr ? path : "") +
                              ":/usr/sbin:" + unpacked.lexically_normal().string();
  for (const std::string_view folder : split(folders, ':')) {
    const std::string candidate = std::string(folder) + "/nginx";
    if (!folder.empty() && ::access(candidate.c_str(), X_OK) == 0) return candidate;
  }
  return {};
}

/// A socket on a free port of the loopback address.
Fd bind_loopback(std::uint16_t& port) {
  Fd listener(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address{};
  socklen_t size = sizeof address;
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  auto* plain = reinterpret_cast<sockaddr*>(&address);
  if (::bind(listener.get(), plain, size) != 0 ||
      ::getsockname(listener.get(), plain, &size) != 0) {
    throw std::runtime_error("take a port of the loopback address");
  }
  port = ntohs(address.sin_port);
  return listener;
}

bool answers(std::uint16_t port) {
  const Fd socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return ::connect(socket.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) == 0;
}

bool send_all(int connection, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t count = ::send(connection, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (count < 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(count));
  }
  return true;
}

bool write_all(int file, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t count = ::write(file, bytes.data(), bytes.size());
    if (count < 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(count));
  }
  return true;
}

bool send_file(int connection, const std::string& path) {
  const Fd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  struct stat about {};
  if (!file || ::fstat(file.get(), &about) != 0) return false;
  const auto size = static_cast<std::size_t>(about.st_size);
  if (!send_all(connection, fmt::format("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n", size))) {
    return false;
  }
  for (std::size_t sent = 0; sent < size;) {
    const ssize_t count = ::sendfile(connection, file.get(), nullptr, size - sent);
    if (count <= 0) return false;
    sent += static_cast<std::size_t>(count);
  }
  return true;
}

/// `begun`: what came of the body with the head.
bool take_file(int connection, const std::string& path, std::size_t length,
               std::string_view begun) {
  const Fd file(::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644));
  if (!file || !write_all(file.get(), begun)) return false;
  std::vector<char> buffer(kPiece);
  for (std::size_t got = begun.size(); got < length;) {
    const ssize_t count = ::recv(connection, buffer.data(), buffer.size(), 0);
    if (count <= 0) return false;
    got += static_cast<std::size_t>(count);
    if (!write_all(file.get(), {buffer.data(), static_cast<std::size_t>(count)})) return false;
  }
  return send_all(connection, "HTTP/1.1 201 Created\r\ncontent-length: 0\r\n\r\n");
}

std::string nginx_config(const std::string& folder, std::uint16_t port) {
  return fmt::format(
      "daemon off; master_process off; worker_processes 1; pid {0}/pid; error_log stderr;\n"
      "events {{ worker_connections 64; }}\n"
      "http {{\n"
      "  access_log off; sendfile on; client_max_body_size 0; client_body_buffer_size 256k;\n"
      "  client_body_temp_path {0}/body; proxy_temp_path {0}/proxy;\n"
      "  fastcgi_temp_path {0}/fastcgi; uwsgi_temp_path {0}/uwsgi; scgi_temp_path {0}/scgi;\n"
      "  server {{ listen 127.0.0.1:{1}; location / {{ root {0}; dav_methods PUT; }} }}\n"
      "}}\n",
      folder, port);
}

}  // namespace

PlainFileServer::PlainFileServer(const fs::path& folder) : folder_(folder) {
  fs::create_directories(folder_);
  const std::string nginx = find_nginx();
  if (nginx.empty()) {
    start_loop();
  } else {
    start_nginx(nginx);
  }
}

PlainFileServer::~PlainFileServer() {
  if (nginx_ > 0) {
    ::kill(nginx_, SIGTERM);
    ::waitpid(nginx_, nullptr, 0);
  }
  if (loop_.joinable()) {
    ::shutdown(listener_.get(), SHUT_RDWR);  // accept() returns.
    loop_.join();
  }
}

std::string PlainFileServer::name() const {
  return nginx_ > 0 ? "nginx" : "a bare loop: nginx is not here";
}

void PlainFileServer::start_nginx(const std::string& program) {
  bind_loopback(port_).reset();
  const std::string config = (folder_ / "nginx.conf").string();
  if (!write_file(config, nginx_config(folder_.string(), port_))) {
    throw std::runtime_error("write " + config);
  }
  const std::string log = (folder_ / "nginx.log").string();
  const char* argv[] = {program.c_str(), "-p", folder_.c_str(), "-c",
                        config.c_str(),  "-e", log.c_str(),     nullptr};
  if (::posix_spawn(&nginx_, program.c_str(), nullptr, nullptr, const_cast<char* const*>(argv),
                    environ) != 0) {
    throw std::runtime_error("start " + program);
  }
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(10);
  while (!answers(port_)) {
    const bool gone = ::waitpid(nginx_, nullptr, WNOHANG) != 0;
    if (!gone && std::chrono::steady_clock::now() < deadline) {
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
      continue;
    }
    if (!gone) {
      ::kill(nginx_, SIGKILL);
      ::waitpid(nginx_, nullptr, 0);
    }
    throw std::runtime_error(program + " does not serve with " + config);
  }
}

void PlainFileServer::start_loop() {
  listener_ = bind_loopback(port_);
  if (::listen(listener_.get(), 16) != 0) throw std::runtime_error("listen on loopback");
  loop_ = std::thread([this] {
    for (;;) {
      const Fd connection(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
      if (!connection) return;
      serve(connection.get());
    }
  });
}

/// One request after the other until the client goes. It is the bench's own: no care is taken.
void PlainFileServer::serve(int connection) const {
  std::string head;
  std::array<char, 16384> piece;
  for (;;) {
    std::size_t end = 0;
    while ((end = head.find("\r\n\r\n")) == std::string::npos) {
      const ssize_t count = ::recv(connection, piece.data(), piece.size(), 0);
      if (count <= 0) return;
      head.append(piece.data(), static_cast<std::size_t>(count));
    }
    const std::size_t from = head.find(' ') + 2;
    const std::string path = (folder_ / head.substr(from, head.find(' ', from) - from)).string();
    bool served = false;
    if (head.starts_with("GET")) {
      served = send_file(connection, path);
    } else {
      const std::size_t at = head.find("content-length: ");
      const std::size_t length = at == std::string::npos ? 0 : std::stoull(head.substr(at + 16));
      served = take_file(connection, path, length, std::string_view(head).substr(end + 4));
    }
    if (!served) return;
    head.clear();
  }
}

}  // namespace genesis::bench
