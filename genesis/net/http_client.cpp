#include "genesis/net/http_client.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/system_error.hpp>
#include <cerrno>
#include <utility>
#include <vector>

#include "genesis/base/base64.h"
#include "genesis/net/connection_pool.h"
#include "genesis/net/url.h"

namespace genesis::net {
namespace {

namespace asio = boost::asio;
using SteadyTime = std::chrono::steady_clock::time_point;

constexpr std::size_t kLargePiece = 128u << 10;
constexpr std::size_t kMostBuffered = 64u << 10;
constexpr int kMostInterimAnswers = 8;
constexpr std::chrono::milliseconds kFirstPause{50};
/// Below this, a copy into one piece costs less than a second write.
constexpr std::size_t kSmallBody = 64u << 10;

bool may_be_sent_twice(const std::string& method) {
  return method == "GET" || method == "HEAD" || method == "PUT" || method == "DELETE";
}

bool takes_a_body(const std::string& method) {
  return method != "GET" && method != "HEAD" && method != "DELETE";
}

std::uint64_t length_of(const HttpCall& call) {
  return call.body.size() + (call.file ? call.file->length : 0) + call.after_file.size();
}

Result<std::string> head_text(const HttpCall& call, const Url& url, bool keep) {
  GENESIS_TRY(check_method(call.method));
  const bool usual_port = url.port == (url.tls ? "443" : "80");
  std::string host = url.authority();
  if (usual_port) host.resize(host.size() - url.port.size() - 1);
  std::string text = fmt::format("{} {} HTTP/1.1\r\nHost: {}\r\n", call.method, url.target, host);
  if (find_header(call.headers, "User-Agent") == nullptr) text += "User-Agent: genesis\r\n";
  if (!url.user_info.empty() && find_header(call.headers, "Authorization") == nullptr) {
    text += "Authorization: Basic " + to_base64(url.user_info) + "\r\n";
  }
  for (const auto& [name, value] : call.headers) {
    GENESIS_TRY(check_header(name, value));
    text.append(name).append(": ").append(value).append("\r\n");
  }
  const std::uint64_t length = length_of(call);
  if (length > 0 || takes_a_body(call.method))
    text += fmt::format("Content-Length: {}\r\n", length);
  if (!keep) text += "Connection: close\r\n";
  return text + "\r\n";
}

asio::awaitable<Status> send_request(ClientConnection& connection, const HttpCall& call,
                                     std::string head) {
  const bool one_piece = call.body.size() <= kSmallBody;
  if (one_piece) head += call.body;
  if (one_piece && !call.file) head += call.after_file;
  const Status begun = co_await connection.write(head);
  if (!begun || (one_piece && !call.file)) co_return begun;
  if (!one_piece) {
    const Status sent = co_await connection.write(call.body);
    if (!sent) co_return sent;
  }
  if (call.file) {
    const Status sent = co_await connection.write_file(call.file->fd, call.file->offset,
                                                       call.file->length, call.file_idle);
    if (!sent) co_return sent;
  }
  if (call.after_file.empty()) co_return Status();
  co_return co_await connection.write(call.after_file);
}

}  // namespace

struct HttpAnswer::State {
  explicit State(ConnectionLease given) : lease(std::move(given)) {}

  enum class Failed { other, to_connect, on_a_kept_connection };

  asio::awaitable<Status> read_head(const std::string& method, std::size_t most);
  asio::awaitable<Result<std::size_t>> read(char* to, std::size_t size);
  asio::awaitable<Result<std::size_t>> append_to(std::string& to);
  /// Waits for more bytes; false: the body ended where the connection did.
  asio::awaitable<Result<bool>> more();
  void finish();
  /// What is left of the body is not wanted.
  void abandon() {
    done = true;
    lease.drop();
  }

