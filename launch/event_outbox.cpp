#include "launch/event_outbox.h"

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <utility>
#include <vector>

namespace genesis::launch {

struct EventOutbox::State : std::enable_shared_from_this<State> {
  State(boost::asio::io_context& context, EventSink event_sink)
      : io(context), sink(std::move(event_sink)) {}

  void schedule() {
    if (std::exchange(scheduled, true)) return;
    boost::asio::post(io, [self = shared_from_this()] { self->flush(); });
  }

  void flush() {
    scheduled = false;
    // The sink may push: what it adds goes into the next batch, so that nobody starves the loop.
    delivering.swap(waiting);
    for (Event& event : delivering) {
      if (!detached) sink(std::move(event));
    }
    delivering.clear();
    if (!waiting.empty()) return;  // Already scheduled by push().
    if (on_closed && !detached) {
      detached = true;
      std::exchange(on_closed, nullptr)();
    }
  }

  boost::asio::io_context& io;
  EventSink sink;
  std::vector<Event> waiting;
  std::vector<Event> delivering;
  std::function<void()> on_closed;
  bool scheduled = false;
  bool detached = false;
};

EventOutbox::EventOutbox(boost::asio::io_context& io, EventSink sink)
    : state_(std::make_shared<State>(io, std::move(sink))) {}

EventOutbox::~EventOutbox() {
  state_->detached = true;
}

void EventOutbox::push(Event event) {
  if (state_->detached || state_->on_closed) return;
  state_->waiting.push_back(std::move(event));
  state_->schedule();
}

void EventOutbox::close(std::function<void()> done) {
  if (state_->detached || state_->on_closed) return;
  state_->on_closed = std::move(done);
  state_->schedule();
}

}  // namespace genesis::launch
