#include "launch/sandbox_server/envd/filesystem_messages.h"

#include <cstdio>

#include "launch/sandbox_server/envd/json_fields.h"
#include "launch/sandbox_server/envd/paths.h"

namespace genesis::envd {

namespace {

using nlohmann::json;

const char* type_name(FileType type) {
  switch (type) {
    case FileType::file:
      return "FILE_TYPE_FILE";
    case FileType::directory:
      return "FILE_TYPE_DIRECTORY";
    case FileType::symlink:
      return "FILE_TYPE_SYMLINK";
    case FileType::unspecified:
      break;
  }
  return "FILE_TYPE_UNSPECIFIED";
}

const char* kind_name(ChangeKind kind) {
  switch (kind) {
    case ChangeKind::create:
      return "EVENT_TYPE_CREATE";
    case ChangeKind::write:
      return "EVENT_TYPE_WRITE";
    case ChangeKind::remove:
      return "EVENT_TYPE_REMOVE";
    case ChangeKind::rename:
      return "EVENT_TYPE_RENAME";
    case ChangeKind::chmod:
      break;
  }
  return "EVENT_TYPE_CHMOD";
}

json entry_json(const FileEntry& entry) {
  json object;
  object["name"] = entry.name;
  object["type"] = type_name(entry.type);
  object["path"] = entry.path;
  object["size"] = std::to_string(entry.size);  // 64 bits are strings in protobuf's JSON.
  object["mode"] = entry.mode;
  object["permissions"] = entry.permissions;
  object["owner"] = entry.owner;
  object["group"] = entry.group;
  object["modifiedTime"] = timestamp_text(entry.modified);
  if (entry.is_symlink) {
    object["isSymlink"] = true;
    object["symlinkTarget"] = entry.symlink_target;
  }
  if (!entry.metadata.empty()) object["metadata"] = entry.metadata;
  return object;
}

json change_json(const FileChange& change) {
  json object;
  object["name"] = change.name;
  object["type"] = kind_name(change.kind);
  if (change.entry) object["entry"] = entry_json(*change.entry);
  return object;
}

json written_json(const WrittenFile& file) {
  json object;
  object["path"] = file.path;
  object["name"] = base_name(file.path);
  object["type"] = "file";
  if (!file.metadata.empty()) object["metadata"] = file.metadata;
  return object;
}

}  // namespace

std::string timestamp_text(const std::timespec& time) {
  std::tm parts{};
  const std::time_t seconds = time.tv_sec;
  ::gmtime_r(&seconds, &parts);
  char text[80];
  const int length = std::snprintf(text, sizeof text, "%04d-%02d-%02dT%02d:%02d:%02d.%09ldZ",
                                   parts.tm_year + 1900, parts.tm_mon + 1, parts.tm_mday,
                                   parts.tm_hour, parts.tm_min, parts.tm_sec, time.tv_nsec);
  return std::string(text, static_cast<std::size_t>(length));
}

RpcResult<std::string> parse_path_request(std::string_view body) {
  GENESIS_RPC_ASSIGN(const json message, parse_message(body));
  GENESIS_RPC_ASSIGN(const auto path, text_field(message, "path"));
  return path.value_or("");
}

RpcResult<ListRequest> parse_list_request(std::string_view body) {
  GENESIS_RPC_ASSIGN(const json message, parse_message(body));
  GENESIS_RPC_ASSIGN(const auto path, text_field(message, "path"));
  GENESIS_RPC_ASSIGN(const auto depth, number_field(message, "depth"));
  ListRequest request;
  request.path = path.value_or("");
  if (depth && *depth > 0) request.depth = *depth;
  return request;
}

RpcResult<MoveRequest> parse_move_request(std::string_view body) {
  GENESIS_RPC_ASSIGN(const json message, parse_message(body));
  GENESIS_RPC_ASSIGN(const auto source, text_field(message, "source"));
  GENESIS_RPC_ASSIGN(const auto destination, text_field(message, "destination"));
  MoveRequest request;
  request.source = source.value_or("");
  request.destination = destination.value_or("");
  return request;
}

RpcResult<WatchRequest> parse_watch_request(std::string_view body) {
  GENESIS_RPC_ASSIGN(const json message, parse_message(body));
  GENESIS_RPC_ASSIGN(const auto path, text_field(message, "path"));
  GENESIS_RPC_ASSIGN(const auto recursive, bool_field(message, "recursive"));
  GENESIS_RPC_ASSIGN(const auto include_entry, bool_field(message, "includeEntry"));
  GENESIS_RPC_ASSIGN(const auto network, bool_field(message, "allowNetworkMounts"));
  WatchRequest request;
  request.path = path.value_or("");
  request.recursive = recursive.value_or(false);
  request.include_entry = include_entry.value_or(false);
  request.allow_network_mounts = network.value_or(false);
  return request;
}

RpcResult<std::string> parse_watcher_id(std::string_view body) {
  GENESIS_RPC_ASSIGN(const json message, parse_message(body));
  GENESIS_RPC_ASSIGN(const auto id, text_field(message, "watcherId"));
  return id.value_or("");
}

RpcResult<ComposeRequest> parse_compose_request(std::string_view body) {
  GENESIS_RPC_ASSIGN(const json message, parse_message(body));
  GENESIS_RPC_ASSIGN(const auto destination, text_field(message, "destination"));
  GENESIS_RPC_ASSIGN(const auto user, text_field(message, "username"));
  ComposeRequest request;
  request.destination = destination.value_or("");
  request.user = user.value_or("");
  const json* sources = field(message, "source_paths");
  if (sources == nullptr || !sources->is_array() || sources->empty()) {
    return wrong_type("source_paths", "a list of paths");
  }
  for (const json& source : *sources) {
    if (!source.is_string()) return wrong_type("source_paths", "a list of paths");
    request.sources.push_back(source.get<std::string>());
  }
  return request;
}

std::string entry_reply(const FileEntry& entry) {
  json reply;
  reply["entry"] = entry_json(entry);
  return sandbox_wire::to_json_text(reply);
}

std::string entries_reply(const std::vector<FileEntry>& entries) {
  json list = json::array();
  for (const FileEntry& entry : entries) list.push_back(entry_json(entry));
  json reply;
  reply["entries"] = std::move(list);
  return sandbox_wire::to_json_text(reply);
}

std::string watch_start_event() {
  return "{\"start\":{}}";
}

std::string watch_event(const FileChange& change) {
  json event;
  event["filesystem"] = change_json(change);
  return sandbox_wire::to_json_text(event);
}

std::string watch_keepalive_event() {
  return "{\"keepalive\":{}}";
}

std::string watcher_reply(std::string_view id) {
  json reply;
  reply["watcherId"] = id;
  return sandbox_wire::to_json_text(reply);
}

std::string changes_reply(const std::vector<FileChange>& changes) {
  json list = json::array();
  for (const FileChange& change : changes) list.push_back(change_json(change));
  json reply;
  reply["events"] = std::move(list);
  return sandbox_wire::to_json_text(reply);
}

std::string written_reply(const std::vector<WrittenFile>& files) {
  json list = json::array();
  for (const WrittenFile& file : files) list.push_back(written_json(file));
  return sandbox_wire::to_json_text(list);
}

std::string written_reply_one(const WrittenFile& file) {
  return sandbox_wire::to_json_text(written_json(file));
}

}  // namespace genesis::envd
