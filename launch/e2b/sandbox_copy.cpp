#include <fmt/format.h>
#include <sys/stat.h>

#include <boost/asio/experimental/awaitable_operators.hpp>
#include <deque>
#include <filesystem>
#include <limits>
#include <memory>
#include <utility>

#include "genesis/base/files.h"
#include "launch/e2b/copy_plan.h"
#include "launch/e2b/sandbox_cli.h"
#include "launch/e2b/sandbox_command.h"

namespace genesis::launch::e2b {

namespace asio = boost::asio;

namespace {

constexpr const char* kExamples =
    R"(  genesis sandbox cp program.py ID:work/program.py
  genesis sandbox cp ID:/home/user/results ./results     a folder with all that is in it
  genesis sandbox cp data/ ID:/tmp                       to /tmp/data

Into a folder that is there, under its own name; else under the name given. Files that may be executed stay
so; links to files become files, links to folders are left out.)";

constexpr std::chrono::seconds kStays{300};
constexpr unsigned kAnyDepth = 1000;
constexpr std::size_t kAtOnce = 200;  // Of a command's arguments.

struct FileToCopy {
  std::string from;
  std::string to;
  bool executable = false;
};

/// One copy: the files that are left, what went wrong first.
struct Copy {
  Copy(HttpProvider& by, CopyPlan what, SandboxHandle handle, FileOptions how)
      : provider(by),
        plan(std::move(what)),
        sandbox(std::move(handle)),
        user(how.user),
        options(std::move(how)) {}

