#include "launch/e2b/local_server.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <nlohmann/json.hpp>

#include "genesis/base/fd.h"
#include "genesis/base/files.h"
#include "genesis/base/hash.h"
#include "genesis/base/home.h"
#include "genesis/base/text.h"
#include "genesis/process/spawn.h"

extern char** environ;

namespace genesis::launch::e2b {

using nlohmann::json;

namespace {

constexpr const char* kWhere = "client.json";
constexpr const char* kConfig = "client.yaml";
constexpr const char* kIdle = "10m";

/// Whether something listens there.
bool answers(const std::string& url) {
  const std::size_t colon = url.rfind(':');
  if (!url.starts_with("http://127.0.0.1:")) return false;
  const int port = std::atoi(url.c_str() + colon + 1);
  const Fd socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return socket &&
         ::connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
}

std::string text_of(const json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_string() ? found->get<std::string>() : "";
}

/// What an earlier call has written down, as far as it still holds.
LocalServer known_server(const fs::path& folder) {
  LocalServer server;
  const auto text = read_file(folder / kWhere, 1u << 16, false);
  const json object = text ? json::parse(*text, nullptr, false) : json();
  if (!object.is_object()) return server;
  server.api_key = text_of(object, "api_key");
  const std::string url = text_of(object, "url");
  const auto pid = object.find("pid");
  const bool lives =
      pid != object.end() && pid->is_number_integer() && ::kill(pid->get<pid_t>(), 0) == 0;
  if (lives && answers(url)) server.url = url;
  return server;
}

Result<std::string> genesis_program() {
  const fs::path beside = executable_path().parent_path() / "genesis";
  if (::access(beside.c_str(), X_OK) == 0) return beside.string();
  const char* path = std::getenv("PATH");
  auto found = process::find_executable("genesis", path == nullptr ? "/usr/bin:/bin" : path);
  if (found) return found;
  return make_error(ErrorKind::not_found,
                    "start a sandbox server: there is no `genesis` program beside this one or on "
                    "PATH; install it, or set E2B_API_KEY and the address of a provider");
}

/// Written for the owner alone: it has the key in it.
Status write_private(const fs::path& path, const std::string& text) {
  const fs::path draft = path.string() + ".new";
  Fd file(::open(draft.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
  if (!file) return errno_error("write", draft.string(), errno);
  if (::write(file.get(), text.data(), text.size()) != static_cast<ssize_t>(text.size()) ||
      ::rename(draft.c_str(), path.c_str()) != 0) {
    return errno_error("write", path.string(), errno);
  }
  return {};
}

std::string read_to_end(int fd) {
  std::string text;
  std::array<char, 4096> piece;
  while (true) {
    const ssize_t count = ::read(fd, piece.data(), piece.size());
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return text;
    text.append(piece.data(), static_cast<std::size_t>(count));
  }
}

/// The line that the server prints when it is ready.
Result<json> start(const fs::path& folder) {
  GENESIS_TRY_ASSIGN(const std::string program, genesis_program());
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return errno_error("start", "a sandbox server", errno);
  const Fd read_end(ends[0]);
  Fd write_end(ends[1]);
  const fs::path errors = folder / "start.log";
  process::SpawnSpec spec;
  spec.executable = program;
  spec.argv = {
      program, "sandboxd", "--detach", "--config", (folder / kConfig).string(), "--exit-when-idle",
      kIdle};
  for (char** variable = environ; *variable != nullptr; ++variable) {
    spec.environment.emplace_back(*variable);
  }
  spec.stdout_fd = write_end.get();
  spec.stderr_path = errors.string();
  GENESIS_TRY_ASSIGN(const process::Child child, process::spawn(spec));
  write_end.reset();
  const std::string line = read_to_end(read_end.get());
  int status = 0;
  while (::waitpid(child.pid, &status, 0) < 0 && errno == EINTR) {
  }
  json ready = json::parse(line, nullptr, false);
  if (status == 0 && ready.is_object() && !text_of(ready, "url").empty()) return ready;
  const auto said = read_tail(errors, 2000);
  return make_error(ErrorKind::unavailable,
                    fmt::format("start a sandbox server on this machine (`genesis doctor sandboxd` "
                                "says what it needs): {}",
                                said ? trim(*said) : std::string_view("it did not become ready")));
}

}  // namespace

fs::path own_server_folder() {
  const auto variable = [](const char* name) -> std::string {
    const char* value = std::getenv(name);
    return value == nullptr ? "" : value;
  };
  if (const std::string given = variable("GENESIS_SANDBOXD_DIR"); !given.empty()) return given;
  if (const std::string state = variable("XDG_STATE_HOME"); !state.empty()) {
    return fs::path(state) / "genesis" / "sandboxd";
  }
  const std::string home = variable("HOME");
  if (!home.empty()) return fs::path(home) / ".local" / "state" / "genesis" / "sandboxd";
  return fs::temp_directory_path() / fmt::format("genesis-sandboxd-{}", ::getuid());
}

Result<LocalServer> find_or_start_server(const fs::path& folder) {
  GENESIS_TRY(make_directories(folder));
  // Two runs that begin together share one server.
  const Fd lock(::open((folder / "client.lock").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  if (!lock || ::flock(lock.get(), LOCK_EX) != 0) {
    return errno_error("lock", (folder / "client.lock").string(), errno);
  }
  LocalServer server = known_server(folder);
  if (!server.url.empty()) return server;
  // The key stays: sandboxes that are there belong to it.
  if (server.api_key.empty()) server.api_key = "e2b_" + random_hex(40);
  const json config{
      {"listen", "127.0.0.1:0"},
      {"state_dir", folder.string()},
      {"max_sandboxes", 1000},
      {"teams", {{{"name", "own"}, {"api_keys", {server.api_key}}, {"max_sandboxes", 1000}}}}};
  GENESIS_TRY(write_private(folder / kConfig, config.dump()));  // JSON is YAML.
  GENESIS_TRY_ASSIGN(const json ready, start(folder));
  server.url = text_of(ready, "url");
  server.started = true;
  const json known{
      {"url", server.url}, {"api_key", server.api_key}, {"pid", ready.value("pid", 0)}};
  GENESIS_TRY(write_private(folder / kWhere, known.dump()));
  return server;
}

}  // namespace genesis::launch::e2b
