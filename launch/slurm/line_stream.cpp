#include "launch/slurm/line_stream.h"

#include <unistd.h>

#include <boost/asio/buffer.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/write.hpp>
#include <utility>
#include <vector>

#include "genesis/base/failpoint.h"

namespace genesis::launch::slurm {

namespace asio = boost::asio;

struct LineStream::State : std::enable_shared_from_this<State> {
  State(asio::io_context& context, std::size_t most, Handlers what)
      : io(context),
        input(context),
        output(context),
        most_line(most),
        handlers(std::make_shared<Handlers>(std::move(what))) {}

  void read_more() {
    input.async_read_some(
        asio::buffer(buffer),
        [self = shared_from_this()](const boost::system::error_code& failure, std::size_t got) {
          if (self->closed) return;
          if (failure) return self->end("its end of the line was closed");
          self->take(got);
          if (!self->closed && !self->over) self->read_more();
        });
  }

  void take(std::size_t got) {
    const auto called = handlers;  // A handler may close this stream.
    pending.append(buffer.data(), got);
    std::size_t begin = 0;
    for (std::size_t end = pending.find('\n', searched); end != std::string::npos && !closed;
         end = pending.find('\n', begin)) {
      if (end - begin > most_line) return end_for_length();
      if (called->line) called->line(std::string_view(pending).substr(begin, end - begin));
      begin = end + 1;
    }
    pending.erase(0, begin);
    searched = pending.size();
    if (pending.size() > most_line) end_for_length();
  }

  void end_for_length() { end("it said a line that is too long"); }

  void end(std::string why) {
    if (std::exchange(over, true) || closed) return;
    const auto called = handlers;
    if (called->ended) called->ended(std::move(why));
  }

  /// After the handler that says something, so that what it says at once goes out at once.
  void send_soon() {
    if (sending || std::exchange(send_posted, true)) return;
    asio::post(io, [self = shared_from_this()] {
      self->send_posted = false;
      self->send();
    });
  }

  void send() {
    if (closed || sending) return;
    if (unsent.empty()) {
      boost::system::error_code ignored;
      if (finishing && output.is_open()) output.close(ignored);
      return;
    }
    if (!output.is_open()) return;
    sending = true;
    in_flight = std::exchange(unsent, std::string());
    asio::async_write(
        output, asio::buffer(in_flight),
        [self = shared_from_this()](const boost::system::error_code& failure, std::size_t) {
          self->sending = false;
          self->in_flight.clear();
          if (self->closed) return;
          if (failure) return self->end("nobody reads what is said to it");
          failpoint("slurm.line_sent");
          self->send();
        });
  }

  asio::io_context& io;
  asio::posix::stream_descriptor input;
  asio::posix::stream_descriptor output;
  std::size_t most_line;
  std::shared_ptr<Handlers> handlers;
  std::vector<char> buffer = std::vector<char>(65536);
  std::string pending;
  std::size_t searched = 0;
  std::string unsent;
  std::string in_flight;
  bool send_posted = false;
  bool sending = false;
  bool finishing = false;
  bool over = false;
  bool closed = false;
};

LineStream::LineStream(asio::io_context& io, Fd input, Fd output, std::size_t most_line,
                       Handlers handlers)
    : state_(std::make_shared<State>(io, most_line, std::move(handlers))) {
  state_->input.assign(input.release());
  state_->output.assign(output.release());
  state_->input.native_non_blocking(true);
  state_->read_more();
}

LineStream::~LineStream() {
  close();
}

void LineStream::say(std::string line) {
  if (state_->closed || state_->finishing) return;
  state_->unsent += line;
  state_->send_soon();
}

std::size_t LineStream::unsent() const {
  return state_->unsent.size() + state_->in_flight.size();
}

void LineStream::finish_output() {
  state_->finishing = true;
  state_->send_soon();
}

void LineStream::drain() {
  boost::system::error_code ignored;
  if (!state_->input.is_open()) return;
  state_->input.cancel(ignored);
  while (!state_->closed && !state_->over) {
    const ssize_t got =
        ::read(state_->input.native_handle(), state_->buffer.data(), state_->buffer.size());
    if (got <= 0) break;
    state_->take(static_cast<std::size_t>(got));
  }
}

void LineStream::close() {
  if (std::exchange(state_->closed, true)) return;
  state_->handlers = std::make_shared<Handlers>();
  boost::system::error_code ignored;
  state_->input.close(ignored);
  state_->output.close(ignored);
}

}  // namespace genesis::launch::slurm
