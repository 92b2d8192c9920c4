#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "genesis/base/error.h"

/// The messages of filesystem.Filesystem as JSON, as a client writes and reads them. Pure; any
/// thread. Readers ignore what they do not know and answer `parse` for what is not JSON.
namespace genesis::launch::e2b {

/// What there is under a path of a sandbox.
struct RemoteEntry {
  enum class Type { unknown, file, folder, link };
  std::string name;
  std::string path;
  Type type = Type::unknown;
  std::uint64_t size = 0;
  unsigned mode = 0;  ///< Permission bits.
  std::string owner;
  std::string group;
  std::optional<std::chrono::system_clock::time_point> modified;
  std::string link_target;                      ///< Of a symbolic link, resolved.
  std::map<std::string, std::string> metadata;  ///< What it was uploaded with.

  RemoteEntry() = default;
};

std::string path_message(std::string_view path);
std::string list_message(std::string_view path, unsigned depth);
std::string move_message(std::string_view from, std::string_view to);
std::string watch_message(std::string_view path, bool recursive);

Result<RemoteEntry> parse_entry(std::string_view body);  ///< Of {"entry": …}.
Result<std::vector<RemoteEntry>> parse_entries(std::string_view body);

/// Something that happened below a folder that is watched.
struct WatchEvent {
  enum class Kind { started, created, written, removed, renamed, mode_changed, other };
  Kind kind = Kind::other;  ///< `other`: keep-alive, or what a later protocol brings.
  std::string name;         ///< Relative to the folder.

  WatchEvent() = default;
};
Result<WatchEvent> parse_watch_event(std::string_view payload);

}  // namespace genesis::launch::e2b
