#include "fake_provider.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <cctype>
#include <cstdlib>

#include "genesis/base/text.h"

extern char** environ;

namespace genesis::launch::e2b {

namespace asio = boost::asio;

namespace {

constexpr const char* kMark = "FAKE_SANDBOX";

/// Every process that was started in a sandbox carries its name.
void kill_all(const std::string& mark) {
  for (int round = 0; round < 3; ++round) {
    std::error_code failure;
    for (const auto& entry : fs::directory_iterator("/proc", failure)) {
      const std::string name = entry.path().filename().string();
      if (name.empty() || std::isdigit(static_cast<unsigned char>(name[0])) == 0) continue;
      const int environment = ::open((entry.path() / "environ").c_str(), O_RDONLY | O_CLOEXEC);
      if (environment < 0) continue;
      std::string text(1 << 16, '\0');
      const ssize_t count = ::read(environment, text.data(), text.size());
      ::close(environment);
      text.resize(static_cast<std::size_t>(std::max<ssize_t>(count, 0)));
      text += '\0';
      if (text.find(std::string(kMark) + "=" + mark + '\0') != std::string::npos) {
        ::kill(static_cast<pid_t>(std::stol(name)), SIGKILL);
      }
    }
  }
}

/// A child with its output on a pipe.
struct Child {
  pid_t pid = -1;
  int output = -1;
};

Child spawn_child(const std::vector<std::string>& argv, const std::vector<std::string>& environment,
                  bool with_errors) {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return {};
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_adddup2(&actions, ends[1], 1);
  if (with_errors) {
    posix_spawn_file_actions_adddup2(&actions, ends[1], 2);
  } else {
    posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0);
  }
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP);
  std::vector<char*> words, variables;
  for (const std::string& word : argv) words.push_back(const_cast<char*>(word.c_str()));
  for (const std::string& text : environment) variables.push_back(const_cast<char*>(text.c_str()));
  words.push_back(nullptr);
  variables.push_back(nullptr);
  Child child;
  if (::posix_spawnp(&child.pid, words[0], &actions, &attributes, words.data(), variables.data()) !=
      0) {
    child.pid = -1;
  }
  posix_spawnattr_destroy(&attributes);
  posix_spawn_file_actions_destroy(&actions);
  ::close(ends[1]);
  child.output = ends[0];
  return child;
}

class FakeStream final : public CommandStream {
 public:
  FakeStream(asio::io_context& io, std::shared_ptr<FakeProvider> provider, std::string sandbox,
             Child child)
      : io_(io),
        provider_(std::move(provider)),
        sandbox_(std::move(sandbox)),
        pid_(child.pid),
        output_(io) {
    if (child.output >= 0) output_.assign(child.output);
  }
  std::int64_t pid() const override { return pid_; }

  Awaitable<Outcome<CommandPiece>> next() override {
    const Outcome<void> may = provider_->check("next", sandbox_);
    if (!may) co_return tl::unexpected<Failure>(may.error());
    CommandPiece piece;
    if (output_.is_open()) {
      piece.bytes.resize(4096);
      boost::system::error_code failure;
      const std::size_t count = co_await output_.async_read_some(
          asio::buffer(piece.bytes), asio::redirect_error(asio::use_awaitable, failure));
      if (failure == asio::error::operation_aborted) {
        co_return fail(FailureKind::cancelled, "the stream was given up");
      }
      const Outcome<void> still = provider_->check("next", sandbox_);
      if (!still) co_return tl::unexpected<Failure>(still.error());
      piece.bytes.resize(count);
      if (!failure) co_return piece;
      output_.close();
    }
    int status = 0;
    // Whoever follows only knows whether it is still there; the first stream reaps it.
    while (::waitpid(static_cast<pid_t>(pid_), &status, WNOHANG) == 0 ||
           ::kill(static_cast<pid_t>(pid_), 0) == 0) {
      asio::steady_timer pause(io_, std::chrono::milliseconds{5});
      boost::system::error_code failure;
      co_await pause.async_wait(asio::redirect_error(asio::use_awaitable, failure));
      if (failure) co_return fail(FailureKind::cancelled, "the stream was given up");
    }
    piece.kind = CommandPiece::Kind::end;
    piece.bytes.clear();
    piece.end.exited = WIFEXITED(status);
    piece.end.exit_code = piece.end.exited ? WEXITSTATUS(status) : -1;
    piece.end.status = fmt::format("exit status {}", piece.end.exit_code);
    co_return piece;
  }

 private:
  asio::io_context& io_;
  std::shared_ptr<FakeProvider> provider_;
  std::string sandbox_;
  std::int64_t pid_;
  asio::posix::stream_descriptor output_;
};

}  // namespace

