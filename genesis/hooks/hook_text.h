#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "genesis/base/error.h"
#include "genesis/events/announcement.h"

namespace genesis::hooks {

/// Where an event comes from.
struct RunIdentity {
  std::string run_id;
  std::string run_dir;
  std::string task;
};

/// What the placeholders of a hook stand for, by name: event, seq, run_id, run_dir, task,
/// generation, score, reason, text (the event for people), json (its line). What an event does not
/// have is empty.
std::map<std::string, std::string, std::less<>> placeholders(const events::Announcement& event,
                                                             const RunIdentity& run);

/// Refuses a `{name}` that is no placeholder, with the nearest one.
Status check_template(std::string_view text);
/// Replaces `{name}` by its value. Braces around anything else stay, so that JSON can be written.
std::string fill(std::string_view text,
                 const std::map<std::string, std::string, std::less<>>& values);
/// The same with each value as it stands inside a JSON text; `{json}` stays as it is.
std::string fill_json(std::string_view text,
                      const std::map<std::string, std::string, std::less<>>& values);

/// What a command finds in its environment: GENESIS_EVENT, GENESIS_RUN_DIR, …, "NAME=value".
std::vector<std::string> event_environment(
    std::string_view hook, const std::map<std::string, std::string, std::less<>>& values);

}  // namespace genesis::hooks
