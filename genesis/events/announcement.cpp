#include "genesis/events/announcement.h"

namespace genesis::events {
namespace {

void fill(Announcement&, const Start&) {}
void fill(Announcement& told, const Improvement& event) {
  told.generation = event.generation;
  told.score = event.score;
}
void fill(Announcement& told, const Stall& event) {
  told.generation = event.best_generation;
  told.score = event.best_score;
}
void fill(Announcement& told, const StallEnd& event) {
  told.generation = event.generation;
}
void fill(Announcement& told, const Limit& event) {
  told.reason = event.limit;
}
void fill(Announcement& told, const DiskLow& event) {
  told.reason = event.folder;
}
void fill(Announcement& told, const Pause& event) {
  told.reason = event.reason;
}
void fill(Announcement&, const GoOn&) {}
void fill(Announcement& told, const Notice& event) {
  told.reason = event.text;
}
void fill(Announcement& told, const End& event) {
  told.generation = event.generation;
  told.score = event.best_score;
  told.reason = to_string(event.reason);
}

}  // namespace

Announcement announce(const Event& event, const Envelope& envelope) {
  Announcement told;
  told.event = name_of(event);
  told.seq = envelope.seq;
  told.line = to_line(event, envelope);
  std::visit([&](const auto& body) { fill(told, body); }, event.body);
  return told;
}

}  // namespace genesis::events
