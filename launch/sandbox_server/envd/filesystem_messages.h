#pragma once

#include <cstdint>
#include <ctime>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "launch/sandbox_server/envd/rpc_error.h"

/// The messages of filesystem.Filesystem as JSON. Pure; any thread.
namespace genesis::envd {

enum class FileType { unspecified, file, directory, symlink };

struct FileEntry {
  std::string name;
  FileType type = FileType::unspecified;  ///< A link's is its target's.
  std::string path;
  std::uint64_t size = 0;
  std::uint32_t mode = 0;   ///< Permission bits; a link's are its target's.
  std::string permissions;  ///< "-rw-r--r--", of the entry itself.
  std::string owner;
  std::string group;
  std::timespec modified{};
  bool is_symlink = false;
  std::string symlink_target;
  std::map<std::string, std::string> metadata;
};

enum class ChangeKind { create = 1, write = 2, remove = 3, rename = 4, chmod = 5 };

struct FileChange {
  std::string name;  ///< Relative to the watched folder.
  ChangeKind kind = ChangeKind::create;
  std::optional<FileEntry> entry;
};

struct ListRequest {
  std::string path;
  std::uint32_t depth = 1;
};

struct MoveRequest {
  std::string source;
  std::string destination;
};

struct WatchRequest {
  std::string path;
  bool recursive = false;
  bool include_entry = false;
  bool allow_network_mounts = false;
};

struct ComposeRequest {
  std::vector<std::string> sources;
  std::string destination;
  std::string user;
};

RpcResult<std::string> parse_path_request(std::string_view body);
RpcResult<ListRequest> parse_list_request(std::string_view body);
RpcResult<MoveRequest> parse_move_request(std::string_view body);
RpcResult<WatchRequest> parse_watch_request(std::string_view body);
RpcResult<std::string> parse_watcher_id(std::string_view body);
RpcResult<ComposeRequest> parse_compose_request(std::string_view body);

std::string entry_reply(const FileEntry& entry);
std::string entries_reply(const std::vector<FileEntry>& entries);
std::string watch_start_event();
std::string watch_event(const FileChange& change);
std::string watch_keepalive_event();
std::string watcher_reply(std::string_view id);
std::string changes_reply(const std::vector<FileChange>& changes);

/// What POST /files answers for one written file, in the list that it sends.
struct WrittenFile {
  std::string path;
  std::map<std::string, std::string> metadata;
};
std::string written_reply(const std::vector<WrittenFile>& files);
std::string written_reply_one(const WrittenFile& file);

/// "2026-11-21T20:10:11.000000123Z".
std::string timestamp_text(const std::timespec& time);

}  // namespace genesis::envd
