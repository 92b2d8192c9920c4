#include "genesis/run/bind_events.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include <algorithm>

#include "genesis/base/log.h"
#include "genesis/base/option_reader.h"
#include "genesis/base/text.h"
#include "genesis/base/words.h"
#include "genesis/events/event.h"
#include "genesis/hooks/hook_text.h"
#include "genesis/net/http_request.h"
#include "genesis/net/url.h"

namespace genesis::run {

using nlohmann::json;

namespace {

void check(const OptionReader& reader, std::string_view key, const Status& status) {
  if (!status) reader.fail(key, status.error().message);
}

bool is_variable_name(std::string_view text) {
  return !text.empty() && text.find_first_of("=$ {}") == text.npos;
}

/// One name or a list of them, "all" among them.
void read_event_names(OptionReader& reader, std::string_view key, const json& value,
                      hooks::HookConfig& hook) {
  const json list = value.is_array() ? value : json::array({value});
  for (const json& item : list) {
    if (!item.is_string()) reader.fail(key, "expected names of events, or all");
    const std::string name = item.get<std::string>();
    const std::vector<std::string>& known = events::event_names();
    if (name == "all") {
      hook.events.insert(known.begin(), known.end());
    } else if (std::find(known.begin(), known.end(), name) != known.end()) {
      hook.events.insert(name);
    } else {
      reader.fail(key, fmt::format("there is no event '{}'{}; known: all, {}", name,
                                   did_you_mean(name, known), join(known, ", ")));
    }
  }
}

/// `events`, or `on`, which YAML 1.1 reads as the truth value where it is not quoted.
void bind_event_names(OptionReader& reader, const json& object, hooks::HookConfig& hook) {
  const char* found = nullptr;
  for (const char* key : {"events", "on", "True"}) {
    json value;
    reader.read(key, value);
    if (!object.contains(key)) continue;
    if (found != nullptr) reader.fail("events", "is given twice, as 'events' and as 'on'");
    found = key;
    read_event_names(reader, "events", value, hook);
  }
  if (found == nullptr || hook.events.empty()) {
    reader.fail("events", fmt::format("name the events to be told of: all, {}",
                                      join(events::event_names(), ", ")));
  }
}

void bind_command(OptionReader& reader, const json& given, hooks::HookConfig& hook) {
  if (given.is_string()) {
    auto words = split_words(given.get<std::string>(), "command");
    if (!words) reader.fail("command", words.error().message);
    hook.command = std::move(*words);
  } else {
    reader.read("command", hook.command);
    if (hook.command.empty()) reader.fail("command", "must name a program");
  }
  for (const std::string& word : hook.command)
    check(reader, "command", hooks::check_template(word));
}

void bind_headers(OptionReader& reader, hooks::HookConfig& hook) {
  std::map<std::string, std::string> values;
  std::map<std::string, std::string> variables;
  reader.read("headers", values);
  reader.read("headers_env", variables);
  for (const auto& [name, value] : values) {
    check(reader, "headers", net::check_header(name, value));
    register_secret(value);
    hook.headers.push_back({name, value, {}});
  }
  for (const auto& [name, variable] : variables) {
    check(reader, "headers_env", net::check_header(name, {}));
    if (!is_variable_name(variable)) {
      reader.fail("headers_env",
                  fmt::format("'{}' must be the name of an environment variable", name));
    }
    hook.headers.push_back({name, {}, variable});
  }
}

void bind_webhook(OptionReader& reader, hooks::HookConfig& hook) {
  reader.read("url", hook.url);
  reader.read("url_env", hook.url_variable);
  if (!hook.url.empty()) {
    register_secret(hook.url);
    if (const auto url = net::parse_url(hook.url); !url) reader.fail("url", url.error().message);
    if (!hook.url_variable.empty())
      reader.fail("url_env", "excludes url; give only one of the two");
  } else if (!is_variable_name(hook.url_variable)) {
    reader.fail("url_env", "must be the name of an environment variable that holds the URL");
  }
  reader.read("method", hook.method);
  check(reader, "method", net::check_method(hook.method));
  bind_headers(reader, hook);
  reader.read("body", hook.body);
  check(reader, "body", hooks::check_template(hook.body));
}

hooks::HookConfig bind_hook(const std::string& name, const json& object) {
  OptionReader reader(object, "hooks." + name);
  hooks::HookConfig hook;
  hook.name = name;
  bind_event_names(reader, object, hook);
  json command;
  reader.read("command", command);
  const bool web = reader.has("url") || reader.has("url_env");
  if (command.is_null() == !web) {
    reader.fail(web ? "url" : "command", web ? "excludes command; give only one of the two"
                                             : "give a command, or a url (or url_env)");
  }
  if (web)
    bind_webhook(reader, hook);
  else
    bind_command(reader, command, hook);
  reader.read("timeout", hook.timeout);
  if (hook.timeout <= std::chrono::milliseconds(0)) reader.fail("timeout", "must be more than 0");
  reader.read("min_interval", hook.min_interval);
  hook.retries = web ? 2 : 0;
  reader.read("retries", hook.retries);
  if (hook.retries < 0 || hook.retries > 10) {
    reader.fail("retries", fmt::format("must be from 0 to 10, found {}", hook.retries));
  }
  reader.finish();
  return hook;
}

}  // namespace

std::vector<hooks::HookConfig> bind_hooks(const json& section) {
  const OptionReader checked(section, "hooks");  // refuses what is no mapping
  std::vector<hooks::HookConfig> hooks;
  if (section.is_null()) return hooks;
  for (const auto& [name, object] : section.items()) {
    if (!object.is_null()) hooks.push_back(bind_hook(name, object));
  }
  return hooks;
}

events::EventSettings bind_events(const nlohmann::json& section) {
  OptionReader reader(section, "events");
  events::EventSettings settings;
  reader.read("stall_generations", settings.stall_generations);
  if (settings.stall_generations && *settings.stall_generations < 0) {
    reader.fail("stall_generations",
                fmt::format("must be 0 (never) or more, found {}", *settings.stall_generations));
  }
  reader.read("stall_time", settings.stall_time);
  reader.read("limit_share", settings.limit_share);
  if (!(settings.limit_share > 0 && settings.limit_share <= 1)) {
    reader.fail("limit_share", fmt::format("must be above 0 and at most 1 (never), found {}",
                                           settings.limit_share));
  }
  reader.read_bytes("disk_low_bytes", settings.disk_low_bytes);
  reader.finish();
  return settings;
}

}  // namespace genesis::run
