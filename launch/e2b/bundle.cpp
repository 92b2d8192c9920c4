#include "launch/e2b/bundle.h"

#include <fmt/format.h>
#include <glob.h>

#include <algorithm>
#include <vector>

#include "genesis/base/files.h"
#include "genesis/base/hash.h"
#include "genesis/base/home.h"
#include "launch/e2b/job_wrapper.h"
#include "launch/e2b/tar_file.h"

namespace genesis::launch::e2b {

namespace {

/// Name in the archive -> file here.
using Entries = std::map<std::string, fs::path>;

Status add_folder(const fs::path& folder, const std::string& name, Entries& entries) {
  std::error_code failure;
  for (fs::recursive_directory_iterator it(folder, failure), end; !failure && it != end;
       it.increment(failure)) {
    std::error_code ignored;
    if (it->path().filename() == "__pycache__") {
      it.disable_recursion_pending();
    } else if (it->is_regular_file(ignored)) {
      entries[name + "/" + it->path().lexically_relative(folder).string()] = it->path();
    }
  }
  if (failure) return errno_error("additional_files: list", folder.string(), failure.value());
  return {};
}

Status add_matches(const std::string& pattern, const std::string& name, Entries& entries) {
  glob_t matches{};
  const int failed = ::glob(pattern.c_str(), 0, nullptr, &matches);
  const std::vector<std::string> found(matches.gl_pathv, matches.gl_pathv + matches.gl_pathc);
  ::globfree(&matches);
  if (failed != 0 || found.empty()) {
    return make_error(ErrorKind::not_found,
                      fmt::format("additional_files: '{}' matches nothing (looked in '{}')",
                                  pattern, fs::current_path().string()));
  }
  for (const std::string& match : found) {
    const std::string below = name + "/" + fs::path(match).filename().string();
    std::error_code ignored;
    if (fs::is_directory(match, ignored)) {
      GENESIS_TRY(add_folder(match, below, entries));
    } else {
      entries[below] = match;
    }
  }
  return {};
}

Status add_additional(const std::string& there, const std::string& here, Entries& entries) {
  const fs::path place = fs::path(there).lexically_normal();
  std::string name = place.is_absolute() ? "absolute" + place.string() : "files/" + place.string();
  while (name.ends_with('/')) name.pop_back();
  const fs::path source = find_data_file(here);
  std::error_code ignored;
  if (fs::is_directory(source, ignored)) return add_folder(source, name, entries);
  if (fs::is_regular_file(source, ignored)) {
    entries[there.ends_with('/') ? name + "/" + source.filename().string() : name] = source;
    return {};
  }
  if (here.find_first_of("*?[") != std::string::npos) return add_matches(here, name, entries);
  return make_error(ErrorKind::not_found,
                    fmt::format("additional_files: '{}' (for '{}' in the sandbox) is not there "
                                "(looked in '{}' and in the Genesis folder)",
                                here, there, fs::current_path().string()));
}

Status write_archive(const SharedFiles* shared, const Entries& entries, const fs::path& path) {
  GENESIS_TRY_ASSIGN(TarFile archive, TarFile::create(path));
  GENESIS_TRY(archive.add("run_job.sh", kRunJobScript));
  for (const InputFile& file : shared == nullptr ? std::vector<InputFile>{} : shared->files) {
    if (file.copy_of) {
      GENESIS_TRY(archive.add_file(file.path, *file.copy_of));
    } else {
      GENESIS_TRY(archive.add(file.path, file.content));
    }
  }
  for (const auto& [name, source] : entries) GENESIS_TRY(archive.add_file(name, source));
  return archive.finish();
}

}  // namespace

Result<Bundle> make_bundle(const SharedFiles* shared,
                           const std::map<std::string, std::string>& additional,
                           const fs::path& folder) {
  Entries entries;
  for (const auto& [there, here] : additional) GENESIS_TRY(add_additional(there, here, entries));
  GENESIS_TRY(make_directories(folder));
  const fs::path draft = folder / ("e2b_bundle_" + random_hex(8));
  Status written = write_archive(shared, entries, draft);
  Bundle bundle;
  if (written) {
    if (auto hash = sha256_of_file(draft)) {
      bundle.hash = hash->substr(0, 24);
      bundle.path = folder / ("e2b_bundle_" + bundle.hash + ".tar");
      if (::rename(draft.c_str(), bundle.path.c_str()) == 0) return bundle;
      written = errno_error("rename", draft.string(), errno);
    } else {
      written = tl::unexpected(std::move(hash.error()));
    }
  }
  std::error_code ignored;
  fs::remove(draft, ignored);
  return tl::unexpected(std::move(written.error()));
}

}  // namespace genesis::launch::e2b
