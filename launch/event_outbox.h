#pragma once

#include <memory>

#include "launch/launcher.h"

namespace genesis::launch {

/// Carries events to the sink in order, in batches, never from inside the call that caused them:
/// one post per batch. I/O thread only. Nothing is delivered after close() or destruction.
class EventOutbox {
 public:
  /// `io` must outlive the outbox.
  EventOutbox(boost::asio::io_context& io, EventSink sink);
  ~EventOutbox();
  EventOutbox(const EventOutbox&) = delete;
  EventOutbox& operator=(const EventOutbox&) = delete;

  void push(Event event);
  /// Calls `done` once, after everything that was pushed before it; nothing is delivered
  /// afterwards.
  void close(std::function<void()> done);

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace genesis::launch
