#include "launch/sandbox_server/spawner/userland.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <set>

#include "genesis/base/fd.h"
#include "genesis/base/files.h"
#include "genesis/base/text.h"

namespace genesis::sandbox_server {

namespace {

constexpr std::array kLayered = {"/usr", "/etc", "/opt", "/nix", "/var/lib/dpkg", "/var/lib/apt"};
/// Links into /usr on most systems; folders of their own on older ones.
constexpr std::array kMaybeLinks = {"bin", "sbin", "lib", "lib32", "lib64", "libx32"};
constexpr std::size_t kMostClosed = 4096;
constexpr uid_t kFirstPerson = 1000;
constexpr uid_t kNobody = 65534;

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

Status make_file(const fs::path& path, std::string_view content, mode_t mode) {
  const Fd file(::open(path.c_str(), O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC | O_NOFOLLOW, mode));
  if (!file) return errno_error("make the file", path.string(), errno);
  if (::fchmod(file.get(), mode) != 0) return errno_error("set the mode of", path.string(), errno);
  while (!content.empty()) {
    const ssize_t wrote = ::write(file.get(), content.data(), content.size());
    if (wrote < 0) return errno_error("write", path.string(), errno);
    content.remove_prefix(static_cast<std::size_t>(wrote));
  }
  return {};
}

Status make_link(const std::string& target, const fs::path& path) {
  if (::symlink(target.c_str(), path.c_str()) == 0 || errno == EEXIST) return {};
  return errno_error("make the link", path.string(), errno);
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
    if (content) userland.skeleton_.emplace_back(entry.path().filename(), std::move(*content));
  }
  return userland;
}

void Userland::read_top() {
  for (const std::string path : kLayered) {
    if (is_real_folder(path)) layered_.push_back(path);
  }
  for (const std::string name : kMaybeLinks) {
    std::error_code failure;
    const fs::path target = fs::read_symlink("/" + name, failure);
    if (!failure) {
      links_.emplace_back(name, target.string());
    } else if (is_real_folder("/" + name)) {
      layered_.push_back("/" + name);
    }
  }
  has_sudo_ = ::access("/usr/bin/sudo", X_OK) == 0;
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

Status Userland::make_opaque(const fs::path& folder) const {
  const char* name =
      privilege_ == Privilege::root ? "trusted.overlay.opaque" : "user.overlay.opaque";
  if (::setxattr(folder.c_str(), name, "y", 1, 0) == 0) return {};
  return errno_error("mark as hiding what is below", folder.string(), errno);
}

Status Userland::fill_root(const fs::path& root) const {
  GENESIS_TRY(make_folder(root, 0755));
  for (const char* name : {"home", "proc", "sys", "dev", "run", "mnt", "media", "srv", "boot",
                           "var", "var/lib", "var/log", "var/cache", "var/spool", "var/mail"}) {
    GENESIS_TRY(make_folder(root / name, 0755));
  }
  for (const char* name : {"tmp", "var/tmp", "run/lock"}) {
    GENESIS_TRY(make_folder(root / name, 01777));
  }
  GENESIS_TRY(make_folder(root / "root", 0700));
  GENESIS_TRY(make_link("/run", root / "var/run"));
  GENESIS_TRY(make_link("/run/lock", root / "var/lock"));
  for (const auto& [name, target] : links_) GENESIS_TRY(make_link(target, root / name));
  for (const std::string& path : layered_) {
    GENESIS_TRY(make_folder(root / path.substr(1), 0755));
  }
  const fs::path home = root / "home/user";
  GENESIS_TRY(make_folder(home, 0755));
  for (const auto& [name, content] : skeleton_) {
    GENESIS_TRY(make_file(home / name, content, 0644));
  }
  if (privilege_ != Privilege::root) return {};
  for (const fs::path& path : {home}) {
    if (::lchown(path.c_str(), user_, user_) != 0) {
      return errno_error("give to the sandbox's user", path.string(), errno);
    }
  }
  for (const auto& [name, content] : skeleton_) {
    static_cast<void>(content);
    if (::lchown((home / name).c_str(), user_, user_) != 0) {
      return errno_error("give to the sandbox's user", (home / name).string(), errno);
    }
  }
  return {};
}

Status Userland::hide(const fs::path& etc) const {
  const auto make_parents = [&etc](const fs::path& relative) -> Status {
    fs::path folder;
    for (const fs::path& part : relative.parent_path()) {
      folder /= part;
      GENESIS_TRY(make_folder(etc / folder, 0755));
    }
    return {};
  };
  for (const fs::path& relative : closed_folders_) {
    GENESIS_TRY(make_parents(relative));
    GENESIS_TRY(make_folder(etc / relative, 0755));
    GENESIS_TRY(make_opaque(etc / relative));
  }
  constexpr std::array<std::string_view, 4> kOwn = {"shadow", "shadow-", "gshadow", "sudoers"};
  for (const fs::path& relative : closed_files_) {
    if (std::find(kOwn.begin(), kOwn.end(), relative.string()) != kOwn.end()) continue;
    GENESIS_TRY(make_parents(relative));
    // overlayfs's sign for "not there".
    if (::mknod((etc / relative).c_str(), S_IFCHR | 0600, makedev(0, 0)) != 0) {
      return errno_error("hide from the sandbox", "/etc/" + relative.string(), errno);
    }
  }
  return {};
}

Status Userland::fill_etc(const fs::path& etc, const std::string& host_name) const {
  GENESIS_TRY(make_file(etc / "passwd", passwd_, 0644));
  GENESIS_TRY(make_file(etc / "group", group_, 0644));
  GENESIS_TRY(make_file(etc / "hostname", host_name + "\n", 0644));
  // Read each time: they change with the host's network, and may be mounts or links into /run.
  const std::string hosts = read_file("/etc/hosts", 1u << 20).value_or("127.0.0.1 localhost\n");
  GENESIS_TRY(make_file(etc / "hosts", hosts + "\n127.0.1.1 " + host_name + "\n", 0644));
  const std::string resolver = read_file("/etc/resolv.conf", 1u << 20).value_or("");
  GENESIS_TRY(make_file(etc / "resolv.conf", resolver, 0644));
  if (privilege_ != Privilege::root) return {};
  for (const char* name : {"shadow", "shadow-"}) GENESIS_TRY(make_file(etc / name, shadow_, 0600));
  GENESIS_TRY(make_file(etc / "gshadow", "", 0600));
  if (has_sudo_) {
    GENESIS_TRY(make_file(etc / "sudoers",
                          "Defaults env_reset,!use_pty\n"
                          "Defaults secure_path=\"/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/"
                          "bin:/sbin:/bin\"\n"
                          "root ALL=(ALL:ALL) ALL\n"
                          "user ALL=(ALL:ALL) NOPASSWD: ALL\n",
                          0440));
  }
  return hide(etc);
}

Status Userland::fill(const fs::path& folder, const std::string& host_name) const {
  for (const char* name : {"upper", "work"}) GENESIS_TRY(make_folder(folder / name, 0755));
  for (const std::string& path : layered_) {
    GENESIS_TRY(make_folder(folder / "upper" / flat_name(path), 0755));
    GENESIS_TRY(make_folder(folder / "work" / flat_name(path), 0755));
  }
  GENESIS_TRY(fill_root(folder / "root"));
  return fill_etc(folder / "upper" / "etc", host_name);
}

envd::SandboxPlan Userland::plan(const fs::path& folder, const std::string& host_name) const {
  envd::SandboxPlan plan;
  plan.root = (folder / "root").string();
  plan.host_name = host_name;
  plan.user_namespace = privilege_ != Privilege::root;
  for (const std::string& path : layered_) {
    envd::LayeredFolder layer;
    layer.path = path;
    layer.upper = (folder / "upper" / flat_name(path)).string();
    layer.work = (folder / "work" / flat_name(path)).string();
    plan.layers.push_back(std::move(layer));
  }
  return plan;
}

}  // namespace genesis::sandbox_server
