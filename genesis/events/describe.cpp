// Lines of events.jsonl for people. The file may be of a later version, or have been edited:
// nothing is taken for granted.
#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "genesis/base/text.h"
#include "genesis/events/event.h"
#include "genesis/ui/progress_text.h"

namespace genesis::events {
namespace {

using nlohmann::json;

std::string text(const json& line, const char* key) {
  const auto found = line.find(key);
  return found != line.end() && found->is_string() ? found->get<std::string>() : std::string();
}

double number(const json& line, const char* key, double otherwise = 0) {
  const auto found = line.find(key);
  return found != line.end() && found->is_number() ? found->get<double>() : otherwise;
}

bool has_number(const json& line, const char* key) {
  const auto found = line.find(key);
  return found != line.end() && found->is_number();
}

/// Whole numbers without a point, others as scores are shown.
std::string count(const json& line, const char* key) {
  const double value = number(line, key);
  return value == static_cast<double>(
                      static_cast<std::int64_t>(std::min(std::max(value, -9e15), 9e15)))
             ? fmt::format("{:.0f}", value)
             : format_score(value);
}

std::string duration(double given_seconds) {
  return format_duration(std::chrono::milliseconds(
      static_cast<std::int64_t>(std::min(std::max(given_seconds, 0.0), 1e12) * 1000)));
}

std::string bytes(const json& line, const char* key) {
  return format_bytes(static_cast<std::uint64_t>(std::min(std::max(number(line, key), 0.0), 1e18)));
}

std::string start_text(const json& line) {
  const bool resumed = line.contains("resumed") && line["resumed"] == true;
  return fmt::format("{} '{}': {} generations, seed {}, {} slots",
                     resumed ? "going on with" : "new run of", text(line, "task"),
                     count(line, "target_generations"), count(line, "seed"), count(line, "slots"));
}

std::string improvement_text(const json& line) {
  std::string said =
      fmt::format("gen {}: {}", count(line, "generation"), format_score(number(line, "score")));
  if (has_number(line, "previous_best")) {
    said +=
        fmt::format(" (+{})", format_score(number(line, "score") - number(line, "previous_best")));
  }
  const std::string summary = text(line, "summary");
  return summary.empty() ? said : said + "  " + summary;
}

std::string limit_text(const json& line) {
  const std::string limit = text(line, "limit");
  const bool time = limit == "wall_time";
  return fmt::format("{:.0f}% of {}: {} of {}", 100 * number(line, "share"), limit,
                     time ? duration(number(line, "used")) : count(line, "used"),
                     time ? duration(number(line, "allowed")) : count(line, "allowed"));
}

std::string end_text(const json& line) {
  std::string said =
      fmt::format("{}: {} generations", text(line, "reason"), count(line, "generation"));
  if (has_number(line, "best_score")) {
    said += fmt::format(", best {} (gen {})", format_score(number(line, "best_score")),
                        count(line, "best_generation"));
  }
  const std::string message = text(line, "message");
  return message.empty() ? said : said + "; " + message;
}

std::string unknown_text(const json& line) {
  json own = line;
  for (const char* known : {"v", "seq", "time", "elapsed_s", "event", "run_id"}) own.erase(known);
  return own.dump(-1, ' ', false, json::error_handler_t::replace);
}

std::string without_improvement(const json& line) {
  return fmt::format("{} generations and {}", count(line, "generations_without_improvement"),
                     duration(number(line, "seconds_without_improvement")));
}

std::string body_text(const std::string& name, const json& line) {
  if (name == "start") return start_text(line);
  if (name == "improvement") return improvement_text(line);
  if (name == "stall") return "no improvement for " + without_improvement(line);
  if (name == "stall_end") {
    return fmt::format("gen {} is better, after {}", count(line, "generation"),
                       without_improvement(line));
  }
  if (name == "limit") return limit_text(line);
  if (name == "disk_low") {
    return fmt::format("{} free below '{}'", bytes(line, "free_bytes"), text(line, "folder"));
  }
  if (name == "pause") return fmt::format("{}: {}", text(line, "kind"), text(line, "reason"));
  if (name == "go_on") return "after " + duration(number(line, "paused_seconds"));
  if (name == "notice") return text(line, "text");
  if (name == "end") return end_text(line);
  return unknown_text(line);
}

/// A line of text whatever is in it: no control character moves the cursor.
std::string one_line(std::string said) {
  for (char& letter : said) {
    if (static_cast<unsigned char>(letter) < 0x20 || letter == 0x7F) letter = ' ';
  }
  return said;
}

Result<json> read_event(std::string_view line) {
  json event = json::parse(line, nullptr, false);
  if (!event.is_object() || text(event, "event").empty()) {
    return make_error(ErrorKind::parse, "not an event: " + std::string(line.substr(0, 60)));
  }
  return event;
}

}  // namespace

Result<std::string> describe_event(std::string_view line) {
  GENESIS_TRY_ASSIGN(const json event, read_event(line));
  const std::string name = text(event, "event");
  return one_line(name + ": " + body_text(name, event));
}

Result<std::string> describe_line(std::string_view line) {
  GENESIS_TRY_ASSIGN(const json event, read_event(line));
  const std::string name = text(event, "event");
  return one_line(fmt::format("{}  {:<11}  {}", text(event, "time"), name, body_text(name, event)));
}

}  // namespace genesis::events
