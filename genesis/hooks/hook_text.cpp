#include "genesis/hooks/hook_text.h"

#include <fmt/format.h>

#include <functional>
#include <nlohmann/json.hpp>

#include "genesis/base/text.h"

namespace genesis::hooks {
namespace {

using Values = std::map<std::string, std::string, std::less<>>;

bool is_name(std::string_view text) {
  if (text.empty()) return false;
  for (const char letter : text) {
    if (!(letter >= 'a' && letter <= 'z') && letter != '_') return false;
  }
  return true;
}

/// Calls `literal` and `placeholder` for the parts of a template, in order.
void walk(std::string_view text, const std::function<void(std::string_view)>& literal,
          const std::function<void(std::string_view)>& placeholder) {
  while (!text.empty()) {
    const auto open = text.find('{');
    if (open == text.npos) return literal(text);
    const auto close = text.find_first_of("{}", open + 1);
    const bool named = close != text.npos && text[close] == '}' &&
                       is_name(text.substr(open + 1, close - open - 1));
    if (!named) {
      literal(text.substr(0, open + 1));
      text.remove_prefix(open + 1);
      continue;
    }
    literal(text.substr(0, open));
    placeholder(text.substr(open + 1, close - open - 1));
    text.remove_prefix(close + 1);
  }
}

std::string replaced(std::string_view text, const Values& values,
                     const std::function<std::string(std::string_view, const std::string&)>& as) {
  std::string filled;
  walk(
      text, [&](std::string_view part) { filled += part; },
      [&](std::string_view name) {
        const auto found = values.find(name);
        if (found != values.end())
          filled += as(name, found->second);
        else
          filled += fmt::format("{{{}}}", name);
      });
  return filled;
}

}  // namespace

Values placeholders(const events::Announcement& event, const RunIdentity& run) {
  Values values;
  values["event"] = event.event;
  values["seq"] = std::to_string(event.seq);
  values["run_id"] = run.run_id;
  values["run_dir"] = run.run_dir;
  values["task"] = run.task;
  values["generation"] = event.generation ? std::to_string(*event.generation) : "";
  values["score"] = event.score ? shortest_double(*event.score) : "";
  values["reason"] = event.reason;
  values["text"] = events::describe_event(event.line).value_or(event.event);
  values["json"] = event.line;
  return values;
}

Status check_template(std::string_view text) {
  static const std::vector<std::string> known = [] {
    std::vector<std::string> names;
    for (const auto& [name, value] : placeholders({}, {})) names.push_back(name);
    return names;
  }();
  Status checked;
  walk(
      text, [](std::string_view) {},
      [&](std::string_view name) {
        if (std::find(known.begin(), known.end(), name) != known.end()) return;
        checked = make_error(ErrorKind::invalid_argument,
                             fmt::format("there is no placeholder '{{{}}}'{}; known: {}", name,
                                         did_you_mean(name, known), join(known, ", ")));
      });
  return checked;
}

std::string fill(std::string_view text, const Values& values) {
  return replaced(text, values, [](std::string_view, const std::string& value) { return value; });
}

std::string fill_json(std::string_view text, const Values& values) {
  return replaced(text, values, [](std::string_view name, const std::string& value) {
    if (name == "json") return value;
    const std::string quoted =
        nlohmann::json(value).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
    return quoted.substr(1, quoted.size() - 2);
  });
}

std::vector<std::string> event_environment(std::string_view hook, const Values& values) {
  std::vector<std::string> entries{fmt::format("GENESIS_HOOK={}", hook)};
  const auto add = [&](const char* variable, const char* name) {
    entries.push_back(fmt::format("{}={}", variable, values.find(name)->second));
  };
  add("GENESIS_EVENT", "event");
  add("GENESIS_EVENT_SEQ", "seq");
  add("GENESIS_EVENT_TEXT", "text");
  add("GENESIS_RUN_ID", "run_id");
  add("GENESIS_RUN_DIR", "run_dir");
  add("GENESIS_TASK", "task");
  add("GENESIS_GENERATION", "generation");
  add("GENESIS_SCORE", "score");
  add("GENESIS_REASON", "reason");
  return entries;
}

}  // namespace genesis::hooks