FakeProvider::~FakeProvider() {
  for (const auto& [id, sandbox] : sandboxes_) {
    kill_all(folder_of(id).string());
    for (const std::int64_t pid : sandbox.commands) ::waitpid(static_cast<pid_t>(pid), nullptr, 0);
  }
}

int FakeProvider::calls(const std::string& call) const {
  const auto found = calls_.find(call);
  return found == calls_.end() ? 0 : found->second;
}

std::vector<std::string> FakeProvider::ids() const {
  std::vector<std::string> found;
  for (const auto& [id, sandbox] : sandboxes_) found.push_back(id);
  return found;
}

void FakeProvider::lose(const std::string& id) {
  const auto found = sandboxes_.find(id);
  if (found == sandboxes_.end()) return;
  kill_all(folder_of(id).string());
  sandboxes_.erase(found);
  std::error_code ignored;
  fs::remove_all(folder_of(id), ignored);
}

std::string FakeProvider::plant(std::map<std::string, std::string> metadata,
                                std::chrono::seconds age) {
  const std::string id = fmt::format("sb{}", ++last_id_);
  sandboxes_[id].metadata = std::move(metadata);
  sandboxes_[id].started_at -= age;
  fs::create_directories(folder_of(id));
  return id;
}

Outcome<void> FakeProvider::check(const std::string& call, const std::string& id) {
  if (const auto failing = broken_.find(call); failing != broken_.end()) {
    return tl::unexpected<Failure>(failing->second);
  }
  if (auto& failures = failures_[call]; !failures.empty()) {
    Failure failure = failures.front();
    failures.pop_front();
    return tl::unexpected<Failure>(std::move(failure));
  }
  if (!id.empty() && sandboxes_.count(id) == 0) {
    return fail(FailureKind::sandbox_gone, "the sandbox " + id + " has ended");
  }
  return {};
}

Awaitable<Outcome<void>> FakeProvider::begin(std::string call, std::string id) {
  ++calls_[call];
  co_await asio::post(io_, asio::use_awaitable);
  asio::steady_timer look(io_);
  while (held_.count(call) > 0) {
    look.expires_after(std::chrono::milliseconds{2});
    co_await look.async_wait(asio::use_awaitable);
  }
  if (call != "create") co_await hang_if_asked(call);
  co_return check(call, id);
}

Awaitable<void> FakeProvider::hang_if_asked(std::string call) {
  if (hanging_.erase(call) == 0) co_return;
  asio::steady_timer forever(io_, std::chrono::hours{1});
  co_await forever.async_wait(asio::use_awaitable);
}

std::string FakeProvider::filled(const std::string& id, std::string text) const {
  const std::string folder = folder_of(id).string();
  const std::string_view name(kFolder);
  for (auto at = text.find(name); at != std::string::npos;
       at = text.find(name, at + folder.size())) {
    text.replace(at, name.size(), folder);
  }
  return text;
}

Awaitable<Outcome<SandboxHandle>> FakeProvider::create(NewSandbox what) {
  const Outcome<void> may = co_await begin("create", "");
  if (!may) co_return tl::unexpected<Failure>(may.error());
  if (sandboxes_.size() >= most_) {
    co_return fail(FailureKind::rate_limited, fmt::format("429: at most {} sandboxes", most_));
  }
  const bool of_snapshot = what.sandbox_template.starts_with("snap");
  if (of_snapshot && snapshots_.count(what.sandbox_template) == 0) {
    co_return fail(FailureKind::unknown_template, "no template " + what.sandbox_template);
  }
  last_created_ = what;
  SandboxHandle handle;
  handle.id = plant(what.metadata);
  if (of_snapshot) {
    fs::copy(folder_of(what.sandbox_template), folder_of(handle.id),
             fs::copy_options::recursive | fs::copy_options::copy_symlinks |
                 fs::copy_options::overwrite_existing);
  }
  sandboxes_[handle.id].sandbox_template = what.sandbox_template;
  most_seen_ = std::max(most_seen_, sandboxes_.size());
  co_await hang_if_asked("create");
  if (unanswered_.erase("create") > 0) co_return fail(FailureKind::unavailable, "cut");
  co_return handle;
}

Awaitable<Outcome<SandboxHandle>> FakeProvider::connect(std::string id, std::chrono::seconds) {
  const Outcome<void> may = co_await begin("connect", id);
  if (!may) co_return tl::unexpected<Failure>(may.error());
  SandboxHandle handle;
  handle.id = id;
  co_return handle;
}

