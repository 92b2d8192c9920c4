#include "genesis/events/event.h"

#include <fmt/format.h>

#include <cmath>
#include <ctime>
#include <nlohmann/json.hpp>

#include "genesis/base/log.h"

namespace genesis::events {
namespace {

using nlohmann::json;
using nlohmann::ordered_json;

// The names in the order of Body.
constexpr std::string_view kNames[] = {"start",    "improvement", "stall", "stall_end", "limit",
                                       "disk_low", "pause",       "go_on", "notice",    "end"};
static_assert(std::size(kNames) == std::variant_size_v<Body>);

constexpr std::size_t kMaxText = 2000;

ordered_json number(double value) {
  return std::isfinite(value) ? ordered_json(value) : ordered_json(nullptr);
}

template <typename T>
ordered_json optional_number(const std::optional<T>& value) {
  if (!value) return nullptr;
  if constexpr (std::is_same_v<T, double>) return number(*value);
  return *value;
}

/// Milliseconds are exact: 1.234, not 1.2340000000000001.
double seconds(std::chrono::milliseconds duration) {
  return static_cast<double>(duration.count()) / 1000;
}

double rounded(double value) {
  return std::round(value * 1000) / 1000;
}

/// Texts come from evaluators, operators and messages: no secret, and no more than a line can hold.
std::string text(std::string_view given) {
  std::string clean = redact(given);
  if (clean.size() > kMaxText) {
    std::size_t cut = kMaxText;
    while (cut > 0 && (static_cast<unsigned char>(clean[cut]) & 0xC0) == 0x80) --cut;
    clean.resize(cut);
    clean += " …";
  }
  return clean;
}

void put(ordered_json& line, const Start& event) {
  line["resumed"] = event.resumed;
  line["task"] = text(event.task);
  line["seed"] = event.seed;
  line["target_generations"] = event.target_generations;
  line["slots"] = event.slots;
  line["genesis_version"] = event.genesis_version;
}

void put(ordered_json& line, const Improvement& event) {
  line["generation"] = event.generation;
  line["score"] = number(event.score);
  line["previous_best"] = optional_number(event.previous_best);
  line["parent"] = optional_number(event.parent);
  line["mutator"] = text(event.mutator);
  line["summary"] = text(event.summary);
  line["evaluations"] = event.evaluations;
  line["recorded_at"] = rfc3339(event.recorded_millis);
}

void put(ordered_json& line, const Stall& event) {
  line["best_generation"] = event.best_generation;
  line["best_score"] = number(event.best_score);
  line["generations_without_improvement"] = event.generations_without_improvement;
  line["seconds_without_improvement"] = rounded(event.seconds_without_improvement);
}

void put(ordered_json& line, const StallEnd& event) {
  line["generation"] = event.generation;
  line["generations_without_improvement"] = event.generations_without_improvement;
  line["seconds_without_improvement"] = rounded(event.seconds_without_improvement);
}

void put(ordered_json& line, const Limit& event) {
  line["limit"] = event.limit;
  line["used"] = rounded(event.used);
  line["allowed"] = rounded(event.allowed);
  line["share"] = event.allowed > 0 ? rounded(event.used / event.allowed) : 1.0;
}

void put(ordered_json& line, const DiskLow& event) {
  line["folder"] = text(event.folder);
  line["free_bytes"] = event.free_bytes;
  line["threshold_bytes"] = event.threshold_bytes;
}

void put(ordered_json& line, const Pause& event) {
  line["kind"] = to_string(event.cause);
  line["reason"] = text(event.reason);
}

void put(ordered_json& line, const GoOn& event) {
  line["paused_seconds"] = rounded(event.paused_seconds);
}

void put(ordered_json& line, const Notice& event) {
  line["text"] = text(event.text);
}

void put(ordered_json& line, const End& event) {
  line["reason"] = to_string(event.reason);
  line["message"] = text(event.message);
  line["generation"] = event.generation;
  line["evaluations"] = event.evaluations;
  line["best_score"] = optional_number(event.best_score);
  line["best_generation"] = optional_number(event.best_generation);
  line["outcomes"] = event.outcomes;
}

}  // namespace

std::string_view name_of(const Event& event) {
  return kNames[event.body.index()];
}

const std::vector<std::string>& event_names() {
  static const std::vector<std::string> names(std::begin(kNames), std::end(kNames));
  return names;
}

std::string rfc3339(std::int64_t unix_millis) {
  std::int64_t whole = unix_millis / 1000;
  std::int64_t millis = unix_millis % 1000;
  if (millis < 0) {
    millis += 1000;
    --whole;
  }
  const std::time_t time = static_cast<std::time_t>(whole);
  std::tm parts{};
  ::gmtime_r(&time, &parts);
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z", parts.tm_year + 1900,
                     parts.tm_mon + 1, parts.tm_mday, parts.tm_hour, parts.tm_min, parts.tm_sec,
                     millis);
}

std::string to_line(const Event& event, const Envelope& envelope) {
  ordered_json line;
  line["v"] = kSchemaVersion;
  line["seq"] = envelope.seq;
  line["time"] = rfc3339(envelope.unix_millis);
  line["elapsed_s"] = seconds(event.elapsed);
  line["event"] = name_of(event);
  line["run_id"] = envelope.run_id;
  std::visit([&](const auto& body) { put(line, body); }, event.body);
  return line.dump(-1, ' ', false, ordered_json::error_handler_t::replace);
}

}  // namespace genesis::events
