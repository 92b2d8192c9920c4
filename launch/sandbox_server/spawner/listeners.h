#pragma once

#include <sys/types.h>

#include <cstdint>
#include <set>
#include <string_view>
#include <vector>

namespace genesis::sandbox_server {

/// The inodes of sockets that listen on `port`, from the text of /proc/net/tcp or tcp6. Pure.
std::set<std::uint64_t> listening_inodes(std::string_view table, std::uint16_t port);

/// Whether one of the processes has a socket that listens on `port`. Blocking; any thread.
bool has_listener(const std::vector<pid_t>& processes, std::uint16_t port);

}  // namespace genesis::sandbox_server
