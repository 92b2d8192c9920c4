#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "genesis/events/event.h"

namespace genesis::events {

/// An event as it was written, for who is to hear of it: the line, and what is commonly asked for.
struct Announcement {
  std::string event;  ///< Its name.
  std::int64_t seq = 0;
  std::string line;  ///< Of events.jsonl, without its line end.
  std::optional<std::int64_t> generation;
  std::optional<double> score;  ///< The best, where the event is about the run.
  std::string reason;           ///< Of pause and end; of limit, which; of notice, its text.
};

Announcement announce(const Event& event, const Envelope& envelope);

}  // namespace genesis::events
