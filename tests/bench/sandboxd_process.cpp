#include "tests/bench/sandboxd_process.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <iterator>
#include <nlohmann/json.hpp>
#include <optional>
#include <stdexcept>
#include <thread>

#include "genesis/base/fd.h"
#include "genesis/base/files.h"
#include "genesis/base/home.h"

namespace genesis::bench {

namespace {

constexpr const char* kKey = "e2b_5eed5eed5eed5eed5eed5eed5eed5eed5eed5eed";

/// A file of /proc, whose size is not known before; absent: the process has gone.
std::optional<std::string> read_proc(const fs::path& path) {
  const Fd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file) return std::nullopt;
  std::string text;
  std::array<char, 8192> piece;
  ssize_t count = 0;
  while ((count = ::read(file.get(), piece.data(), piece.size())) > 0) {
    text.append(piece.data(), static_cast<std::size_t>(count));
  }
  if (count < 0) return std::nullopt;
  return text;
}

/// A number of /proc/<pid>/status.
long status_number(const std::string& status, const std::string& field) {
  const std::size_t at = status.find("\n" + field + ":");
  return at == std::string::npos ? -1 : std::stol(status.substr(at + field.size() + 2));
}

[[noreturn]] void refused(const std::string& what, int status, const std::string& body) {
  throw std::runtime_error(fmt::format("{}: status {}: {}", what, status, body));
}

}  // namespace

Headers MadeSandbox::routing() const {
  return {{"e2b-sandbox-id", id}, {"e2b-sandbox-port", "49983"}, {"x-access-token", token}};
}

SandboxdProcess::SandboxdProcess(const fs::path& folder, const std::string& config)
    : folder_(folder), state_(fs::canonical(folder) / "s") {
  if (!config.empty()) {
    const Status written = write_file(folder_ / "config.yaml", config);
    if (!written) throw std::runtime_error(written.error().message);
  }
  start(executable_path().parent_path() / "genesis");
}

void SandboxdProcess::start(const fs::path& program) {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) throw std::runtime_error("make a pipe");
  const Fd read_end(ends[0]);
  Fd write_end(ends[1]);
  std::vector<std::string> words = {program.string(), "sandboxd", "--listen",    "127.0.0.1:0",
                                    "--at-stop",      "end",      "--state-dir", state_.string()};
  const fs::path config = folder_ / "config.yaml";
  if (fs::exists(config)) {
    words.insert(words.end(), {"--config", config.string()});
  } else {
    words.insert(words.end(), {"--api-key", kKey});
  }
  std::vector<char*> argv;
  for (std::string& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, write_end.get(), STDOUT_FILENO);
  posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, (folder_ / "log").c_str(),
                                   O_WRONLY | O_CREAT | O_TRUNC, 0644);
  const int failed = ::posix_spawn(&pid_, argv[0], &actions, nullptr, argv.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  if (failed != 0) throw std::runtime_error("start " + program.string());
  write_end.reset();
  std::string line;
  char letter = 0;
  while (::read(read_end.get(), &letter, 1) == 1 && letter != '\n') line += letter;
  const auto ready = nlohmann::json::parse(line, nullptr, false);
  if (!ready.is_object() || !ready.contains("url")) {
    ::kill(pid_, SIGTERM);
    ::waitpid(pid_, nullptr, 0);
    throw std::runtime_error("genesis sandboxd did not start: " + log());
  }
  const auto url = ready["url"].get<std::string>();
  scheme_ = url.substr(0, url.find(':'));
  port_ = static_cast<std::uint16_t>(std::stoi(url.substr(url.rfind(':') + 1)));
}

SandboxdProcess::~SandboxdProcess() {
  ::kill(pid_, SIGTERM);
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(30);
  while (::waitpid(pid_, nullptr, WNOHANG) == 0) {
    if (std::chrono::steady_clock::now() > deadline) ::kill(pid_, SIGKILL);
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
}

std::string SandboxdProcess::log() const {
  const auto text = read_tail(folder_ / "log", 4000);
  return text ? *text : std::string("it left no message");
}

MadeSandbox SandboxdProcess::create(BareHttp& http) const {
  const auto [status, body] =
      http.ask("POST", "/v2/sandboxes", {{"x-api-key", kKey}, {"content-type", "application/json"}},
               R"({"templateID":"base","timeout":600})");
  const auto made = nlohmann::json::parse(body, nullptr, false);
  if (status != 201 || !made.is_object()) refused("create a sandbox", status, body);
  return {made.value("sandboxID", ""), made.value("envdAccessToken", "")};
}

void SandboxdProcess::kill(BareHttp& http, const MadeSandbox& sandbox) const {
  const auto [status, body] = http.ask("DELETE", "/sandboxes/" + sandbox.id, {{"x-api-key", kKey}});
  if (status != 204) refused("kill the sandbox " + sandbox.id, status, body);
}

std::size_t SandboxdProcess::open_descriptors() const {
  const fs::directory_iterator descriptors(fmt::format("/proc/{}/fd", pid_));
  return static_cast<std::size_t>(std::distance(begin(descriptors), end(descriptors)));
}

double SandboxdProcess::memory(const std::string& field) const {
  const auto status = read_proc(fmt::format("/proc/{}/status", pid_));
  const long kib = status ? status_number(*status, field) : -1;
  if (kib < 0) throw std::runtime_error("the server has no " + field + ": " + log());
  return static_cast<double>(kib) * 1024 / 1e6;
}

std::string SandboxdProcess::url() const {
  return fmt::format("{}://127.0.0.1:{}", scheme_, port_);
}

const char* SandboxdProcess::key() {
  return kKey;
}

double SandboxdProcess::memory_of_agents() const {
  long kib = 0;
  for (const auto& entry : fs::directory_iterator("/proc")) {
    const auto status = read_proc(entry.path() / "status");
    if (status && status_number(*status, "PPid") == pid_) kib += status_number(*status, "VmRSS");
  }
  if (kib <= 0) throw std::runtime_error("the server has no agents: " + log());
  return static_cast<double>(kib) * 1024 / 1e6;
}

void SandboxdProcess::reset_peak_memory() const {
  if (!write_file(fmt::format("/proc/{}/clear_refs", pid_), "5")) {
    throw std::runtime_error("reset the server's peak memory");
  }
}

std::vector<std::string> SandboxdProcess::remains(BareHttp& http) const {
  std::vector<std::string> found;
  const auto [status, body] = http.ask("GET", "/v2/sandboxes", {{"x-api-key", kKey}});
  const auto listed = nlohmann::json::parse(body, nullptr, false);
  if (status != 200 || !listed.is_array()) refused("list the sandboxes", status, body);
  for (const auto& sandbox : listed) {
    found.push_back("listed: " + sandbox.value("sandboxID", std::string()));
  }
  std::error_code none;
  for (const auto& entry : fs::directory_iterator(state_ / "sandboxes", none)) {
    found.push_back("folder: " + entry.path().string());
  }
  const std::string mark = (state_ / "sandboxes").string();
  for (const auto& entry : fs::directory_iterator("/proc")) {
    const std::string name = entry.path().filename().string();
    if (name.find_first_not_of("0123456789") != std::string::npos) continue;
    const auto of_process = read_proc(entry.path() / "status");
    if (!of_process || name == std::to_string(pid_)) continue;
    const auto mounts = read_proc(entry.path() / "mountinfo");
    if (status_number(*of_process, "PPid") == pid_ ||
        (mounts && mounts->find(mark) != std::string::npos)) {
      found.push_back(fmt::format("process {}: {}", name, of_process->substr(0, 30)));
    }
  }
  return found;
}

}  // namespace genesis::bench
