#include "launch/sandbox_server/envd/process.h"

#include <signal.h>

#include <algorithm>
#include <array>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>

#include "launch/sandbox_server/envd/connect_frames.h"

namespace genesis::envd {

namespace asio = boost::asio;
using std::chrono::steady_clock;

namespace {

constexpr auto kQuietly = asio::as_tuple(asio::use_awaitable);
constexpr std::size_t kPipePiece = 32 * 1024;
constexpr std::size_t kTerminalPiece = 16 * 1024;
/// What a command leaves running may hold its outputs open for ever. Its end is told when these
/// have been silent for so long after its death, and in any case after the second time.
constexpr std::chrono::milliseconds kSilence{250};
constexpr std::chrono::milliseconds kLongestLinger{2000};

}  // namespace

std::string Subscriber::take() {
  std::string taken;
  taken.reserve(bytes_);
  for (const auto& frame : frames_) taken += *frame;
  frames_.clear();
  bytes_ = 0;
  return taken;
}

void Subscriber::add(std::shared_ptr<const std::string> frame) {
  if (left_ || finished_) return;
  bytes_ += frame->size();
  frames_.push_back(std::move(frame));
  notify();
}

void Subscriber::finish() {
  finished_ = true;
  notify();
}

void Subscriber::leave() {
  left_ = true;
  frames_.clear();
  bytes_ = 0;
  notify();
}

void Subscriber::notify() {
  notified_ = true;
  wake_.cancel();
}

asio::awaitable<void> Subscriber::wait(steady_clock::time_point until) {
  if (!notified_) {
    wake_.expires_at(until);
    co_await wake_.async_wait(kQuietly);
  }
  notified_ = false;
}

Process::Process(asio::io_context& io, StartedChild child, StartRequest request)
    : io_(io),
      pid_(child.pid),
      request_(std::move(request)),
      terminal_(request_.pty.has_value()),
      space_(io, steady_clock::time_point::max()),
      deadline_(io),
      lingering_(io),
      input_turn_(io, steady_clock::time_point::max()) {
  if (child.input) input_.emplace(io, child.input.release());
  output_.emplace(io, child.output.release());
  if (child.error) error_.emplace(io, child.error.release());
}

void Process::begin(std::function<void()> ended) {
  ended_ = std::move(ended);
  const auto self = shared_from_this();
  const auto keep = [self](std::exception_ptr) {};  // The coroutines use members.
  open_outputs_ = error_ ? 2 : 1;
  asio::co_spawn(io_, pump(*output_, terminal_ ? Output::terminal : Output::standard_output), keep);
  if (error_) asio::co_spawn(io_, pump(*error_, Output::standard_error), keep);
}

asio::awaitable<void> Process::pump(Descriptor& from, Output output) {
  const std::size_t size = terminal_ ? kTerminalPiece : kPipePiece;
  std::string piece(size, '\0');
  for (;;) {
    co_await room();
    const auto [failure, got] = co_await from.async_read_some(asio::buffer(piece), kQuietly);
    if (failure || got == 0) break;  // A terminal's end is EIO.
    last_output_ = steady_clock::now();
    if (!subscribers_.empty() && !end_frame_) {
      deliver(data_event(output, std::string_view(piece.data(), got)));
    }
  }
  // Not with the process, which is remembered for a while: so many descriptors there are not.
  boost::system::error_code ignored;
  from.close(ignored);
  output_closed();
}

bool Process::anyone_full() const {
  return std::any_of(subscribers_.begin(), subscribers_.end(),
                     [](const auto& subscriber) { return subscriber->is_full(); });
}

asio::awaitable<void> Process::room() {
  while (anyone_full()) co_await space_.async_wait(kQuietly);
}

void Process::room_was_made() {
  space_.cancel();
}

void Process::deliver(std::string event) {
  const auto frame = std::make_shared<const std::string>(to_frame(event));
  for (const auto& subscriber : subscribers_) subscriber->add(frame);
}

void Process::output_closed() {
  --open_outputs_;
  finish_if_done();
}

void Process::reaped(int wait_status) {
  wait_status_ = wait_status;
  deadline_.cancel();
  for (const auto& timer : waiting_for_end_) timer->cancel();
  waiting_for_end_.clear();
  if (input_) {
    boost::system::error_code ignored;
    input_->close(ignored);
  }
  finish_if_done();
  if (end_frame_) return;
  const auto self = shared_from_this();
  asio::co_spawn(io_, linger(), [self](std::exception_ptr) {});
}

asio::awaitable<void> Process::linger() {
  auto latest = steady_clock::now() + kLongestLinger;
  last_output_ = steady_clock::now();
  while (!end_frame_) {
    const auto now = steady_clock::now();
    if (anyone_full()) {  // Nothing is read meanwhile: that is no silence of the command's.
      co_await space_.async_wait(kQuietly);
      last_output_ = steady_clock::now();
      latest = last_output_ + kLongestLinger;
      continue;
    }
    const auto next = std::min(latest, last_output_ + kSilence);
    if (next <= now) break;
    lingering_.expires_at(next);
    co_await lingering_.async_wait(kQuietly);
  }
  // What still comes is read and dropped, so that those who write it do not fail.
  open_outputs_ = std::min(open_outputs_, 0);
  finish_if_done();
}

void Process::finish_if_done() {
  if (!wait_status_ || open_outputs_ > 0 || end_frame_) return;
  end_frame_ =
      std::make_shared<const std::string>(to_frame(end_event(end_of_wait_status(*wait_status_))));
  for (const auto& subscriber : subscribers_) {
    subscriber->add(end_frame_);
    subscriber->finish();
  }
  subscribers_.clear();
  space_.cancel();
  lingering_.cancel();
  if (ended_) ended_();
}

void Process::subscribe(std::shared_ptr<Subscriber> subscriber) {
  if (end_frame_) {
    subscriber->add(end_frame_);
    subscriber->finish();
    return;
  }
  subscribers_.push_back(std::move(subscriber));
}

void Process::unsubscribe(const std::shared_ptr<Subscriber>& subscriber) {
  std::erase(subscribers_, subscriber);
  space_.cancel();
}

bool Process::send_signal(int signal) {
  if (!running()) return false;
  // Not yet reaped: the number is its own still, and so is the group's.
  if (::kill(-pid_, signal) != 0) ::kill(pid_, signal);
  return true;
}

asio::awaitable<void> Process::wait_for_end(TimePoint until) {
  if (!running()) co_return;
  const auto timer = std::make_shared<asio::steady_timer>(io_, until);
  waiting_for_end_.push_back(timer);
  co_await timer->async_wait(kQuietly);
}

void Process::kill_at(TimePoint deadline) {
  const auto self = shared_from_this();
  asio::co_spawn(io_, kill_later(deadline), [self](std::exception_ptr) {});
}

asio::awaitable<void> Process::kill_later(TimePoint deadline) {
  deadline_.expires_at(deadline);
  const auto [failure] = co_await deadline_.async_wait(kQuietly);
  if (!failure) send_signal(SIGKILL);
}

asio::awaitable<RpcStatus> Process::write_input(ProcessInput input) {
  if (input.for_pty != terminal_) {
    co_return rpc_error(RpcCode::failed_precondition,
                        terminal_ ? "the process has a terminal: send pty input, not stdin"
                                  : "the process has no terminal: send stdin, not pty input");
  }
  const auto self = shared_from_this();
  while (input_busy_) co_await input_turn_.async_wait(kQuietly);
  std::optional<Descriptor>& to = terminal_ ? output_ : input_;
  if (!to || !to->is_open() || close_wanted_ || !running()) {
    co_return rpc_error(RpcCode::internal, "stdin not enabled or closed");
  }
  input_busy_ = true;
  const auto [failure, wrote] =
      co_await asio::async_write(*to, asio::buffer(input.bytes), kQuietly);
  input_busy_ = false;
  static_cast<void>(wrote);
  input_turn_.cancel();
  if (close_wanted_ && input_) {
    boost::system::error_code ignored;
    input_->close(ignored);
  }
  if (failure) co_return rpc_error(RpcCode::internal, "write to stdin: " + failure.message());
  co_return RpcStatus{};
}

RpcStatus Process::close_input() {
  if (terminal_) {
    return rpc_error(RpcCode::unknown,
                     "a terminal's input cannot be closed; send the end of file (Ctrl+D, byte 4)");
  }
  close_wanted_ = true;
  if (input_ && !input_busy_) {
    boost::system::error_code ignored;
    input_->close(ignored);
  }
  return {};
}

RpcStatus Process::resize(const PtySize& size) {
  if (!terminal_) return rpc_error(RpcCode::failed_precondition, "the process has no terminal");
  if (output_ && output_->is_open()) resize_terminal(output_->native_handle(), size);
  return {};
}

}  // namespace genesis::envd
