// What every spawner of sandboxes promises, run over the real one: by root, and (with
// GENESIS_TEST_AS_USER=1) by an ordinary user through a user namespace.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_future.hpp>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <set>

#include "genesis/base/base64.h"
#include "genesis/base/files.h"
#include "genesis/base/hash.h"
#include "genesis/base/text.h"
#include "genesis/process/proc_fs.h"
#include "launch/sandbox_server/envd/connect_frames.h"
#include "launch/sandbox_server/spawner/namespace_spawner.h"
#include "launch/sandbox_wire/json_text.h"

namespace genesis::sandbox_server {
namespace {

namespace asio = boost::asio;
using std::chrono::steady_clock;
using testing::HasSubstr;
using testing::Not;

constexpr uid_t kOrdinary = 54321;

bool as_user() {
  const char* wish = std::getenv("GENESIS_TEST_AS_USER");
  return wish != nullptr && std::string_view(wish) == "1";
}

/// One request over the agent's socket; its whole answer, taken when the agent ends it.
std::string request(const fs::path& socket, const std::string& text) {
  const Fd connection(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  socket.string().copy(address.sun_path, sizeof address.sun_path - 1);
  if (::connect(connection.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) {
    return "no connection";
  }
  const timeval patience{20, 0};
  ::setsockopt(connection.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  if (::send(connection.get(), text.data(), text.size(), MSG_NOSIGNAL) < 0) return "not sent";
  std::string answer;
  char piece[16384];
  for (ssize_t got = 1; got > 0;) {
    got = ::recv(connection.get(), piece, sizeof piece, 0);
    if (got > 0) answer.append(piece, static_cast<std::size_t>(got));
  }
  return answer;
}

struct Ran {
  std::string output;
  std::string raw;
};

/// A shell command through process.Process/Start, and what it wrote.
Ran run(const LiveSandbox& sandbox, const std::string& command, const std::string& user = "",
        const std::string& token = "tok") {
  nlohmann::json message;
  message["process"] = {{"cmd", "/bin/bash"}, {"args", {"-c", command}}};
  message["stdin"] = false;
  const std::string body = envd::to_frame(message.dump());
  std::string head =
      "POST /process.Process/Start HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
      "Content-Type: application/connect+json\r\nX-Access-Token: " +
      token + "\r\nContent-Length: " + std::to_string(body.size()) + "\r\n";
  if (!user.empty()) head += "Authorization: Basic " + to_base64(user + ":") + "\r\n";
  Ran ran;
  ran.raw = request(sandbox.socket, head + "\r\n" + body);
  for (const char* key : {"\"stdout\":\"", "\"stderr\":\""}) {
    for (std::size_t at = ran.raw.find(key); at != std::string::npos; at = ran.raw.find(key, at)) {
      at += std::strlen(key);
      const std::string text = ran.raw.substr(at, ran.raw.find('"', at) - at);
      ran.output += from_base64(text).value_or("?");
    }
  }
  return ran;
}

class SandboxSpawnerContract : public testing::Test {
 protected:
  /// For good, so the agent is copied first: it may lie where only root reads.
  void become_ordinary() {
    static const TempDir programs{"genesis-agent"};
    const fs::path copy = programs.path() / "genesis-envd";
    agent_ = copy;
    if (::geteuid() != 0) return;
    fs::copy_file(fs::path(GENESIS_BINARY_DIR) / "bin" / "genesis-envd", copy);
    for (const fs::path& path : {programs.path(), copy, state_.path()}) {
      ASSERT_EQ(::chmod(path.c_str(), 0755), 0);
      ASSERT_EQ(::chown(path.c_str(), kOrdinary, kOrdinary), 0);
    }
    ASSERT_EQ(::setresgid(kOrdinary, kOrdinary, kOrdinary), 0);
    ASSERT_EQ(::setresuid(kOrdinary, kOrdinary, kOrdinary), 0);
    ::prctl(PR_SET_DUMPABLE, 1);
  }

  void SetUp() override {
    if (as_user()) become_ordinary();
    auto opened = NamespaceSpawner::open(io_, agent_);
    ASSERT_TRUE(opened) << opened.error().message;
    spawner_ = std::move(*opened);
  }

  template <typename T>
  T wait_for(asio::awaitable<T> task) {
    auto future = asio::co_spawn(io_, std::move(task), asio::use_future);
    io_.restart();
    io_.run();
    return future.get();
  }

  SandboxSpec spec(const std::string& id) const {
    SandboxSpec made;
    made.id = id + random_hex(6);
    made.folder = state_.path() / made.id;
    made.access_token = "tok";
    made.environment["GREETING"] = "from outside";
    return made;
  }

  Result<LiveSandbox> start(const SandboxSpec& wanted) { return wait_for(spawner_->start(wanted)); }

  /// Nothing of the sandbox is left on the machine.
  void expect_gone(const SandboxSpec& wanted) {
    EXPECT_FALSE(fs::exists(wanted.folder));
    EXPECT_THAT(read_file("/proc/self/mountinfo", 8u << 20).value_or(""),
                Not(HasSubstr(wanted.id)));
    for (const std::string& folder :
         std::vector<std::string>{groups_.unified, groups_.memory_v1, groups_.pids_v1}) {
      if (folder.empty()) continue;
      EXPECT_FALSE(fs::exists(folder + "/genesis-sandbox-" + wanted.id)) << folder;
    }
    for (const pid_t pid : process::all_processes()) {
      const std::string mounts =
          read_file("/proc/" + std::to_string(pid) + "/mountinfo", 8u << 20).value_or("");
      EXPECT_THAT(mounts, Not(HasSubstr(wanted.id))) << "process " << pid;
    }
  }

  asio::io_context io_;
  TempDir state_{"genesis-sandboxes"};
  fs::path agent_ = fs::path(GENESIS_BINARY_DIR) / "bin" / "genesis-envd";
  process::CgroupSupport groups_ = process::find_cgroups();
  std::unique_ptr<NamespaceSpawner> spawner_;
};

TEST_F(SandboxSpawnerContract, RunsCommandsInAWorldOfItsOwnAndLeavesNothing) {
  const SandboxSpec wanted = spec("one");
  auto live = start(wanted);
  ASSERT_TRUE(live) << live.error().message;
  EXPECT_EQ(run(*live, "whoami; pwd; echo $HOME $GREETING $E2B_SANDBOX_ID; hostname").output,
            "user\n/home/user\n/home/user from outside " + wanted.id + "\n" + wanted.id + "\n");
  // The pid is the one inside, the agent is the first process, and nobody else's are seen.
  EXPECT_EQ(run(*live, "cat /proc/1/comm").output, "genesis-envd\n");
  EXPECT_EQ(run(*live, "ls -d /proc/[0-9]* | wc -l").output.size(), 2u);
  EXPECT_EQ(run(*live, "echo mine > /tmp/x && cat /tmp/x; touch ~/y && ls ~").output, "mine\ny\n");
  EXPECT_FALSE(fs::exists("/tmp/x"));
  EXPECT_EQ(run(*live,
                "echo gone > /dev/null; test -c /dev/zero && stty -F /dev/ptmx size >/dev/null "
                "&& echo devices")
                .output,
            "devices\n");
  // Processes that outlive their command end with the sandbox.
  run(*live, "setsid sleep 1000 >/dev/null 2>&1 & disown");
  const SandboxEnd end = wait_for(spawner_->end(*live));
  EXPECT_EQ(end.left_behind, "");
  EXPECT_EQ(end.signal, std::optional<int>(SIGKILL));
  expect_gone(wanted);
}

TEST_F(SandboxSpawnerContract, OfTheHostsRootOnlyWhatIsNamedIsThere) {
  const SandboxSpec wanted = spec("root");
  auto live = start(wanted);
  ASSERT_TRUE(live) << live.error().message;
  const std::set<std::string> known = {
      "bin", "boot", "dev",  "etc", "home", "lib", "lib32", "lib64", "media", "mnt", "nix",
      "opt", "proc", "root", "run", "sbin", "srv", "sys",   "tmp",   "usr",   "var", "libx32"};
  const std::string shown = run(*live, "ls -A /", "root").output;
  for (const std::string_view name : split_lines(shown)) {
    EXPECT_TRUE(known.contains(std::string(name))) << name;
  }
  EXPECT_THAT(shown, HasSubstr("home\n"));
  const std::string of_packages = run(*live, "ls -A /var/lib", "root").output;
  for (const std::string_view name : split_lines(of_packages)) {
    EXPECT_TRUE(name == "apt" || name == "dpkg") << name;
  }
  // A folder of the same name does not bring forth the host's.
  for (const auto& entry : fs::directory_iterator("/")) {
    const std::string name = entry.path().filename();
    if (!entry.is_directory() || known.contains(name)) continue;
    EXPECT_EQ(run(*live, "mkdir -p '/" + name + "' && ls -A '/" + name + "'", "root").output, "");
  }
  // Nor do overlayfs's own attributes, for whoever may set any.
  const std::string redirect =
      "mkdir -p /mnt/all && python3 -c 'import os; os.setxattr(\"/mnt/all\", "
      "\"trusted.overlay.redirect\", b\"/\")' 2>/dev/null; ls -A /mnt/all";
  EXPECT_EQ(run(*live, redirect, "root").output, "");
  EXPECT_EQ(wait_for(spawner_->end(*live)).left_behind, "");
  expect_gone(wanted);
}

TEST_F(SandboxSpawnerContract, TheHostsFilesAreNotThere) {
  const fs::path secret = state_.path() / "secret";
  ASSERT_TRUE(write_file(secret, "top secret"));
  const SandboxSpec wanted = spec("masked");
  auto live = start(wanted);
  ASSERT_TRUE(live) << live.error().message;
  EXPECT_THAT(run(*live, "cat " + secret.string() + " || echo none", "root").output,
              HasSubstr("none"));
  EXPECT_EQ(run(*live, "ls -A /root /home /var/log /run | grep -v lock", "root").output,
            "/home:\nuser\n\n/root:\n\n/run:\n\n/var/log:\n");
  const std::string root = std::to_string(::geteuid()) == "0" ? "root" : "user";
  // No way to devices, mounts or the kernel's knobs, even for root.
  EXPECT_THAT(run(*live, "mknod /tmp/disk b 254 0 && echo made", "root").output,
              Not(HasSubstr("made")));
  EXPECT_THAT(run(*live, "mount -t tmpfs none /mnt && echo made", "root").output,
              Not(HasSubstr("made")));
  EXPECT_THAT(run(*live, "echo x > /proc/sys/kernel/core_pattern && echo made", "root").output,
              Not(HasSubstr("made")));
  EXPECT_THAT(run(*live, "touch /sys/x && echo made", "root").output, Not(HasSubstr("made")));
  if (root == "root") {
    EXPECT_EQ(run(*live, "grep -c -v ':[*]:' /etc/shadow; id -un", "root").output, "0\nroot\n");
    EXPECT_EQ(run(*live, "touch /usr/bin/new-program && ls /usr/bin/new-program", "root").output,
              "/usr/bin/new-program\n");
    EXPECT_FALSE(fs::exists("/usr/bin/new-program"));
  }
  EXPECT_THAT(run(*live, "echo x", "", "wrong").raw, HasSubstr("401"));
  EXPECT_EQ(wait_for(spawner_->end(*live)).left_behind, "");
  expect_gone(wanted);
}

TEST_F(SandboxSpawnerContract, IsAdoptedByTheNextServerAndEndedByIt) {
  const SandboxSpec wanted = spec("kept");
  auto live = start(wanted);
  ASSERT_TRUE(live) << live.error().message;
  const pid_t pid = live->pid;
  const std::uint64_t started = live->start_ticks;
  EXPECT_FALSE(spawner_->adopt(wanted, pid, started + 1)) << "another process's number";
  auto next = NamespaceSpawner::open(io_, agent_);
  ASSERT_TRUE(next);
  auto adopted = (*next)->adopt(wanted, pid, started);
  ASSERT_TRUE(adopted) << adopted.error().message;
  EXPECT_EQ(run(*adopted, "echo here").output, "here\n");
  EXPECT_EQ(wait_for((*next)->end(*adopted)).left_behind, "");
  expect_gone(wanted);
  EXPECT_FALSE((*next)->adopt(wanted, pid, started));
}

TEST_F(SandboxSpawnerContract, SweepsWhatACrashLeft) {
  const SandboxSpec wanted = spec("swept");
  auto live = start(wanted);
  ASSERT_TRUE(live) << live.error().message;
  live->pidfd.reset();  // Forgotten, as by a server that was killed.
  EXPECT_EQ(wait_for(spawner_->sweep(wanted)).left_behind, "");
  expect_gone(wanted);
  const SandboxSpec never = spec("never");
  ASSERT_TRUE(make_directories(never.folder / "upper" / "etc"));
  EXPECT_EQ(wait_for(spawner_->sweep(never)).left_behind, "");
  expect_gone(never);
}

TEST_F(SandboxSpawnerContract, KnowsWhoListens) {
  const SandboxSpec wanted = spec("ports");
  auto live = start(wanted);
  ASSERT_TRUE(live) << live.error().message;
  const Ran ran =
      run(*live,
          "python3 -c 'import socket,os,sys,time\n"
          "s=socket.create_server((\"127.0.0.1\",0)); print(s.getsockname()[1],flush=True)\n"
          "if os.fork(): os._exit(0)\n"
          "os.setsid(); n=os.open(\"/dev/null\",os.O_RDWR)\n"
          "for fd in 0,1,2: os.dup2(n,fd)\n"
          "time.sleep(1000)'");
  const auto port = static_cast<std::uint16_t>(std::atoi(ran.output.c_str()));
  ASSERT_NE(port, 0) << ran.raw;
  EXPECT_TRUE(spawner_->owns_listener(*live, port));
  // A listener of the host's is not the sandbox's, though the network is one.
  const Fd ours(::socket(AF_INET, SOCK_STREAM, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  socklen_t size = sizeof address;
  ASSERT_EQ(::bind(ours.get(), reinterpret_cast<sockaddr*>(&address), size), 0);
  ASSERT_EQ(::listen(ours.get(), 1), 0);
  ASSERT_EQ(::getsockname(ours.get(), reinterpret_cast<sockaddr*>(&address), &size), 0);
  EXPECT_FALSE(spawner_->owns_listener(*live, ntohs(address.sin_port)));
  EXPECT_EQ(wait_for(spawner_->end(*live)).left_behind, "");
  expect_gone(wanted);
}

TEST_F(SandboxSpawnerContract, FreezesOrSaysWhyNot) {
  const SandboxSpec wanted = spec("cold");
  auto live = start(wanted);
  ASSERT_TRUE(live) << live.error().message;
  const Status frozen = spawner_->freeze(*live);
  if (!groups_.any()) {
    ASSERT_FALSE(frozen);
    EXPECT_EQ(frozen.error().kind, ErrorKind::unsupported);
  } else {
    ASSERT_TRUE(frozen) << frozen.error().message;
    ASSERT_TRUE(spawner_->thaw(*live));
    EXPECT_EQ(run(*live, "echo warm").output, "warm\n");
    ASSERT_TRUE(spawner_->freeze(*live));  // Ended while frozen.
  }
  EXPECT_EQ(wait_for(spawner_->end(*live)).left_behind, "");
  expect_gone(wanted);
}

TEST_F(SandboxSpawnerContract, LimitsMemoryWhereTheMachineCan) {
  if (!groups_.limits_memory()) GTEST_SKIP() << "no memory controller: " << groups_.reason;
  SandboxSpec wanted = spec("small");
  wanted.limits.memory_bytes = 96u << 20;
  wanted.limits.processes = 64;
  wanted.limits.cpus = 0.5;
  auto live = start(wanted);
  ASSERT_TRUE(live) << live.error().message;
  EXPECT_EQ(live->limits.memory_bytes, wanted.limits.memory_bytes);
  EXPECT_FALSE(spawner_->ran_out_of_memory(*live));
  const char* forks =
      "python3 -c 'import os, signal\npids = []\ntry:\n"
      "  while len(pids) < 200:\n    pids.append(os.fork())\n    if not pids[-1]: signal.pause()\n"
      "except BlockingIOError: print(\"refused\")\n"
      "for pid in pids: os.kill(pid, 9)'";
  EXPECT_EQ(run(*live, forks, "root").output, "refused\n");
  EXPECT_THAT(run(*live, "python3 -c 'x = bytearray(300 << 20); print(len(x))'; echo after").output,
              Not(HasSubstr("314572800")));
  EXPECT_TRUE(spawner_->ran_out_of_memory(*live));
  EXPECT_GT(spawner_->usage(*live).processes.value_or(0), 0u);
  EXPECT_TRUE(wait_for(spawner_->end(*live)).out_of_memory);
  expect_gone(wanted);
}

TEST_F(SandboxSpawnerContract, RefusesFoldersThatCannotBe) {
  SandboxSpec wanted = spec("path");
  wanted.folder = state_.path() / "a,b" / wanted.id;
  const auto comma = start(wanted);
  ASSERT_FALSE(comma);
  EXPECT_EQ(comma.error().kind, ErrorKind::invalid_argument);
  wanted.folder = state_.path() / std::string(120, 'x') / wanted.id;
  const auto long_path = start(wanted);
  ASSERT_FALSE(long_path);
  EXPECT_THAT(long_path.error().message, HasSubstr("too long"));
  expect_gone(wanted);
}

}  // namespace
}  // namespace genesis::sandbox_server
