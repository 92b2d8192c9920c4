#include "genesis/events/event_source.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <type_traits>

namespace genesis::events {
namespace {

using nlohmann::json;
using std::chrono::milliseconds;

constexpr std::int64_t kLeastStall = 20;         // generations
constexpr std::int64_t kLeastForLongStall = 10;  // generations
constexpr milliseconds kUsualStallTime{30 * 60'000};

double seconds(milliseconds duration) {
  return static_cast<double>(duration.count()) / 1000;
}

template <typename T>
T number(const json& line, const char* key, T otherwise) {
  const auto found = line.find(key);
  if (found == line.end()) return otherwise;
  // A number beyond the whole ones would not fit.
  const bool fits = std::is_integral_v<T> ? found->is_number_integer() : found->is_number();
  return fits ? found->get<T>() : otherwise;
}

std::string text(const json& line, const char* key) {
  const auto found = line.find(key);
  return found != line.end() && found->is_string() ? found->get<std::string>() : std::string();
}

milliseconds run_time(const json& line) {
  return milliseconds(static_cast<std::int64_t>(
      std::clamp(number(line, "elapsed_s", 0.0), 0.0, 1e12) * 1000 + 0.5));
}

}  // namespace

bool Memory::take(std::string_view line, std::string_view run_id) {
  const json event = json::parse(line, nullptr, false);
  if (!event.is_object() || text(event, "event").empty()) return false;
  last_seq = std::max(last_seq, number<std::int64_t>(event, "seq", 0));
  if (text(event, "run_id") != run_id) return true;
  const std::string name = text(event, "event");
  if (name == "improvement") {
    last_improvement = std::max(last_improvement, number<std::int64_t>(event, "generation", -1));
    best_score = number(event, "score", 0.0);
    improved_at = run_time(event);
    stalled = false;
  } else if (name == "stall") {
    stalled = true;
  } else if (name == "limit") {
    limits[text(event, "limit")] = number(event, "allowed", 0.0);
  }
  return true;
}

EventSource::EventSource(EventSettings settings, Limits limits, std::uint64_t min_free_bytes,
                         Memory memory)
    : settings_(settings),
      limits_(limits),
      disk_low_bytes_(settings.disk_low_bytes.value_or(2 * min_free_bytes)),
      memory_(std::move(memory)) {}

std::vector<Event> EventSource::improvement(Improvement improvement, milliseconds elapsed) {
  if (improvement.generation <= memory_.last_improvement) return {};
  if (memory_.last_improvement >= 0) improvement.previous_best = memory_.best_score;
  StallEnd stall_end;
  stall_end.generation = improvement.generation;
  stall_end.generations_without_improvement = improvement.generation - memory_.last_improvement;
  stall_end.seconds_without_improvement = std::max(0.0, seconds(elapsed - memory_.improved_at));
  const bool was_stalled = std::exchange(memory_.stalled, false);
  memory_.last_improvement = improvement.generation;
  memory_.best_score = improvement.score;
  memory_.improved_at = elapsed;
  std::vector<Event> events{{std::move(improvement), elapsed}};
  if (was_stalled) events.push_back({stall_end, elapsed});
  return events;
}

bool EventSource::stalls(std::int64_t generations, milliseconds time, std::int64_t target) const {
  const std::int64_t most =
      settings_.stall_generations.value_or(std::max<std::int64_t>(kLeastStall, (target + 4) / 5));
  if (most > 0 && generations >= most) return true;
  if (settings_.stall_time)
    return *settings_.stall_time > milliseconds(0) && time >= *settings_.stall_time;
  return time >= kUsualStallTime && generations >= kLeastForLongStall;
}

void EventSource::look_for_stall(const RunStatus& status, std::vector<Event>& events) {
  // Without a correct program there is nothing to improve on.
  if (memory_.stalled || memory_.last_improvement < 0) return;
  // The best that is recorded but not committed yet is about to be told.
  if (status.has_best && status.best_generation > memory_.last_improvement) return;
  const std::int64_t generations = status.generation - memory_.last_improvement;
  const milliseconds time = status.elapsed - memory_.improved_at;
  if (!stalls(generations, time, status.target_generations)) return;
  memory_.stalled = true;
  Stall stall;
  stall.best_generation = memory_.last_improvement;
  stall.best_score = memory_.best_score;
  stall.generations_without_improvement = generations;
  stall.seconds_without_improvement = std::max(0.0, seconds(time));
  events.push_back({stall, status.elapsed});
}

// Told once for each limit as high as it is: a run that was extended is told again.
void EventSource::look_at_limit(const char* name, double used, double allowed,
                                const RunStatus& status, std::vector<Event>& events) {
  if (allowed <= 0 || settings_.limit_share >= 1 || used < settings_.limit_share * allowed) return;
  const auto told = memory_.limits.find(name);
  if (told != memory_.limits.end() && told->second >= allowed) return;
  memory_.limits[name] = allowed;
  events.push_back({Limit{name, used, allowed}, status.elapsed});
}

std::vector<Event> EventSource::progress(const RunStatus& status) {
  std::vector<Event> events;
  look_for_stall(status, events);
  look_at_limit("generations", static_cast<double>(status.generation),
                static_cast<double>(status.target_generations), status, events);
  if (limits_.evaluations) {
    look_at_limit("evaluations", static_cast<double>(status.evaluations),
                  static_cast<double>(*limits_.evaluations), status, events);
  }
  if (limits_.wall_time) {
    look_at_limit("wall_time", seconds(status.elapsed), seconds(*limits_.wall_time), status,
                  events);
  }
  return events;
}

std::vector<Event> EventSource::space(std::string_view folder, std::uint64_t free_bytes,
                                      milliseconds elapsed) {
  const auto low = low_folders_.find(folder);
  if (free_bytes >= disk_low_bytes_) {
    // A quarter more, so that a figure that goes up and down is told once.
    if (low != low_folders_.end() && free_bytes - disk_low_bytes_ >= disk_low_bytes_ / 4) {
      low_folders_.erase(low);
    }
    return {};
  }
  if (low != low_folders_.end()) return {};
  low_folders_.emplace(folder);
  return {{DiskLow{std::string(folder), free_bytes, disk_low_bytes_}, elapsed}};
}

std::vector<Event> EventSource::pause(PauseCause cause, std::string_view reason,
                                      milliseconds elapsed) {
  if (!paused_for_.insert(cause).second) return {};
  if (paused_for_.size() == 1) paused_at_ = elapsed;
  return {{Pause{cause, std::string(reason)}, elapsed}};
}

std::vector<Event> EventSource::go_on(milliseconds elapsed) {
  if (paused_for_.empty()) return {};
  paused_for_.clear();
  return {{GoOn{std::max(0.0, seconds(elapsed - paused_at_))}, elapsed}};
}

std::vector<Event> EventSource::end(const RunStatus& status, StopReason reason,
                                    std::string message) {
  std::vector<Event> events = progress(status);
  End last;
  last.reason = reason;
  last.message = std::move(message);
  last.generation = status.generation;
  last.evaluations = status.evaluations;
  if (status.has_best) {
    last.best_score = status.best_score;
    last.best_generation = status.best_generation;
  }
  last.outcomes = status.outcomes;
  events.push_back({std::move(last), status.elapsed});
  return events;
}

}  // namespace genesis::events