  ConnectionLease lease;
  HttpParser parser{HttpParser::Reads::answers};
  bool done = false;
  bool answered = false;  ///< A byte of an answer has come.
  bool sent_whole = true;
  Failed failed = Failed::other;
};

asio::awaitable<Status> HttpAnswer::State::read_head(const std::string& method, std::size_t most) {
  for (int answers = 0;;) {
    const auto used = parser.head(lease->buffered());
    if (!used) {
      co_return make_error(ErrorKind::parse, lease->name() + ": " + used.error().message);
    }
    if (*used > 0) {
      lease->use(*used);
      if (parser.answer().status >= 200 || parser.answer().status == 101) break;
      if (++answers > kMostInterimAnswers) {
        co_return make_error(ErrorKind::parse, lease->name() + ": interim answers without end");
      }
      parser = HttpParser(HttpParser::Reads::answers);
      continue;
    }
    const auto filled = co_await lease->fill(most);
    if (!filled) co_return tl::unexpected<Error>(filled.error());
    if (!*filled) {
      co_return make_error(ErrorKind::unavailable,
                           lease->name() + ": read the answer: the connection was closed");
    }
    answered = true;
  }
  if (method == "HEAD") parser.expect_no_body();
  if (parser.body_done()) finish();
  co_return Status();
}

void HttpAnswer::State::finish() {
  if (std::exchange(done, true)) return;
  const bool again = sent_whole && parser.answer().keep_alive &&
                     parser.body_end() != BodyEnd::close && parser.answer().status != 101;
  if (again) {
    lease.give_back();
  } else {
    lease.drop();
  }
}

asio::awaitable<Result<bool>> HttpAnswer::State::more() {
  const auto filled = co_await lease->fill(kMostBuffered);
  if (!filled) co_return tl::unexpected<Error>(filled.error());
  if (*filled) co_return true;
  if (parser.body_end() != BodyEnd::close) {
    co_return make_error(ErrorKind::unavailable,
                         lease->name() + ": the connection was closed in the middle of an answer");
  }
  co_return false;
}

asio::awaitable<Result<std::size_t>> HttpAnswer::State::read(char* to, std::size_t size) {
  while (!done) {
    if (!lease->buffered().empty()) {
      const auto step = parser.body(lease->buffered(), to, size);
      if (!step) {
        co_return make_error(ErrorKind::parse, lease->name() + ": " + step.error().message);
      }
      lease->use(step->used);
      if (parser.body_done()) finish();
      if (step->written > 0) co_return step->written;
      if (step->used > 0) continue;
    } else if (parser.body_end() == BodyEnd::length && size >= kMostBuffered) {
      // Straight to where it is wanted.
      const auto wanted = std::min<std::uint64_t>(size, parser.body_left());
      const auto count = co_await lease->read(to, static_cast<std::size_t>(wanted));
      if (!count) co_return tl::unexpected<Error>(count.error());
      if (*count > 0) {
        parser.body_moved(*count);
        if (parser.body_done()) finish();
        co_return *count;
      }
    }
    const auto filled = co_await more();
    if (!filled) co_return tl::unexpected<Error>(filled.error());
    if (!*filled) finish();
  }
  co_return std::size_t{0};
}

asio::awaitable<Result<std::size_t>> HttpAnswer::State::append_to(std::string& to) {
  while (!done) {
    if (!lease->buffered().empty()) {
      const std::size_t before = to.size();
      to.resize(before + lease->buffered().size());
      const auto step =
          parser.body(lease->buffered(), to.data() + before, lease->buffered().size());
      to.resize(before + (step ? step->written : 0));
      if (!step) {
        co_return make_error(ErrorKind::parse, lease->name() + ": " + step.error().message);
      }
      lease->use(step->used);
      if (parser.body_done()) finish();
      if (step->written > 0) co_return step->written;
      if (step->used > 0) continue;
    }
    const auto filled = co_await more();
    if (!filled) co_return tl::unexpected<Error>(filled.error());
    if (!*filled) finish();
  }
  co_return std::size_t{0};
}

HttpAnswer::HttpAnswer(std::unique_ptr<State> state) : state_(std::move(state)) {}
HttpAnswer::HttpAnswer() = default;
HttpAnswer::HttpAnswer(HttpAnswer&&) noexcept = default;
HttpAnswer& HttpAnswer::operator=(HttpAnswer&&) noexcept = default;
HttpAnswer::~HttpAnswer() = default;

const HttpAnswerHead& HttpAnswer::head() const {
  return state_->parser.answer();
}

bool HttpAnswer::body_done() const {
  return state_->done;
}

void HttpAnswer::set_deadline(SteadyTime when) {
  if (!state_->done) state_->lease->set_deadline(when);
}

asio::awaitable<Result<std::size_t>> HttpAnswer::read(char* to, std::size_t size) {
  try {
    co_return co_await state_->read(to, size);
  } catch (const boost::system::system_error&) {
    // How a coroutine hears that it was cancelled between two operations.
    co_return make_error(ErrorKind::cancelled, "read an answer: cancelled");
  }
}

asio::awaitable<Result<std::size_t>> HttpAnswer::append_to(std::string& to) {
  try {
    co_return co_await state_->append_to(to);
  } catch (const boost::system::system_error&) {
    co_return make_error(ErrorKind::cancelled, "read an answer: cancelled");
  }
}

asio::awaitable<Result<BoundedBody>> HttpAnswer::whole(std::size_t limit) {
  try {
    BoundedBody body;
    while (!state_->done) {
      const auto count = co_await state_->append_to(body.text);
      if (!count) co_return tl::unexpected<Error>(count.error());
      if (body.text.size() <= limit) continue;
      body.text.resize(limit);
      body.truncated = true;
      state_->abandon();
    }
    co_return body;
  } catch (const boost::system::system_error&) {
    co_return make_error(ErrorKind::cancelled, "read an answer: cancelled");
  }
}

asio::awaitable<Result<StoredBody>> HttpAnswer::to_file(int fd, std::uint64_t limit,
                                                        std::chrono::milliseconds idle) try {
  StoredBody stored;
  std::vector<char> piece(kLargePiece);
  for (;;) {
    set_deadline(std::chrono::steady_clock::now() + idle);
    const auto count = co_await state_->read(piece.data(), piece.size());
    if (!count) co_return tl::unexpected<Error>(count.error());
    if (*count == 0) co_return stored;
    const auto kept =
        static_cast<std::size_t>(std::min<std::uint64_t>(*count, limit - stored.bytes));
    for (std::size_t at = 0; at < kept;) {
      const ssize_t written = ::write(fd, piece.data() + at, kept - at);
      if (written < 0 && errno == EINTR) continue;
      if (written < 0) co_return errno_error("write", "an answer's body", errno);
      at += static_cast<std::size_t>(written);
    }
    stored.bytes += kept;
    if (kept == *count) continue;
    stored.truncated = true;
    state_->abandon();
    co_return stored;
  }
} catch (const boost::system::system_error&) {
  co_return make_error(ErrorKind::cancelled, "read an answer: cancelled");
}

struct HttpClient::Impl {
  Impl(asio::io_context& loop, HttpClientLimits limits)
      : io(loop), pool(std::make_shared<ConnectionPool>(loop, limits)) {}
  ~Impl() { pool->close(); }

