#include "launch/sandbox_server/sandboxd_doctor.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/resource.h>
#include <unistd.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <chrono>
#include <cstdlib>
#include <memory>
#include <optional>
#include <string_view>

#include "genesis/base/fd.h"
#include "genesis/base/files.h"
#include "genesis/base/hash.h"
#include "genesis/base/text.h"
#include "genesis/process/spawn.h"
#include "launch/sandbox_server/spawner_choice.h"

namespace genesis::sandbox_server {
namespace {

namespace asio = boost::asio;
using launch::DoctorLine;

/// Files of the kernel say their size is nothing: read as a stream.
std::string kernel_text(const char* path) {
  const Fd file(::open(path, O_RDONLY | O_CLOEXEC));
  std::string text(8192, '\0');
  const ssize_t count = file ? ::read(file.get(), text.data(), text.size()) : 0;
  text.resize(count > 0 ? static_cast<std::size_t>(count) : 0);
  return text;
}

asio::awaitable<Status> try_one(SandboxSpawner& spawner, fs::path folder) {
  SandboxSpec spec;
  spec.id = "doctor" + random_hex(8);
  spec.folder = folder / spec.id;
  spec.template_name = "base";
  auto live = co_await spawner.start(spec);
  if (!live) co_return tl::unexpected<Error>(live.error());
  const SandboxEnd end = co_await spawner.end(*live);
  if (end.left_behind.empty()) co_return Status();
  co_return make_error(ErrorKind::io, end.left_behind);
}

DoctorLine trial(asio::io_context& io, SandboxSpawner& spawner) {
  const TempDir folder("genesis-doctor");
  const auto begun = std::chrono::steady_clock::now();
  std::optional<Status> outcome;
  asio::co_spawn(io, try_one(spawner, folder.path()),
                 [&](std::exception_ptr, Status status) { outcome = std::move(status); });
  io.run();
  const std::chrono::duration<double, std::milli> took = std::chrono::steady_clock::now() - begun;
  if (outcome && *outcome) {
    return {true, false, "a sandbox", fmt::format("started and ended in {:.0f} ms", took.count()),
            ""};
  }
  return {false, false, "a sandbox", "cannot be started in " + folder.path().string(),
          outcome ? outcome->error().message : "it did not end"};
}

/// What the spawner says is not confined or not possible: "subject: what".
void add_warnings(const SandboxSpawner& spawner, std::vector<DoctorLine>& lines) {
  for (const std::string& warning : spawner.warnings()) {
    const auto colon = warning.find(": ");
    if (colon == std::string::npos) continue;
    const std::string what = warning.substr(0, colon);
    // Missing where other machines have it; the rest is so everywhere in this version.
    const bool lacking = what == "memory" || what == "processes" || what == "pause";
    lines.push_back({!lacking, false, what, warning.substr(colon + 2),
                     lacking ? "control groups (v2) that this user may make: as root, or in a unit "
                               "of systemd with Delegate=yes"
                             : ""});
  }
}

DoctorLine user_namespaces() {
  const std::string most(trim(kernel_text("/proc/sys/user/max_user_namespaces")));
  const std::string debian(trim(kernel_text("/proc/sys/kernel/unprivileged_userns_clone")));
  const std::string ubuntu(
      trim(kernel_text("/proc/sys/kernel/apparmor_restrict_unprivileged_userns")));
  DoctorLine line{true, false, "user namespaces", "for sandboxes by an ordinary user", ""};
  if (most == "0") line.remedy = "sysctl user.max_user_namespaces=10000";
  if (debian == "0") line.remedy = "sysctl kernel.unprivileged_userns_clone=1";
  if (ubuntu == "1") {
    line.remedy =
        "an AppArmor profile that allows userns, or sysctl "
        "kernel.apparmor_restrict_unprivileged_userns=0";
  }
  line.ok = line.remedy.empty() || ::geteuid() == 0;
  if (!line.ok) line.found = "not for ordinary users";
  return line;
}

DoctorLine overlay() {
  const bool there = kernel_text("/proc/filesystems").find("overlay") != std::string::npos;
  return {there, false, "overlayfs", there ? "there" : "not there",
          there ? "" : "modprobe overlay (as root), or a kernel that has it"};
}

DoctorLine descriptors() {
  constexpr rlim_t kEnough = 65'536;
  rlimit limit{};
  ::getrlimit(RLIMIT_NOFILE, &limit);
  const bool enough = limit.rlim_max >= kEnough;
  return {enough, false, "connections", fmt::format("{} descriptors", limit.rlim_max),
          enough ? "" : fmt::format("ulimit -n {} (LimitNOFILE= in a unit)", kEnough)};
}

/// What a later version can use; here that it is known.
void add_future(std::vector<DoctorLine>& lines) {
  const bool filters =
      kernel_text("/proc/self/status").find("Seccomp_filters:") != std::string::npos;
  lines.push_back({true, false, "system call filters",
                   filters ? "possible, not used yet" : "not possible", ""});
  const bool landlock =
      kernel_text("/sys/kernel/security/lsm").find("landlock") != std::string::npos;
  lines.push_back({true, false, "landlock", landlock ? "possible, not used yet" : "not there", ""});
  const bool kvm = ::access("/dev/kvm", R_OK | W_OK) == 0;
  lines.push_back(
      {true, false, "kvm", kvm ? "possible, not used yet" : "not there, not needed", ""});
  const char* const path = std::getenv("PATH");
  for (const char* const tool : {"nft", "ip", "pasta", "slirp4netns", "criu"}) {
    const auto found =
        process::find_executable(tool, path ? path : "/usr/bin:/bin:/usr/sbin:/sbin");
    lines.push_back(
        {true, false, tool, found ? *found + ", not used yet" : "not there, not needed", ""});
  }
}

}  // namespace

std::vector<DoctorLine> check_sandboxes() {
  std::vector<DoctorLine> lines;
  asio::io_context io{1};
  const ServerConfig config;
  auto spawner = make_spawner(io, config);
  if (spawner) {
    lines.push_back(trial(io, **spawner));
    add_warnings(**spawner, lines);
  } else {
    lines.push_back({false, false, "sandboxes", "not possible", spawner.error().message});
  }
  lines.push_back(overlay());
  lines.push_back(user_namespaces());
  lines.push_back(descriptors());
  add_future(lines);
  return lines;
}

}  // namespace genesis::sandbox_server
