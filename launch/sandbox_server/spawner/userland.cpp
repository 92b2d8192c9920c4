#include "launch/sandbox_server/spawner/userland.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <set>

#include "genesis/base/files.h"
#include "genesis/base/text.h"

namespace genesis::sandbox_server {

namespace {

using envd::SkeletonEntry;
using Kind = SkeletonEntry::Kind;

constexpr std::array kLayered = {"/usr", "/etc", "/opt", "/nix", "/var/lib/dpkg", "/var/lib/apt"};
/// Links into /usr on most systems; folders of their own on older ones.
constexpr std::array kMaybeLinks = {"bin", "sbin", "lib", "lib32", "lib64", "libx32"};
constexpr std::size_t kMostClosed = 4096;
constexpr uid_t kFirstPerson = 1000;
constexpr uid_t kNobody = 65534;
/// Of the skeleton: what is under the sandbox's root and its /etc.
constexpr const char* kOwnRoot = "own-root";
constexpr const char* kOwnEtc = "own-etc";

fs::path in_root(const std::string& path) {
  return fs::path(kOwnRoot) / envd::kRootInLayers / path;
}

std::string flat_name(const std::string& path) {
  std::string name = path.substr(1);
  std::replace(name.begin(), name.end(), '/', '_');
  return name;
}

bool is_real_folder(const fs::path& path) {
  struct stat info {};
  return ::lstat(path.c_str(), &info) == 0 && S_ISDIR(info.st_mode);
}

/// With exactly this mode, whatever the umask.
Status make_folder(const fs::path& path, mode_t mode) {
  if (::mkdir(path.c_str(), mode) != 0 && errno != EEXIST) {
    return errno_error("make the folder", path.string(), errno);
  }
  if (::chmod(path.c_str(), mode) != 0) return errno_error("set the mode of", path.string(), errno);
  return {};
}

SkeletonEntry folder(std::string path, mode_t mode = 0755) {
  SkeletonEntry entry;
  entry.path = std::move(path);
  entry.mode = mode;
  return entry;
}

SkeletonEntry file(std::string path, std::string content, mode_t mode = 0644) {
  SkeletonEntry entry = folder(std::move(path), mode);
  entry.kind = Kind::file;
  entry.content = std::move(content);
  return entry;
}

SkeletonEntry link(std::string path, std::string target) {
  SkeletonEntry entry = folder(std::move(path));
  entry.kind = Kind::link;
  entry.content = std::move(target);
  return entry;
}

/// Which mount it is on; zero: that cannot be known.
std::uint64_t mount_of(const std::string& path) {
  struct statx info {};
  const unsigned wanted = STATX_MNT_ID;
  if (::statx(AT_FDCWD, path.c_str(), AT_SYMLINK_NOFOLLOW, wanted, &info) != 0) return 0;
  return (info.stx_mask & wanted) != 0 ? info.stx_mnt_id : 0;
}

/// The third field of a line of /etc/passwd or /etc/group.
uid_t number_of(const std::vector<std::string_view>& fields) {
  uid_t number = kNobody;
  if (fields.size() > 2) {
    std::from_chars(fields[2].data(), fields[2].data() + fields[2].size(), number);
  }
  return number;
}

}  // namespace

Result<Userland> Userland::look(Privilege privilege) {
  Userland userland;
  userland.privilege_ = privilege;
  userland.read_top();
  // Who is not root reads only what is anybody's, or their own.
  if (privilege == Privilege::root) userland.find_closed_files("");
  if (userland.closed_files_.size() + userland.closed_folders_.size() > kMostClosed) {
    return make_error(ErrorKind::unsupported,
                      "/etc has more than 4096 files that only some may read: hiding them from "
                      "each sandbox would take too long");
  }
  userland.write_accounts();
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator("/etc/skel", ignored)) {
    auto content = read_file(entry.path(), 1u << 20);
    if (content) userland.home_.emplace_back(entry.path().filename(), std::move(*content));
  }
  userland.describe_root();
  userland.describe_etc();
  return userland;
}

void Userland::read_top() {
  for (const std::string path : kLayered) {
    if (is_real_folder(path)) add_folder(path);
  }
  for (const std::string name : kMaybeLinks) {
    std::error_code failure;
    const fs::path target = fs::read_symlink("/" + name, failure);
    if (!failure) {
      links_.emplace_back(name, target.string());
    } else if (is_real_folder("/" + name)) {
      add_folder("/" + name);
    }
  }
  has_sudo_ = ::access("/usr/bin/sudo", X_OK) == 0;
}