Awaitable<Outcome<std::vector<SandboxInfo>>> FakeProvider::list(
    std::map<std::string, std::string> metadata) {
  const Outcome<void> may = co_await begin("list", "");
  if (!may) co_return tl::unexpected<Failure>(may.error());
  std::vector<SandboxInfo> found;
  for (const auto& [id, sandbox] : sandboxes_) {
    bool fits = true;
    for (const auto& [key, value] : metadata) {
      const auto at = sandbox.metadata.find(key);
      fits = fits && at != sandbox.metadata.end() && at->second == value;
    }
    if (!fits) continue;
    found.push_back(info_of(id));
  }
  co_return found;
}

SandboxInfo FakeProvider::info_of(const std::string& id) const {
  const Sandbox& sandbox = sandboxes_.at(id);
  SandboxInfo info;
  info.id = id;
  info.sandbox_template = sandbox.sandbox_template;
  info.metadata = sandbox.metadata;
  info.started_at = sandbox.started_at;
  info.cpus = 2;
  info.memory_mb = 512;
  return info;
}

Awaitable<Outcome<SandboxInfo>> FakeProvider::info(std::string id) {
  const Outcome<void> may = co_await begin("info", id);
  if (!may) co_return tl::unexpected<Failure>(may.error());
  co_return info_of(id);
}

Awaitable<Outcome<bool>> FakeProvider::kill(std::string id) {
  const Outcome<void> may = co_await begin("kill", "");
  if (!may) co_return tl::unexpected<Failure>(may.error());
  const bool was_there = sandboxes_.count(id) > 0;
  lose(id);
  co_return was_there;
}

Awaitable<Outcome<std::string>> FakeProvider::snapshot(std::string id, std::string name) {
  const Outcome<void> may = co_await begin("snapshot", id);
  if (!may) co_return tl::unexpected<Failure>(may.error());
  if (!can_snapshot_) co_return fail(FailureKind::refused, "snapshots: HTTP status 501");
  const std::string snapshot = fmt::format("snap{}", calls("snapshot"));
  fs::copy(folder_of(id), folder_of(snapshot),
           fs::copy_options::recursive | fs::copy_options::copy_symlinks);
  snapshots_[snapshot] = name;
  co_return snapshot;
}

Awaitable<Outcome<bool>> FakeProvider::delete_snapshot(std::string id) {
  const Outcome<void> may = co_await begin("delete_snapshot", "");
  if (!may) co_return tl::unexpected<Failure>(may.error());
  co_return snapshots_.erase(id) > 0;
}

Awaitable<Outcome<void>> FakeProvider::set_lifetime(std::string id, std::chrono::seconds) {
  co_return co_await begin("set_lifetime", id);
}

Awaitable<Outcome<void>> FakeProvider::write_file(SandboxHandle sandbox, std::string path,
                                                  std::string content, std::string) {
  const Outcome<void> may = co_await begin("write_file", sandbox.id);
  if (!may) co_return may;
  const fs::path target = filled(sandbox.id, path);
  fs::create_directories(target.parent_path());
  if (const Status written = genesis::write_file(target, content); !written) {
    co_return fail(FailureKind::no_space, written.error().message);
  }
  co_return Outcome<void>();
}

Awaitable<Outcome<void>> FakeProvider::write_files(SandboxHandle sandbox,
                                                   std::vector<FileText> files, std::string) {
  const Outcome<void> may = co_await begin("write_files", sandbox.id);
  if (!may) co_return may;
  for (const FileText& file : files) {
    const fs::path target = filled(sandbox.id, file.path);
    fs::create_directories(target.parent_path());
    if (const Status written = genesis::write_file(target, file.content); !written) {
      co_return fail(FailureKind::no_space, written.error().message);
    }
  }
  co_return Outcome<void>();
}

Awaitable<Outcome<void>> FakeProvider::upload_file(SandboxHandle sandbox, std::string path,
                                                   std::filesystem::path from, std::string) {
  const Outcome<void> may = co_await begin("upload_file", sandbox.id);
  if (!may) co_return may;
  const fs::path target = filled(sandbox.id, path);
  fs::create_directories(target.parent_path());
  fs::copy_file(from, target, fs::copy_options::overwrite_existing);
  co_return Outcome<void>();
}

Awaitable<Outcome<std::string>> FakeProvider::read_file(SandboxHandle sandbox, std::string path,
                                                        std::size_t limit, std::string) {
  const Outcome<void> may = co_await begin("read_file", sandbox.id);
  if (!may) co_return tl::unexpected<Failure>(may.error());
  auto text = genesis::read_file(filled(sandbox.id, path), limit);
  if (!text) co_return fail(FailureKind::not_found, text.error().message);
  co_return std::move(*text);
}

