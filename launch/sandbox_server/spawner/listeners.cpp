#include "launch/sandbox_server/spawner/listeners.h"

#include <charconv>
#include <filesystem>
#include <string>

#include "genesis/base/files.h"
#include "genesis/base/text.h"

namespace genesis::sandbox_server {

namespace {

constexpr std::string_view kListen = "0A";  // TCP_LISTEN, as proc(5) writes it.

}  // namespace

std::set<std::uint64_t> listening_inodes(std::string_view table, std::uint16_t port) {
  // "  0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000 0 0 12345 …"
  std::set<std::uint64_t> inodes;
  for (const std::string_view line : split_lines(table)) {
    std::vector<std::string_view> fields;
    for (const std::string_view field : split(line, ' ')) {
      if (!field.empty()) fields.push_back(field);
    }
    if (fields.size() < 10 || fields[3] != kListen) continue;
    const std::size_t colon = fields[1].rfind(':');
    if (colon == std::string_view::npos) continue;
    const std::string_view hex = fields[1].substr(colon + 1);
    unsigned found = 0;
    std::from_chars(hex.data(), hex.data() + hex.size(), found, 16);
    std::uint64_t inode = 0;
    std::from_chars(fields[9].data(), fields[9].data() + fields[9].size(), inode);
    if (found == port && inode != 0) inodes.insert(inode);
  }
  return inodes;
}

bool has_listener(const std::vector<pid_t>& processes, std::uint16_t port) {
  std::set<std::uint64_t> inodes;
  for (const char* path : {"/proc/net/tcp", "/proc/net/tcp6"}) {
    inodes.merge(listening_inodes(read_file(path).value_or(""), port));
  }
  if (inodes.empty()) return false;
  for (const pid_t pid : processes) {
    std::error_code failure;
    const fs::path folder = "/proc/" + std::to_string(pid) + "/fd";
    for (const auto& entry : fs::directory_iterator(folder, failure)) {
      const std::string target = fs::read_symlink(entry.path(), failure).string();
      constexpr std::string_view kSocket = "socket:[";
      if (!target.starts_with(kSocket)) continue;
      std::uint64_t inode = 0;
      std::from_chars(target.data() + kSocket.size(), target.data() + target.size(), inode);
      if (inodes.contains(inode)) return true;
    }
  }
  return false;
}

}  // namespace genesis::sandbox_server
