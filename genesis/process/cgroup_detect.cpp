#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fstream>

#include "genesis/base/text.h"
#include "genesis/process/cgroup.h"

namespace genesis::process {

namespace {

/// A mounted hierarchy: its folder, and the part of it that the mount shows.
struct Mount {
  std::string folder;
  std::string root;
  std::string type;
  std::string options;
};

std::vector<Mount> read_mounts() {
  std::vector<Mount> mounts;
  std::ifstream file("/proc/self/mountinfo");
  for (std::string line; std::getline(file, line);) {
    // proc(5): "36 35 98:0 /root /mountpoint options… - type source super-options".
    const std::size_t dash = line.find(" - ");
    if (dash == std::string::npos) continue;
    const auto before = split(std::string_view(line).substr(0, dash), ' ');
    const auto after = split(std::string_view(line).substr(dash + 3), ' ');
    if (before.size() < 5 || after.size() < 3 || !after[0].starts_with("cgroup")) continue;
    mounts.push_back({std::string(before[4]), std::string(before[3]), std::string(after[0]),
                      std::string(after[2])});
  }
  return mounts;
}

/// This process's path in the hierarchy of `controller` ("" for v2), from /proc/self/cgroup.
std::optional<std::string> own_path(std::string_view controller) {
  std::ifstream file("/proc/self/cgroup");
  for (std::string line; std::getline(file, line);) {
    const std::size_t first = line.find(':');
    const std::size_t second = line.find(':', first + 1);
    if (first == std::string::npos || second == std::string::npos) continue;
    const std::string_view names = std::string_view(line).substr(first + 1, second - first - 1);
    const auto list = split(names, ',');
    const bool found = controller.empty()
                           ? names.empty() && line.starts_with("0:")
                           : std::find(list.begin(), list.end(), controller) != list.end();
    if (found) return line.substr(second + 1);
  }
  return std::nullopt;
}

/// Where this process's group is in the file system; absent when the mount does not show it.
std::optional<std::string> own_folder(const std::vector<Mount>& mounts, std::string_view type,
                                      std::string_view controller) {
  const auto path = own_path(controller);
  if (!path) return std::nullopt;
  for (const Mount& mount : mounts) {
    const auto options = split(mount.options, ',');
    if (mount.type != type) continue;
    if (!controller.empty() &&
        std::find(options.begin(), options.end(), controller) == options.end()) {
      continue;
    }
    std::string below = *path;
    if (mount.root != "/" && below.starts_with(mount.root)) below.erase(0, mount.root.size());
    std::string folder = mount.folder + (below == "/" ? std::string() : below);
    struct stat info {};
    if (::stat(folder.c_str(), &info) == 0) return folder;
  }
  return std::nullopt;
}

/// Whether a group can be made in `folder`, shown by making one.
bool can_make_groups(const std::string& folder) {
  const std::string trial = fmt::format("{}/genesis-trial-{}", folder, ::getpid());
  if (::mkdir(trial.c_str(), 0755) != 0 && errno != EEXIST) return false;
  const bool writable = ::access((trial + "/cgroup.procs").c_str(), W_OK) == 0;
  ::rmdir(trial.c_str());
  // Moving a process in needs write permission on the common ancestor as well.
  return writable && ::access((folder + "/cgroup.procs").c_str(), W_OK) == 0;
}

std::string usable_v1(const std::vector<Mount>& mounts, std::string_view controller) {
  const auto folder = own_folder(mounts, "cgroup", controller);
  return folder && can_make_groups(*folder) ? *folder : std::string();
}

bool has_controller(const std::string& folder, std::string_view controller) {
  std::ifstream file(folder + "/cgroup.controllers");
  std::string word;
  while (file >> word) {
    if (word == controller) return true;
  }
  return false;
}

/// A group with processes of its own cannot hand controllers down, except the root.
bool can_delegate(const std::string& folder, std::string_view controller) {
  if (!has_controller(folder, controller)) return false;
  const int fd = ::open((folder + "/cgroup.subtree_control").c_str(), O_WRONLY | O_CLOEXEC);
  if (fd < 0) return false;
  const Fd owned(fd);
  const std::string request = fmt::format("+{}", controller);
  return ::write(fd, request.data(), request.size()) == static_cast<ssize_t>(request.size());
}

}  // namespace

CgroupSupport find_cgroups(bool with_cpu) {
  CgroupSupport support;
  const char* wish = std::getenv("GENESIS_CGROUP");
  if (wish != nullptr && (std::strcmp(wish, "off") == 0 || std::strcmp(wish, "0") == 0)) {
    support.reason = "GENESIS_CGROUP=off";
    return support;
  }
  const std::vector<Mount> mounts = read_mounts();
  const auto unified = own_folder(mounts, "cgroup2", "");
  if (!unified) {
    support.reason = "no cgroup v2 hierarchy is mounted";
    return support;
  }
  if (!can_make_groups(*unified)) {
    support.reason = fmt::format("no permission to make groups in {}", *unified);
    return support;
  }
  support.unified = *unified;
  support.memory_v2 = can_delegate(*unified, "memory");
  support.pids_v2 = can_delegate(*unified, "pids");
  if (!support.memory_v2) support.memory_v1 = usable_v1(mounts, "memory");
  if (!support.pids_v2) support.pids_v1 = usable_v1(mounts, "pids");
  if (with_cpu) support.cpu_v2 = can_delegate(*unified, "cpu");
  if (with_cpu && !support.cpu_v2) support.cpu_v1 = usable_v1(mounts, "cpu");
  return support;
}

}  // namespace genesis::process
