#include "genesis/run/control_server.h"

#include <fmt/format.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <boost/asio/buffer.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/write.hpp>
#include <vector>

#include "genesis/base/files.h"
#include "genesis/base/hash.h"
#include "genesis/run/evolution_run.h"

namespace genesis::run {

using boost::asio::local::stream_protocol;
using boost::system::error_code;

namespace {

constexpr std::size_t kMaxRequest = 64 * 1024;

/// One client; lives in the callbacks it waits for.
class Connection : public std::enable_shared_from_this<Connection> {
 public:
  Connection(stream_protocol::socket socket, std::shared_ptr<const ControlServer::Handler> handler)
      : socket_(std::move(socket)), handler_(std::move(handler)) {}

  void read() {
    auto self = shared_from_this();
    boost::asio::async_read_until(socket_, boost::asio::dynamic_buffer(input_, kMaxRequest), '\n',
                                  [self](error_code failure, std::size_t length) {
                                    if (!failure) self->answer(length);
                                  });
  }
  /// A request that has been read already is not answered any more.
  void close() {
    error_code ignored;
    socket_.close(ignored);
    handler_.reset();
  }

 private:
  void answer(std::size_t length) {
    const std::string line = input_.substr(0, length - 1);
    input_.erase(0, length);
    if (!handler_) return;
    output_ = (*handler_)(line) + "\n";
    auto self = shared_from_this();
    boost::asio::async_write(socket_, boost::asio::buffer(output_),
                             [self](error_code failure, std::size_t) {
                               if (!failure) self->read();
                             });
  }

  stream_protocol::socket socket_;
  std::shared_ptr<const ControlServer::Handler> handler_;
  std::string input_;
  std::string output_;
};

}  // namespace

struct ControlServer::State : std::enable_shared_from_this<State> {
  State(boost::asio::io_context& io, fs::path path, Handler on_request)
      : acceptor(io),
        socket(std::move(path)),
        handler(std::make_shared<const Handler>(std::move(on_request))) {}

  void accept() {
    acceptor.async_accept(
        [self = shared_from_this()](error_code failure, stream_protocol::socket peer) {
          if (failure || self->closed) return;
          auto connection = std::make_shared<Connection>(std::move(peer), self->handler);
          std::erase_if(self->connections, [](const auto& weak) { return weak.expired(); });
          self->connections.push_back(connection);
          connection->read();
          self->accept();
        });
  }

  stream_protocol::acceptor acceptor;
  fs::path socket;
  std::shared_ptr<const Handler> handler;
  bool closed = false;
  std::vector<std::weak_ptr<Connection>> connections;
};

fs::path control_socket_path(const fs::path& run_dir) {
  const fs::path direct = fs::absolute(run_dir).lexically_normal() / ".genesis" / "control.sock";
  if (direct.string().size() < sizeof(sockaddr_un::sun_path)) return direct;
  const char* runtime = std::getenv("XDG_RUNTIME_DIR");
  const fs::path folder =
      runtime != nullptr && *runtime ? fs::path(runtime) : fs::temp_directory_path();
  return folder /
         fmt::format("genesis-{}-{}.sock", ::getuid(), hash128_hex(direct.string()).substr(0, 16));
}

Result<std::unique_ptr<ControlServer>> ControlServer::listen(boost::asio::io_context& io,
                                                             fs::path socket, Handler handler) {
  std::error_code ignored;
  fs::remove(socket, ignored);  // of a runner that died: the run lock says that we are the only one
  auto state = std::make_shared<State>(io, socket, std::move(handler));
  error_code failure;
  state->acceptor.open(stream_protocol(), failure);
  if (!failure) state->acceptor.bind(stream_protocol::endpoint(socket.string()), failure);
  // Nobody can connect before listen(), so the permissions are in time.
  if (!failure && ::chmod(socket.c_str(), 0600) != 0)
    failure.assign(errno, boost::system::system_category());
  if (!failure) state->acceptor.listen(16, failure);
  if (failure) {
    return make_error(ErrorKind::io, fmt::format("listen on control socket '{}': {}",
                                                 socket.string(), failure.message()));
  }
  state->accept();
  return std::unique_ptr<ControlServer>(new ControlServer(std::move(state)));
}

ControlServer::~ControlServer() {
  error_code ignored;
  state_->closed = true;
  state_->acceptor.close(ignored);
  for (const auto& weak : state_->connections) {
    if (const auto connection = weak.lock()) connection->close();
  }
  std::error_code also_ignored;
  fs::remove(state_->socket, also_ignored);
}

Result<std::string> control_request(const fs::path& output_dir, const std::string& request_json) {
  const std::string request = request_json + "\n";
  boost::asio::io_context io;
  stream_protocol::socket socket(io);
  error_code failure;
  const fs::path path = control_socket_path(output_dir);
  socket.connect(stream_protocol::endpoint(path.string()), failure);
  if (failure) {
    return make_error(ErrorKind::unavailable, fmt::format("no runner answers for '{}': {}",
                                                          output_dir.string(), failure.message()));
  }
  // A runner that hangs must not hang us: the exchange has a deadline.
  std::string answer;
  failure = boost::asio::error::timed_out;
  boost::asio::async_write(
      socket, boost::asio::buffer(request), [&](error_code written, std::size_t) {
        failure = written ? written : failure;
        if (written) return;
        boost::asio::async_read_until(socket, boost::asio::dynamic_buffer(answer), '\n',
                                      [&](error_code read, std::size_t) { failure = read; });
      });
  io.run_for(std::chrono::seconds(10));
  if (failure || answer.empty()) {
    return make_error(ErrorKind::unavailable, fmt::format("the runner of '{}' did not answer: {}",
                                                          output_dir.string(), failure.message()));
  }
  answer.pop_back();
  return answer;
}

}  // namespace genesis::run
