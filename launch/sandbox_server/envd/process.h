#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "launch/sandbox_server/envd/child_start.h"
#include "launch/sandbox_server/envd/process_messages.h"

namespace genesis::envd {

/// One reader of a process's events: frames that wait to be sent. The process fills it, a stream's
/// coroutine empties it; `wake` tells the coroutine.
class Subscriber {
 public:
  explicit Subscriber(boost::asio::io_context& io) : wake_(io) {}

  /// All that waits, up to about 256 KiB; the process may go on then.
  std::string take();
  bool is_full() const { return bytes_ >= kFull; }
  bool has_frames() const { return !frames_.empty(); }
  /// No frame follows those that wait.
  bool finished() const { return finished_; }
  /// The client has gone: nothing more is kept for it.
  bool left() const { return left_; }

  void add(std::shared_ptr<const std::string> frame);
  void finish();
  void leave();
  /// Ends a wait().
  void notify();
  /// Until something happens to this subscriber, or `until`.
  boost::asio::awaitable<void> wait(std::chrono::steady_clock::time_point until);

 private:
  static constexpr std::size_t kFull = 256 * 1024;

  boost::asio::steady_timer wake_;
  std::deque<std::shared_ptr<const std::string>> frames_;
  std::size_t bytes_ = 0;
  bool finished_ = false;
  bool left_ = false;
  bool notified_ = false;
};

/// A command that was started. Its output goes to all subscribers and is dropped without any; when
/// one of them has too much waiting, the pipe is not read, and so the command waits. I/O thread
/// only; lives until its outputs are closed, by shared pointers.
class Process : public std::enable_shared_from_this<Process> {
 public:
  using TimePoint = std::chrono::steady_clock::time_point;

  Process(boost::asio::io_context& io, StartedChild child, StartRequest request);

  pid_t pid() const { return pid_; }
  const StartRequest& request() const { return request_; }
  /// Reads the outputs from now on. `ended`: once, when the end event has been sent.
  void begin(std::function<void()> ended);
  /// Killed then, with all in its session that it did not put elsewhere.
  void kill_at(TimePoint deadline);

  void subscribe(std::shared_ptr<Subscriber> subscriber);
  void unsubscribe(const std::shared_ptr<Subscriber>& subscriber);
  /// A subscriber has taken what waited: the outputs may be read on.
  void room_was_made();

  /// The agent has reaped it.
  void reaped(int wait_status);
  bool running() const { return !wait_status_; }
  /// To the process and its group; false when it has ended.
  bool send_signal(int signal);
  /// Until it has been reaped, or `until`: its number means nothing any more then.
  boost::asio::awaitable<void> wait_for_end(TimePoint until);

  /// Writes all of it, waiting for the command to read. Errors: `internal` (closed, never open),
  /// `failed_precondition` (a terminal's input, and it has none, or the other way round).
  boost::asio::awaitable<RpcStatus> write_input(ProcessInput input);
  RpcStatus close_input();
  RpcStatus resize(const PtySize& size);

  /// The frame of the end event, once there is one.
  std::shared_ptr<const std::string> end_frame() const { return end_frame_; }

 private:
  using Descriptor = boost::asio::posix::stream_descriptor;
  boost::asio::awaitable<void> pump(Descriptor& from, Output output);
  boost::asio::awaitable<void> room();
  boost::asio::awaitable<void> linger();
  boost::asio::awaitable<void> kill_later(TimePoint deadline);
  void deliver(std::string event);
  void output_closed();
  void finish_if_done();
  bool anyone_full() const;

  boost::asio::io_context& io_;
  pid_t pid_;
  StartRequest request_;
  bool terminal_;
  std::optional<Descriptor> input_;
  std::optional<Descriptor> output_;
  std::optional<Descriptor> error_;
  boost::asio::steady_timer space_;
  boost::asio::steady_timer deadline_;
  boost::asio::steady_timer lingering_;
  boost::asio::steady_timer input_turn_;
  bool input_busy_ = false;
  bool close_wanted_ = false;
  int open_outputs_ = 0;
  TimePoint last_output_{};
  std::optional<int> wait_status_;
  std::vector<std::shared_ptr<boost::asio::steady_timer>> waiting_for_end_;
  std::vector<std::shared_ptr<Subscriber>> subscribers_;
  std::shared_ptr<const std::string> end_frame_;
  std::function<void()> ended_;
};

}  // namespace genesis::envd
