#include "launch/sandbox_server/envd/enter_sandbox.h"

#include <fcntl.h>
#include <linux/capability.h>
#include <linux/mount.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <string>
#include <string_view>
#include <utility>

#include "genesis/base/fd.h"

namespace genesis::envd {

namespace {

constexpr std::size_t kFirstUnusedCapability = 64;

/// What root in a sandbox keeps: what installing and running programs takes. Not among them: new
/// mounts, devices, modules, tracing others, raw sockets, low ports (the network is the host's),
/// files by their handle (which would reach the host's).
constexpr std::array kKept = {CAP_CHOWN,   CAP_DAC_OVERRIDE, CAP_FOWNER,     CAP_FSETID,
                              CAP_KILL,    CAP_SETGID,       CAP_SETUID,     CAP_SETPCAP,
                              CAP_SETFCAP, CAP_SYS_CHROOT,   CAP_AUDIT_WRITE};

Status mount_at(const std::string& what, const std::string& where, const char* type,
                unsigned long flags, const std::string& options = {}) {
  if (::mount(what.c_str(), where.c_str(), type, flags,
              options.empty() ? nullptr : options.c_str()) == 0) {
    return {};
  }
  return errno_error(std::string("mount ") + (type == nullptr ? what : type) + " in the sandbox at",
                     where, errno);
}

Status bind_at(const std::string& what, const std::string& where, bool with_all_below = false) {
  return mount_at(what, where, nullptr,
                  static_cast<unsigned long>(MS_BIND) |
                      (with_all_below ? static_cast<unsigned long>(MS_REC) : 0ul));
}

Status make_read_only(const std::string& where, bool with_all_below) {
  mount_attr attributes{};
  attributes.attr_set = MOUNT_ATTR_RDONLY;
  const long done = ::syscall(SYS_mount_setattr, AT_FDCWD, where.c_str(),
                              with_all_below ? static_cast<unsigned>(AT_RECURSIVE) : 0u,
                              &attributes, sizeof attributes);
  if (done == 0) return {};
  return errno_error("make read-only in the sandbox", where, errno);
}

/// Where the sandbox's root is put together: beside the skeleton.
std::string new_root(const SandboxPlan& plan) {
  return plan.root + "/new";
}

Status mount_layer(const LayeredFolder& layer, const std::string& where, bool user_namespace) {
  // What is in a sandbox does not outlive the machine: nothing of it is forced to the disk. Else
  // the end of each layer would write out whatever the whole file system has in memory.
  std::string options = "lowerdir=" + layer.lower + ",upperdir=" + layer.upper +
                        ",workdir=" + layer.work + ",volatile";
  // Only root's layers can show folders from elsewhere.
  options += user_namespace ? ",userxattr" : ",redirect_dir=follow";
  return mount_at("overlay", where, "overlay", 0, options);
}

Status mount_layers(const SandboxPlan& plan) {
  // In memory, since it is a few kilobytes of the same for every sandbox: what a sandbox writes
  // goes to the upper layers, which are on the disk.
  GENESIS_TRY(mount_at("skeleton", plan.root, "tmpfs", MS_NOSUID | MS_NODEV, "mode=755"));
  GENESIS_TRY(make_skeleton(plan.root, plan.skeleton));
  for (const LayeredFolder& layer : plan.layers) {
    if (layer.path != "/") {
      GENESIS_TRY(mount_layer(layer, new_root(plan) + layer.path, plan.user_namespace));
      continue;
    }
    const std::string whole = plan.root + "/whole";
    GENESIS_TRY(mount_layer(layer, whole, plan.user_namespace));
    GENESIS_TRY(bind_at(whole + "/" + kRootInLayers, new_root(plan)));
  }
  return {};
}

Status make_file(const std::string& path) {
  const Fd file(::open(path.c_str(), O_CREAT | O_WRONLY | O_CLOEXEC, 0666));
  return file ? Status() : errno_error("make in the sandbox", path, errno);
}

Status make_devices(const std::string& root) {
  const std::string dev = root + "/dev";
  GENESIS_TRY(mount_at("tmpfs", dev, "tmpfs", MS_NOSUID, "mode=755,size=1m"));
  for (const char* name : {"null", "zero", "full", "random", "urandom", "tty"}) {
    const std::string inside = dev + "/" + name;
    GENESIS_TRY(make_file(inside));
    GENESIS_TRY(bind_at(std::string("/dev/") + name, inside));
  }
  constexpr std::array<std::pair<const char*, const char*>, 5> kLinks = {{
      {"/proc/self/fd", "fd"},
      {"/proc/self/fd/0", "stdin"},
      {"/proc/self/fd/1", "stdout"},
      {"/proc/self/fd/2", "stderr"},
      {"pts/ptmx", "ptmx"},
  }};
  for (const auto& [target, name] : kLinks) {
    const std::string link = dev + "/" + name;
    if (::symlink(target, link.c_str()) != 0) return errno_error("make the link", link, errno);
  }
  for (const char* name : {"/pts", "/shm"}) ::mkdir((dev + name).c_str(), 0755);
  GENESIS_TRY(mount_at("devpts", dev + "/pts", "devpts", MS_NOSUID | MS_NOEXEC,
                       "newinstance,ptmxmode=0666,mode=0620"));
  return mount_at("tmpfs", dev + "/shm", "tmpfs", MS_NOSUID | MS_NODEV, "mode=1777");
}

Status mount_kernel_views(const SandboxPlan& plan) {
  constexpr unsigned long kHarmless = MS_NOSUID | MS_NODEV | MS_NOEXEC;
  GENESIS_TRY(mount_at("proc", new_root(plan) + "/proc", "proc", kHarmless));
  const std::string sys = new_root(plan) + "/sys";
  if (!plan.user_namespace) return mount_at("sysfs", sys, "sysfs", kHarmless | MS_RDONLY);
  // A view of its own would need a network of its own.
  GENESIS_TRY(bind_at("/sys", sys, true));
  return make_read_only(sys, true);
}

/// What root could turn the host's knobs with, and read its memory by.
Status close_proc() {
  for (const std::string path :
       {"/proc/sys", "/proc/sysrq-trigger", "/proc/irq", "/proc/bus", "/proc/fs"}) {
    struct stat info {};
    if (::stat(path.c_str(), &info) != 0) continue;
    GENESIS_TRY(bind_at(path, path));
    GENESIS_TRY(make_read_only(path, false));
  }
  for (const std::string path : {"/proc/kcore", "/proc/keys", "/proc/timer_list",
                                 "/proc/sched_debug", "/proc/acpi", "/proc/scsi"}) {
    struct stat info {};
    if (::stat(path.c_str(), &info) != 0) continue;
    if (S_ISDIR(info.st_mode)) {
      GENESIS_TRY(mount_at("tmpfs", path, "tmpfs", MS_RDONLY, "size=4k"));
    } else {
      GENESIS_TRY(bind_at("/dev/null", path));
    }
  }
  return {};
}

Status change_root(const std::string& root) {
  // The one folder on top of the other, and the lower one taken away: no name for the old root.
  if (::chdir(root.c_str()) != 0 || ::syscall(SYS_pivot_root, ".", ".") != 0 ||
      ::umount2(".", MNT_DETACH) != 0 || ::chdir("/") != 0) {
    return errno_error("make the sandbox's file system the root", root, errno);
  }
  return {};
}

bool is_kept(std::size_t capability) {
  for (const auto kept : kKept) {
    if (static_cast<std::size_t>(kept) == capability) return true;
  }
  return false;
}

Status drop_capabilities(bool all) {
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  __user_cap_data_struct data[2] = {};
  ::prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
  for (std::size_t one = 0; one < kFirstUnusedCapability; ++one) {
    if (!all && is_kept(one)) {
      data[one / 32].permitted |= 1u << (one % 32);
      continue;
    }
    // The kernel knows fewer than 64 and says so.
    if (::prctl(PR_CAPBSET_DROP, one, 0, 0, 0) != 0 && errno != EINVAL) {
      return errno_error("give up the capability", std::to_string(one), errno);
    }
  }
  for (__user_cap_data_struct& part : data) part.effective = part.permitted;
  if (::syscall(SYS_capset, &header, data) != 0) {
    return errno_error("give up", "capabilities", errno);
  }
  return {};
}

Status enter(const SandboxPlan& plan) {
  char word = 0;
  if (::read(plan.report_fd, &word, 1) != 1) {
    return make_error(ErrorKind::cancelled, "the server that wanted a sandbox has gone");
  }
  if (::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) {
    return errno_error("make private", "/", errno);
  }
  GENESIS_TRY(mount_layers(plan));
  GENESIS_TRY(mount_kernel_views(plan));
  GENESIS_TRY(make_devices(new_root(plan)));
  GENESIS_TRY(change_root(new_root(plan)));
  if (!plan.user_namespace) GENESIS_TRY(close_proc());
  ::sethostname(plan.host_name.c_str(), plan.host_name.size());
  // As another user nobody but the one identity is there: root's powers would only be a way around.
  GENESIS_TRY(drop_capabilities(plan.user_namespace));
  ::umask(022);
  return {};
}

}  // namespace

Status enter_sandbox(const SandboxPlan& plan) {
  Status entered = enter(plan);
  const std::string report = entered ? "ok" : entered.error().message;
  if (::write(plan.report_fd, report.data(), report.size()) < 0 && entered) {
    entered =
        errno_error("report to the server by descriptor", std::to_string(plan.report_fd), errno);
  }
  ::close(plan.report_fd);
  return entered;
}

}  // namespace genesis::envd
