#pragma once

#include <boost/asio/io_context.hpp>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>

#include "genesis/base/error.h"

namespace genesis::run {

/// The socket other terminals talk to a running run through: one JSON object a line in, one out.
/// Owner-only permissions; requests of more than 64 KB end the connection. I/O thread.
class ControlServer {
 public:
  using Handler = std::function<std::string(const std::string& request_line)>;

  static Result<std::unique_ptr<ControlServer>> listen(boost::asio::io_context& io,
                                                       std::filesystem::path socket,
                                                       Handler handler);
  ~ControlServer();  ///< Closes all connections and removes the socket.

 private:
  struct State;
  explicit ControlServer(std::shared_ptr<State> state) : state_(std::move(state)) {}
  std::shared_ptr<State> state_;
};

/// The path a server of this folder listens at. Unix sockets have short names: a deep folder gets a
/// link below the temporary folder instead.
std::filesystem::path control_socket_path(const std::filesystem::path& run_dir);

}  // namespace genesis::run
