#include "launch/staging.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <nlohmann/json.hpp>

#include "genesis/base/fd.h"
#include "genesis/base/files.h"

namespace genesis::launch {

namespace {

Status check_input_path(const std::string& text) {
  const fs::path path(text);
  const auto refuse = [&](std::string_view why) {
    return make_error(ErrorKind::invalid_argument,
                      fmt::format("stage the input '{}': {}", text, why));
  };
  if (text.empty() || text.find('\0') != std::string::npos) return refuse("not a file name");
  if (path.is_absolute()) return refuse("the path must be relative to the working folder");
  if (!path.has_filename()) return refuse("the path names a folder");
  for (const fs::path& part : path) {
    if (part == "..") return refuse("the path must not leave the working folder");
  }
  if (*path.begin() == kResultsFolder || text == kEndedMarker) {
    return refuse("the name is taken by the launcher");
  }
  return {};
}

/// Opens `relative` for writing below `folder`, making its parents, through no symbolic link.
Result<Fd> create_below(const Fd& folder, const fs::path& relative) {
  Fd below;
  int parent = folder.get();
  for (const fs::path& part : relative.parent_path()) {
    if (part.empty() || part == ".") continue;
    if (::mkdirat(parent, part.c_str(), 0755) != 0 && errno != EEXIST) {
      return errno_error("make the folder of the input", relative.string(), errno);
    }
    Fd next(::openat(parent, part.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    if (!next) return errno_error("open the folder of the input", relative.string(), errno);
    below = std::move(next);
    parent = below.get();
  }
  Fd file(::openat(parent, relative.filename().c_str(),
                   O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0644));
  if (!file) return errno_error("create the input", relative.string(), errno);
  return file;
}

Status write_all(const Fd& file, std::string_view content, const std::string& name) {
  while (!content.empty()) {
    const ssize_t written = ::write(file.get(), content.data(), content.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return errno_error("write the input", name, errno);
    content.remove_prefix(static_cast<std::size_t>(written));
  }
  return {};
}

Status copy_into(const Fd& target, const fs::path& source) {
  constexpr std::size_t kMaxInputBytes = std::size_t{1} << 30;
  auto content = read_file(source, kMaxInputBytes);
  if (!content) return tl::unexpected(std::move(content.error()).with_context("copy an input"));
  GENESIS_TRY(write_all(target, *content, source.string()));
  struct stat info {};
  if (::stat(source.c_str(), &info) == 0) ::fchmod(target.get(), (info.st_mode & 0777) | 0600);
  return {};
}

Result<Fd> open_work_folder(const fs::path& work_dir) {
  // The usual case: evaluations/<id>/attempt_<k>, of which the last one or two are new.
  const auto made = [](const fs::path& path) {
    return ::mkdir(path.c_str(), 0755) == 0 || errno == EEXIST;
  };
  if (!made(work_dir) && !(made(work_dir.parent_path()) && made(work_dir))) {
    GENESIS_TRY(make_directories(work_dir));
  }
  Fd folder(::open(work_dir.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!folder) return errno_error("open the folder", work_dir.string(), errno);
  return folder;
}

/// A fresh results folder: what an earlier life of the same attempt left must not be taken for new.
Status make_results_folder(const Fd& folder, const fs::path& work_dir) {
  const std::string name(kResultsFolder);
  if (::mkdirat(folder.get(), name.c_str(), 0755) == 0) return {};
  const fs::path results = work_dir / kResultsFolder;
  if (errno != EEXIST) return errno_error("make the folder", results.string(), errno);
  std::error_code failure;
  fs::remove_all(results, failure);
  fs::remove(work_dir / kEndedMarker, failure);
  if (::mkdirat(folder.get(), name.c_str(), 0755) != 0)
    return errno_error("make the folder", results.string(), errno);
  return {};
}

bool is_complete(const fs::path& path) {
  const auto content = read_file(path, 64u << 20, false);
  if (!content) return false;
  if (path.extension() != ".json") return true;
  return nlohmann::json::accept(*content);
}

}  // namespace

Status stage_job(const JobSpec& spec) {
  if (spec.work_dir.empty()) {
    return make_error(ErrorKind::invalid_argument, "stage a job: it names no working folder");
  }
  for (const InputFile& input : spec.inputs) GENESIS_TRY(check_input_path(input.path));
  GENESIS_TRY_ASSIGN(const Fd folder, open_work_folder(spec.work_dir));
  GENESIS_TRY(make_results_folder(folder, spec.work_dir));
  for (const InputFile& input : spec.inputs) {
    GENESIS_TRY_ASSIGN(const Fd file, create_below(folder, input.path));
    if (input.copy_of) {
      GENESIS_TRY(copy_into(file, *input.copy_of));
    } else {
      GENESIS_TRY(write_all(file, input.content, input.path));
    }
  }
  return {};
}

bool has_complete_outputs(const JobSpec& spec) {
  for (const std::string& output : spec.outputs) {
    if (output.find_first_of("*?[") != std::string::npos) continue;
    if (!is_complete(spec.work_dir / kResultsFolder / output)) return false;
  }
  return !spec.outputs.empty();
}

std::string substitute_folders(std::string_view text, const fs::path& work_dir) {
  std::string result;
  const std::string work = work_dir.string();
  while (!text.empty()) {
    const std::size_t brace = text.find('{');
    result += text.substr(0, brace);
    if (brace == std::string_view::npos) break;
    text.remove_prefix(brace);
    if (text.starts_with("{work}")) {
      result += work;
      text.remove_prefix(6);
    } else if (text.starts_with("{results}")) {
      result += work;
      result += '/';
      result += kResultsFolder;
      text.remove_prefix(9);
    } else {
      result += '{';
      text.remove_prefix(1);
    }
  }
  return result;
}

}  // namespace genesis::launch
