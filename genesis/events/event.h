#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "genesis/base/error.h"
#include "genesis/ui/status.h"

/// What happens in a run, as lines of `events.jsonl` and for hooks. docs/events.md has every event
/// and field, docs/events.schema.json the schema; plain values, any thread.
namespace genesis::events {

/// The version of the lines' schema (`v`). A field that is added does not change it.
inline constexpr int kSchemaVersion = 1;

/// A session of the run begins.
struct Start {
  bool resumed = false;
  std::string task;
  std::uint64_t seed = 0;
  std::int64_t target_generations = 0;
  int slots = 0;
  std::string genesis_version;
};
/// A program better than all before it, whose record is committed.
struct Improvement {
  std::int64_t generation = 0;
  double score = 0;
  std::optional<double> previous_best;
  std::optional<std::int64_t> parent;
  std::string mutator;
  std::string summary;
  std::int64_t evaluations = 0;      ///< Recorded until then, this one included.
  std::int64_t recorded_millis = 0;  ///< Unix time of its record.
};
/// No improvement for long.
struct Stall {
  std::int64_t best_generation = 0;
  double best_score = 0;
  std::int64_t generations_without_improvement = 0;
  double seconds_without_improvement = 0;
};
/// The improvement that ends a stall has been found; its own event comes before this one.
struct StallEnd {
  std::int64_t generation = 0;
  std::int64_t generations_without_improvement = 0;
  double seconds_without_improvement = 0;
};
/// A limit is nearly used up.
struct Limit {
  std::string limit;  ///< generations, evaluations or wall_time.
  double used = 0;    ///< Of wall_time in seconds.
  double allowed = 0;
};
/// Space is short, but not yet so short that the run pauses.
struct DiskLow {
  std::string folder;
  std::uint64_t free_bytes = 0;
  std::uint64_t threshold_bytes = 0;
};
struct Pause {
  PauseCause cause = PauseCause::disk;
  std::string reason;
};
struct GoOn {
  double paused_seconds = 0;
};
/// Something a person should know: what is shown on the screen.
struct Notice {
  std::string text;
};
/// A session of the run has ended.
struct End {
  StopReason reason = StopReason::none;
  std::string message;
  std::int64_t generation = 0;
  std::int64_t evaluations = 0;
  std::optional<double> best_score;
  std::optional<std::int64_t> best_generation;
  std::map<std::string, std::int64_t> outcomes;
};

using Body =
    std::variant<Start, Improvement, Stall, StallEnd, Limit, DiskLow, Pause, GoOn, Notice, End>;

struct Event {
  Body body;
  std::chrono::milliseconds elapsed{0};  ///< Run time over all sessions when it happened.
};

/// "start", "improvement", "stall", "stall_end", "limit", "disk_low", "pause", "go_on", "notice",
/// "end": the word in the file, in `hooks.<name>.on` and in the documents.
std::string_view name_of(const Event& event);
const std::vector<std::string>& event_names();

/// What every line has beside the event's own fields.
struct Envelope {
  std::int64_t seq = 0;
  std::int64_t unix_millis = 0;
  std::string run_id;
};

/// One line of `events.jsonl`, without its line end: strict JSON in valid UTF-8.
std::string to_line(const Event& event, const Envelope& envelope);

/// "2026-11-21T18:05:09.120Z".
std::string rfc3339(std::int64_t unix_millis);

/// A line of `events.jsonl` for people: "18:05:09  improvement  gen 12: 2.3541 (+0.0123) …". Events
/// of later versions are shown by their name and fields. Error `parse` for what is no event.
Result<std::string> describe_line(std::string_view line);
/// The same without the time: "improvement: gen 12 …", for messages.
Result<std::string> describe_event(std::string_view line);

}  // namespace genesis::events