  asio::awaitable<Result<HttpAnswer>> send(const HttpCall& call, SteadyTime deadline);
  asio::awaitable<Status> exchange(HttpAnswer::State& state, const HttpCall& call,
                                   const std::string& head);

  asio::io_context& io;
  const std::shared_ptr<ConnectionPool> pool;
};

/// One try; state.failed says what another one may mend.
asio::awaitable<Status> HttpClient::Impl::exchange(HttpAnswer::State& state, const HttpCall& call,
                                                   const std::string& head) {
  using Failed = HttpAnswer::State::Failed;
  ConnectionLease& lease = state.lease;
  if (!lease.kept()) {
    const Status opened = co_await lease->open(lease.origin().addresses);
    if (!opened && opened.error().kind == ErrorKind::unavailable) state.failed = Failed::to_connect;
    if (!opened) co_return opened;
  }
  const std::uint64_t before = lease->written();
  const Status sent = co_await send_request(*lease, call, head);
  state.sent_whole = sent.has_value();
  // Whoever refuses a body may say so and close before all of it came.
  const bool worth_reading = sent || (lease->is_open() && lease->written() > before &&
                                      sent.error().kind == ErrorKind::unavailable);
  Status read = sent;
  if (worth_reading) read = co_await state.read_head(call.method, pool->limits().head_bytes);
  if (read) co_return read;
  if (lease.kept() && !state.answered && read.error().kind == ErrorKind::unavailable &&
      (may_be_sent_twice(call.method) || lease->written() == before)) {
    state.failed = Failed::on_a_kept_connection;
  }
  if (!sent) co_return sent;
  co_return read;
}

asio::awaitable<Result<HttpAnswer>> HttpClient::Impl::send(const HttpCall& call,
                                                           SteadyTime deadline) {
  using Failed = HttpAnswer::State::Failed;
  auto url = parse_url(call.url);
  if (!url) co_return tl::unexpected<Error>(url.error());
  const auto head = head_text(call, *url, pool->limits().keep);
  if (!head) co_return tl::unexpected<Error>(head.error());
  bool fresh = false;
  for (int tries = 1;; ++tries) {
    auto lease = co_await pool->lease(*url, deadline, fresh);
    if (!lease) co_return tl::unexpected<Error>(lease.error());
    auto state = std::make_unique<HttpAnswer::State>(std::move(*lease));
    state->lease->set_deadline(deadline);
    const Status done = co_await exchange(*state, call, *head);
    if (done) co_return HttpAnswer(std::move(state));
    if (state->failed == Failed::on_a_kept_connection && !fresh) {
      fresh = true;
      continue;
    }
    const auto pause = kFirstPause * (1 << std::min(tries, 6));
    if (state->failed != Failed::to_connect || tries >= pool->limits().connect_tries ||
        std::chrono::steady_clock::now() + pause >= deadline) {
      co_return tl::unexpected<Error>(done.error());
    }
    state.reset();
    asio::steady_timer timer(io, pause);
    co_await timer.async_wait(asio::use_awaitable);
  }
}

HttpClient::HttpClient(asio::io_context& io, HttpClientLimits limits)
    : impl_(std::make_shared<Impl>(io, limits)) {}
HttpClient::~HttpClient() = default;

asio::awaitable<Result<HttpAnswer>> HttpClient::send(HttpCall call, SteadyTime deadline) {
  const auto impl = impl_;
  try {
    co_return co_await impl->send(call, deadline);
  } catch (const boost::system::system_error&) {
    co_return make_error(ErrorKind::cancelled, "send a request: cancelled");
  }
}

std::size_t HttpClient::connections() const {
  return impl_->pool->connections();
}
std::size_t HttpClient::idle_connections() const {
  return impl_->pool->idle_connections();
}

}  // namespace genesis::net