  HttpProvider& provider;
  CopyPlan plan;
  SandboxHandle sandbox;
  std::string user;
  FileOptions options;
  std::deque<FileToCopy> left;
  std::vector<std::string> executables;
  std::optional<Failure> failure;
};

Awaitable<Outcome<void>> copy_one(Copy& copy, FileToCopy file) {
  if (copy.plan.up) {
    co_return co_await copy.provider.files().upload(copy.sandbox, file.to, file.from, copy.options);
  }
  const std::filesystem::path to(file.to);
  auto done = co_await copy.provider.files().download(
      copy.sandbox, file.from, to, std::numeric_limits<std::uint64_t>::max(), copy.options);
  if (!done) co_return tl::unexpected<Failure>(done.error());
  if (file.executable) ::chmod(file.to.c_str(), 0755);
  co_return Outcome<void>();
}

/// Takes files until there are none: several of these run side by side.
Awaitable<void> copy_files(std::shared_ptr<Copy> copy) {
  while (!copy->left.empty() && !copy->failure) {
    FileToCopy file = std::move(copy->left.front());
    copy->left.pop_front();
    const auto done = co_await copy_one(*copy, std::move(file));
    if (!done && !copy->failure) copy->failure = done.error();
  }
}

Awaitable<Outcome<void>> copy_all(std::shared_ptr<Copy> copy) {
  using namespace asio::experimental::awaitable_operators;
  co_await (copy_files(copy) && copy_files(copy) && copy_files(copy) && copy_files(copy));
  if (copy->failure) co_return tl::unexpected<Failure>(*copy->failure);
  for (std::size_t at = 0; at < copy->executables.size(); at += kAtOnce) {
    RemoteCommand command;
    command.argv = {"/bin/chmod", "755", "--"};
    command.user = copy->user;
    const auto end = std::min(copy->executables.size(), at + kAtOnce);
    for (std::size_t i = at; i < end; ++i) command.argv.push_back(copy->executables[i]);
    const auto done = co_await copy->provider.run(copy->sandbox, std::move(command), 1000);
    if (!done) co_return tl::unexpected<Failure>(done.error());
  }
  co_return Outcome<void>();
}

bool is_executable(const fs::path& path) {
  std::error_code ignored;
  return (fs::status(path, ignored).permissions() & fs::perms::owner_exec) != fs::perms::none;
}

void add_upload(Copy& copy, const fs::path& from, const std::string& to) {
  copy.left.push_back({from.string(), to, false});
  if (is_executable(from)) copy.executables.push_back(to);
}

/// Where something lands: in the folder that is there, or under the very name.
Awaitable<Outcome<std::string>> landing(std::shared_ptr<Copy> copy) {
  const std::string& to = copy->plan.to;
  const auto entry = co_await copy->provider.folders().stat(copy->sandbox, to, copy->user);
  const bool folder = entry && entry->type == RemoteEntry::Type::folder;
  if (!entry && entry.error().kind != FailureKind::not_found) {
    co_return tl::unexpected<Failure>(entry.error());
  }
  const std::string base = entry ? entry->path : to;
  if (!folder && !(to.ends_with('/') && !entry)) co_return base;
  std::error_code ignored;
  const std::string name = last_name(fs::weakly_canonical(copy->plan.from, ignored).string());
  co_return (base.ends_with('/') ? base : base + "/") + name;
}

Awaitable<Outcome<void>> upload(std::shared_ptr<Copy> copy) {
  const fs::path from(copy->plan.from);
  auto to = co_await landing(copy);
  if (!to) co_return tl::unexpected<Failure>(to.error());
  std::error_code failure;
  if (!fs::is_directory(from, failure)) {
    add_upload(*copy, from, *to);
    co_return co_await copy_all(copy);
  }
  std::vector<std::string> folders{*to};
  for (auto it = fs::recursive_directory_iterator(from, failure);
       !failure && it != fs::recursive_directory_iterator(); it.increment(failure)) {
    const std::string target = *to + "/" + it->path().lexically_relative(from).generic_string();
    std::error_code gone;
    if (it->is_directory(gone)) {
      if (!it->is_symlink(gone)) folders.push_back(target);
    } else if (it->is_regular_file(gone)) {
      add_upload(*copy, it->path(), target);
    }
  }
  if (failure) {
    co_return fail(FailureKind::local_io,
                   fmt::format("read folder '{}': {}", from.string(), failure.message()));
  }
  for (const std::string& folder : folders) {
    const auto made = co_await copy->provider.folders().make(copy->sandbox, folder, copy->user);
    if (!made) co_return tl::unexpected<Failure>(made.error());
  }
  co_return co_await copy_all(copy);
}

/// The folders here and the files to fetch, of what a folder there holds.
Outcome<void> plan_download(Copy& copy, const std::string& root, const fs::path& to,
                            const std::vector<RemoteEntry>& entries) {
  std::error_code failure;
  fs::create_directories(to, failure);
  for (const RemoteEntry& entry : entries) {
    const auto rest = below(root, entry.path);
    if (!rest) {
      return fail(FailureKind::broken, fmt::format("list '{}': the agent names '{}', which is not "
                                                   "in it",
                                                   root, entry.path));
    }
    const fs::path target = to / *rest;
    if (entry.type == RemoteEntry::Type::folder) {
      if (entry.link_target.empty()) fs::create_directories(target, failure);
    } else if (entry.type == RemoteEntry::Type::file) {
      copy.left.push_back({entry.path, target.string(), (entry.mode & 0100u) != 0});
    }
    if (failure) {
      return fail(FailureKind::local_io,
                  fmt::format("make folder '{}': {}", target.string(), failure.message()));
    }
  }
  return {};
}

Awaitable<Outcome<void>> download(std::shared_ptr<Copy> copy) {
  FoldersClient& folders = copy->provider.folders();
  const auto entry = co_await folders.stat(copy->sandbox, copy->plan.from, copy->user);
  if (!entry) co_return tl::unexpected<Failure>(entry.error());
  fs::path to(copy->plan.to);
  std::error_code ignored;
  if (fs::is_directory(to, ignored) || copy->plan.to.ends_with('/')) to /= last_name(entry->path);
  if (entry->type != RemoteEntry::Type::folder) {
    fs::create_directories(to.parent_path(), ignored);
    copy->left.push_back({entry->path, to.string(), (entry->mode & 0100u) != 0});
    co_return co_await copy_all(copy);
  }
  const auto listed = co_await folders.list(copy->sandbox, entry->path, kAnyDepth, copy->user);
  if (!listed) co_return tl::unexpected<Failure>(listed.error());
  const auto planned = plan_download(*copy, entry->path, to, *listed);
  if (!planned) co_return planned;
  co_return co_await copy_all(copy);
}

struct CopyOptions {
  std::string from;
  std::string to;
  FileOptions files;
};

Awaitable<Result<int>> carry_out(CopyPlan plan, FileOptions options, HttpProvider& provider) {
  const std::string id = plan.sandbox;
  auto sandbox = co_await provider.connect(id, kStays);
  if (!sandbox) co_return tl::unexpected<Error>(to_error(sandbox.error()));
  const auto copy =
      std::make_shared<Copy>(provider, std::move(plan), std::move(*sandbox), std::move(options));
  Outcome<void> done;
  if (copy->plan.up) {
    done = co_await upload(copy);
  } else {
    done = co_await download(copy);
  }
  if (!done) co_return tl::unexpected<Error>(to_error(done.error()));
  co_return 0;
}

}  // namespace

Command copy_command() {
  const auto given = std::make_shared<CopyOptions>();
  Command command;
  command.name = "cp";
  command.summary = "Copy files and folders into a sandbox or out of it";
  command.examples = kExamples;
  command.options = {
      {"--user", "NAME", "Whose files; else the template's user's", text_into(given->files.user)},
      {"--gzip", "", "Pack what is on its way: for slow connections", set_flag(given->files.gzip)}};
  command.arguments = {
      {"FROM", "A path here, or SANDBOX:PATH", true, false, text_into(given->from)},
      {"TO", "SANDBOX:PATH, or a path here", true, false, text_into(given->to)}};
  command.run = [given]() -> Result<int> {
    GENESIS_TRY_ASSIGN(const CopyPlan plan, copy_plan(given->from, given->to));
    return with_provider([given, plan](asio::io_context&, HttpProvider& provider) {
      return carry_out(plan, given->files, provider);
    });
  };
  return command;
}

}  // namespace genesis::launch::e2b
