#pragma once

#include <sys/types.h>

#include <cstdint>
#include <filesystem>
#include <string>
#include <thread>

#include "genesis/base/fd.h"

namespace genesis::bench {

/// Serves the files of one folder by GET and takes them by PUT: nginx where it is installed, else a
/// loop of our own that does nothing but recv and write, or sendfile. Throws std::runtime_error.
class PlainFileServer {
 public:
  explicit PlainFileServer(const std::filesystem::path& folder);
  ~PlainFileServer();
  PlainFileServer(const PlainFileServer&) = delete;
  PlainFileServer& operator=(const PlainFileServer&) = delete;

  std::uint16_t port() const { return port_; }
  /// Which of the two it is, for the table.
  std::string name() const;

 private:
  void start_nginx(const std::string& program);
  void start_loop();
  void serve(int connection) const;

  std::filesystem::path folder_;
  std::uint16_t port_ = 0;
  pid_t nginx_ = -1;
  Fd listener_;
  std::thread loop_;
};

}  // namespace genesis::bench