void Userland::add_folder(const std::string& path) {
  // One layer for all of them is the cheapest, but it takes root's attributes to join folders from
  // elsewhere, and a layer does not see what is mounted in it.
  const std::uint64_t mount = mount_of(path);
  const bool joins = privilege_ == Privilege::root && mount != 0 && mount == mount_of("/");
  (joins ? merged_ : layered_).push_back(path);
}

std::string Userland::in_etc(const fs::path& name) const {
  const bool own_layer = std::find(layered_.begin(), layered_.end(), "/etc") != layered_.end();
  return (own_layer ? kOwnEtc : in_root("etc")) / name;
}

void Userland::find_closed_files(const fs::path& folder) {
  std::error_code failure;
  for (const auto& entry : fs::directory_iterator(fs::path("/etc") / folder, failure)) {
    struct stat info {};
    if (::lstat(entry.path().c_str(), &info) != 0 || S_ISLNK(info.st_mode)) continue;
    const fs::path relative = folder / entry.path().filename();
    if (S_ISDIR(info.st_mode)) {
      const bool open = (info.st_mode & (S_IROTH | S_IXOTH)) == (S_IROTH | S_IXOTH);
      if (open) {
        find_closed_files(relative);
      } else {
        closed_folders_.push_back(relative);
      }
    } else if ((info.st_mode & S_IROTH) == 0) {
      closed_files_.push_back(relative);
    }
  }
}

void Userland::write_accounts() {
  std::set<uid_t> taken;
  const std::string passwd = read_file("/etc/passwd").value_or("");
  const std::string group = read_file("/etc/group").value_or("");
  for (const std::string_view line : split_lines(passwd)) taken.insert(number_of(split(line, ':')));
  for (const std::string_view line : split_lines(group)) taken.insert(number_of(split(line, ':')));
  user_ = kFirstPerson;
  // As root the number is the host's too: it should be nobody's there.
  while (privilege_ == Privilege::root && taken.contains(user_)) ++user_;
  const std::string number = std::to_string(user_);
  const auto is_kept = [](std::string_view line) {
    const auto fields = split(line, ':');
    const uid_t id = number_of(fields);
    return !fields.empty() && fields[0] != "user" && (id < kFirstPerson || id == kNobody);
  };
  for (const std::string_view line : split_lines(passwd)) {
    if (!is_kept(line)) continue;
    passwd_.append(line).append("\n");
    shadow_.append(line.substr(0, line.find(':'))).append(":*:19000:0:99999:7:::\n");
  }
  passwd_ += "user:x:" + number + ":" + number + "::/home/user:/bin/bash\n";
  shadow_ += "user:*:19000:0:99999:7:::\n";
  for (const std::string_view line : split_lines(group)) {
    if (!is_kept(line)) continue;
    group_.append(line);
    if (line.starts_with("sudo:")) group_.append(line.ends_with(':') ? "user" : ",user");
    group_ += '\n';
  }
  group_ += "user:x:" + number + ":\n";
}

void Userland::describe_root() {
  for (const char* name : {"new", "whole", kOwnRoot}) skeleton_.push_back(folder(name));
  skeleton_.push_back(folder(in_root("")));
  if (privilege_ == Privilege::root) skeleton_.back().kind = Kind::closed_folder;
  for (const char* name : {"home", "proc", "sys", "dev", "run", "mnt", "media", "srv", "boot",
                           "var", "var/lib", "var/log", "var/cache", "var/spool", "var/mail"}) {
    skeleton_.push_back(folder(in_root(name)));
  }
  for (const char* name : {"tmp", "var/tmp", "run/lock"}) {
    skeleton_.push_back(folder(in_root(name), 01777));
  }
  skeleton_.push_back(folder(in_root("root"), 0700));
  skeleton_.push_back(link(in_root("var/run"), "/run"));
  skeleton_.push_back(link(in_root("var/lock"), "/run/lock"));
  for (const auto& [name, target] : links_) skeleton_.push_back(link(in_root(name), target));
  for (const std::string& path : layered_) {
    skeleton_.push_back(folder(in_root(path.substr(1))));
  }
  for (const std::string& path : merged_) {
    skeleton_.push_back(folder(in_root(path.substr(1))));
    skeleton_.back().kind = Kind::merged_folder;
    skeleton_.back().content = path;
  }
  const uid_t owner = privilege_ == Privilege::root ? user_ : 0;
  skeleton_.push_back(folder(in_root("home/user")));
  skeleton_.back().owner = owner;
  for (const auto& [name, content] : home_) {
    skeleton_.push_back(file(in_root("home/user/" + name), content));
    skeleton_.back().owner = owner;
  }
}