Awaitable<Outcome<std::uint64_t>> FakeProvider::download_file(SandboxHandle sandbox,
                                                              std::string path,
                                                              std::filesystem::path to,
                                                              std::uint64_t limit, std::string) {
  const Outcome<void> may = co_await begin("download_file", sandbox.id);
  if (!may) co_return tl::unexpected<Failure>(may.error());
  const fs::path source = filled(sandbox.id, path);
  std::error_code failure;
  const std::uint64_t size = fs::file_size(source, failure);
  if (failure) co_return fail(FailureKind::not_found, path + ": " + failure.message());
  if (size > limit) co_return fail(FailureKind::too_large, path + " is too large");
  fs::copy_file(source, to, fs::copy_options::overwrite_existing);
  co_return size;
}

Awaitable<Outcome<std::unique_ptr<CommandStream>>> FakeProvider::start(SandboxHandle sandbox,
                                                                       RemoteCommand command) {
  const Outcome<void> may = co_await begin("start", sandbox.id);
  if (!may) co_return tl::unexpected<Failure>(may.error());
  std::vector<std::string> argv, environment;
  for (const std::string& word : command.argv) argv.push_back(filled(sandbox.id, word));
  for (const auto& [name, value] : command.environment) {
    environment.push_back(name + "=" + filled(sandbox.id, value));
  }
  environment.push_back("PATH=/usr/bin:/bin");
  environment.push_back(std::string(kMark) + "=" + folder_of(sandbox.id).string());
  const Child child = spawn_child(argv, environment, false);
  if (child.pid < 0) co_return fail(FailureKind::refused, "the command cannot be started");
  sandboxes_.at(sandbox.id).commands.insert(child.pid);
  if (unanswered_.erase("start") > 0) {
    ::close(child.output);
    co_return fail(FailureKind::unavailable, "cut");
  }
  co_return std::make_unique<FakeStream>(io_, shared_from_this(), sandbox.id, child);
}

Awaitable<Outcome<std::unique_ptr<CommandStream>>> FakeProvider::follow(SandboxHandle sandbox,
                                                                        std::int64_t pid) {
  const Outcome<void> may = co_await begin("follow", sandbox.id);
  if (!may) co_return tl::unexpected<Failure>(may.error());
  if (::kill(static_cast<pid_t>(pid), 0) != 0) {
    co_return fail(FailureKind::not_found, "no such process");
  }
  Child child;
  child.pid = static_cast<pid_t>(pid);
  co_return std::make_unique<FakeStream>(io_, shared_from_this(), sandbox.id, child);
}

Awaitable<Outcome<CommandAnswer>> FakeProvider::run(SandboxHandle sandbox, RemoteCommand command,
                                                    std::size_t limit) {
  const Outcome<void> may = co_await begin("run", sandbox.id);
  if (!may) co_return tl::unexpected<Failure>(may.error());
  auto stream = co_await start(sandbox, std::move(command));
  if (!stream) co_return tl::unexpected<Failure>(stream.error());
  CommandAnswer answer;
  while (true) {
    auto piece = co_await (*stream)->next();
    if (!piece) co_return tl::unexpected<Failure>(piece.error());
    if (piece->kind == CommandPiece::Kind::end) {
      answer.end = piece->end;
      break;
    }
    if (answer.output.size() + piece->bytes.size() <= limit) answer.output += piece->bytes;
  }
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator(folder_of(sandbox.id) / "shared", ignored)) {
    const fs::path script = entry.path() / "run_job.sh";
    auto text = genesis::read_file(script);
    const std::string counting = "strangers=$((strangers + 1))";
    // Other tests of this machine have the same tokens.
    const std::string token = "GENESIS_ATTEMPT_TOKEN=$GENESIS_ATTEMPT_TOKEN";
    if (!text || text->find(counting) == std::string::npos) continue;
    text->replace(text->find(counting), counting.size(), ":");
    text->replace(text->find(token), token.size(), fmt::format("{0}=${0}", kMark));
    if (!genesis::write_file(script, *text)) break;
  }
  co_return answer;
}

Awaitable<Outcome<bool>> FakeProvider::signal(SandboxHandle sandbox, std::int64_t pid, bool kill) {
  const Outcome<void> may = co_await begin("signal", sandbox.id);
  if (!may) co_return tl::unexpected<Failure>(may.error());
  co_return ::kill(-static_cast<pid_t>(pid), kill ? SIGKILL : SIGTERM) == 0;
}

}  // namespace genesis::launch::e2b
