#include "launch/e2b/filesystem_messages.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "launch/e2b/control_messages.h"
#include "launch/e2b/json_reading.h"

namespace genesis::launch::e2b {
namespace {

using nlohmann::json;

/// An enum: a name, or a number.
template <typename Kind, std::size_t size>
Kind kind_of(const json& object, const char* name,
             const std::pair<std::string_view, Kind> (&known)[size], Kind otherwise) {
  const std::string text = text_member(object, name);
  const auto number = static_cast<std::size_t>(
      std::max<std::int64_t>(0, text.empty() ? integer_member(object, name) : std::int64_t{0}));
  for (std::size_t i = 0; i < size; ++i) {
    if (text == known[i].first || (text.empty() && number == i + 1)) return known[i].second;
  }
  return otherwise;
}

RemoteEntry entry_of(const json& object) {
  using Type = RemoteEntry::Type;
  static constexpr std::pair<std::string_view, Type> kTypes[] = {
      {"FILE_TYPE_FILE", Type::file},
      {"FILE_TYPE_DIRECTORY", Type::folder},
      {"FILE_TYPE_SYMLINK", Type::link}};
  RemoteEntry entry;
  entry.name = text_member(object, "name");
  entry.path = text_member(object, "path");
  entry.type = kind_of(object, "type", kTypes, Type::unknown);
  entry.size =
      static_cast<std::uint64_t>(std::max<std::int64_t>(0, integer_member(object, "size")));
  entry.mode = static_cast<unsigned>(integer_member(object, "mode")) & 07777u;
  entry.owner = text_member(object, "owner");
  entry.group = text_member(object, "group");
  entry.modified = parse_time(text_member(object, "modifiedTime"));
  entry.link_target = text_member(object, "symlinkTarget");
  if (const json* const metadata = object_member(object, "metadata")) {
    for (const auto& [key, value] : metadata->items()) {
      if (value.is_string()) entry.metadata.emplace(key, value.get<std::string>());
    }
  }
  return entry;
}

json path_object(std::string_view path) {
  json message;
  message["path"] = std::string(path);
  return message;
}

}  // namespace

std::string path_message(std::string_view path) {
  return json_text(path_object(path));
}

std::string list_message(std::string_view path, unsigned depth) {
  json message = path_object(path);
  message["depth"] = depth;
  return json_text(message);
}

std::string move_message(std::string_view from, std::string_view to) {
  json message;
  message["source"] = std::string(from);
  message["destination"] = std::string(to);
  return json_text(message);
}

std::string watch_message(std::string_view path, bool recursive) {
  json message = path_object(path);
  if (recursive) message["recursive"] = true;
  return json_text(message);
}

Result<RemoteEntry> parse_entry(std::string_view body) {
  GENESIS_TRY_ASSIGN(const json message, parse_object(body));
  const json* const entry = object_member(message, "entry");
  if (entry == nullptr) return make_error(ErrorKind::parse, "the answer has no entry");
  return entry_of(*entry);
}

Result<std::vector<RemoteEntry>> parse_entries(std::string_view body) {
  GENESIS_TRY_ASSIGN(const json message, parse_object(body));
  std::vector<RemoteEntry> entries;
  const auto found = message.find("entries");
  if (found == message.end() || !found->is_array()) return entries;
  for (const json& item : *found) {
    if (item.is_object()) entries.push_back(entry_of(item));
  }
  return entries;
}

Result<WatchEvent> parse_watch_event(std::string_view payload) {
  using Kind = WatchEvent::Kind;
  static constexpr std::pair<std::string_view, Kind> kKinds[] = {
      {"EVENT_TYPE_CREATE", Kind::created},
      {"EVENT_TYPE_WRITE", Kind::written},
      {"EVENT_TYPE_REMOVE", Kind::removed},
      {"EVENT_TYPE_RENAME", Kind::renamed},
      {"EVENT_TYPE_CHMOD", Kind::mode_changed}};
  GENESIS_TRY_ASSIGN(const json message, parse_object(payload));
  WatchEvent event;
  if (object_member(message, "start") != nullptr) {
    event.kind = Kind::started;
  } else if (const json* const given = object_member(message, "filesystem")) {
    event.kind = kind_of(*given, "type", kKinds, Kind::other);
    event.name = text_member(*given, "name");
  }
  return event;
}

}  // namespace genesis::launch::e2b