void Userland::hide() {
  std::set<fs::path> made;
  const auto make_parents = [&](const fs::path& relative) {
    fs::path path = in_etc("");
    for (const fs::path& part : relative.parent_path()) {
      path /= part;
      if (made.insert(path).second) skeleton_.push_back(folder(path));
    }
  };
  for (const fs::path& relative : closed_folders_) {
    make_parents(relative);
    skeleton_.push_back(folder(in_etc(relative)));
    skeleton_.back().kind = Kind::closed_folder;
  }
  constexpr std::array<std::string_view, 4> kOwn = {"shadow", "shadow-", "gshadow", "sudoers"};
  for (const fs::path& relative : closed_files_) {
    if (std::find(kOwn.begin(), kOwn.end(), relative.string()) != kOwn.end()) continue;
    make_parents(relative);
    SkeletonEntry hidden;
    hidden.kind = Kind::hidden;
    hidden.path = in_etc(relative);
    skeleton_.push_back(std::move(hidden));
  }
}

void Userland::describe_etc() {
  skeleton_.push_back(folder(kOwnEtc));
  skeleton_.push_back(file(in_etc("passwd"), passwd_));
  skeleton_.push_back(file(in_etc("group"), group_));
  if (privilege_ != Privilege::root) return;
  for (const char* name : {"shadow", "shadow-"}) {
    skeleton_.push_back(file(in_etc(name), shadow_, 0600));
  }
  skeleton_.push_back(file(in_etc("gshadow"), "", 0600));
  if (has_sudo_) {
    skeleton_.push_back(file(in_etc("sudoers"),
                             "Defaults env_reset,!use_pty\n"
                             "Defaults secure_path=\"/usr/local/sbin:/usr/local/bin:/usr/sbin:"
                             "/usr/bin:/sbin:/bin\"\n"
                             "root ALL=(ALL:ALL) ALL\n"
                             "user ALL=(ALL:ALL) NOPASSWD: ALL\n",
                             0440));
  }
  hide();
}

Status Userland::fill(const fs::path& folder) const {
  for (const char* name : {"root", "upper", "work"}) {
    GENESIS_TRY(make_folder(folder / name, 0755));
  }
  for (const char* name : {"upper", "work"}) {
    GENESIS_TRY(make_folder(folder / name / kOwnRoot, 0755));
    for (const std::string& path : layered_) {
      GENESIS_TRY(make_folder(folder / name / flat_name(path), 0755));
    }
  }
  return {};
}

envd::SandboxPlan Userland::plan(const fs::path& folder, const std::string& host_name) const {
  envd::SandboxPlan plan;
  plan.root = (folder / "root").string();
  plan.host_name = host_name;
  plan.user_namespace = privilege_ != Privilege::root;
  plan.skeleton = skeleton_;
  plan.skeleton.push_back(file(in_etc("hostname"), host_name + "\n"));
  // Read each time: they change with the host's network, and may be mounts or links into /run.
  const std::string hosts = read_file("/etc/hosts", 1u << 20).value_or("127.0.0.1 localhost\n");
  plan.skeleton.push_back(file(in_etc("hosts"), hosts + "\n127.0.1.1 " + host_name + "\n"));
  plan.skeleton.push_back(
      file(in_etc("resolv.conf"), read_file("/etc/resolv.conf", 1u << 20).value_or("")));
  const auto add_layer = [&](const std::string& path, std::string lower, const std::string& name) {
    envd::LayeredFolder layer;
    layer.path = path;
    layer.lower = std::move(lower);
    layer.upper = (folder / "upper" / name).string();
    layer.work = (folder / "work" / name).string();
    plan.layers.push_back(std::move(layer));
  };
  const std::string own = plan.root + "/" + kOwnRoot;
  add_layer("/", merged_.empty() ? own : own + ":/", kOwnRoot);
  for (const std::string& path : layered_) {
    const bool etc = path == "/etc";
    add_layer(path, etc ? plan.root + "/" + kOwnEtc + ":" + path : path, flat_name(path));
  }
  return plan;
}

}  // namespace genesis::sandbox_server
