#include "evaluators/evaluator_identity.h"

#include <fmt/format.h>
#include <glob.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <ctime>
#include <map>
#include <set>

#include "evaluators/python_imports.h"
#include "genesis/base/files.h"
#include "genesis/base/hash.h"
#include "genesis/base/home.h"

namespace genesis::evaluators {
namespace {

/// File systems count time in ticks of a few milliseconds: within one, two writes look like one.
constexpr std::int64_t kYoungNs = 100'000'000;
constexpr std::size_t kMostSourceBytes = 4u << 20;

std::int64_t nanoseconds(const timespec& time) {
  return std::int64_t{time.tv_sec} * 1'000'000'000 + time.tv_nsec;
}

std::int64_t now_ns() {
  timespec now{};
  ::clock_gettime(CLOCK_REALTIME, &now);
  return nanoseconds(now);
}

bool is_file(const fs::path& path) {
  std::error_code ignored;
  return fs::is_regular_file(path, ignored);
}

bool is_below(const fs::path& path, const fs::path& folder) {
  const fs::path relative = path.lexically_relative(folder);
  return !relative.empty() && *relative.begin() != "..";
}

/// Collects files, each path once, and refuses too many.
class Collector {
 public:
  Collector(const IdentitySources& sources, const std::vector<EvaluatorFile>& known)
      : sources_(sources) {
    for (const EvaluatorFile& file : known) known_.emplace(file.path, &file);
    for (const fs::path& path : sources.excluded) {
      excluded_.push_back(fs::absolute(path).lexically_normal());
    }
  }

  Result<EvaluatorManifest> collect() {
    manifest_.settings_sha256 = sha256_hex(sources_.settings);
    for (const fs::path& evaluator : sources_.python) GENESIS_TRY(add_python(evaluator));
    for (std::size_t i = 0; i < sources_.plain.size(); ++i) {
      const fs::path& file = sources_.plain[i];
      GENESIS_TRY(add(file, fmt::format("command/{}/{}", i, file.filename().string())));
    }
    for (const std::string& data : sources_.data) GENESIS_TRY(add_data(data));
    std::sort(manifest_.files.begin(), manifest_.files.end(),
              [](const auto& a, const auto& b) { return a.name < b.name; });
    return std::move(manifest_);
  }

 private:
  bool is_excluded(const fs::path& path) const {
    return std::any_of(excluded_.begin(), excluded_.end(),
                       [&](const fs::path& out) { return path == out || is_below(path, out); });
  }

  /// A run in the evaluator's own folder does not hide the modules there.
  bool is_hidden_module(const fs::path& path) const {
    return std::any_of(excluded_.begin(), excluded_.end(), [&](const fs::path& out) {
      return (path == out || is_below(path, out)) && !is_below(evaluator_, out);
    });
  }

  Status add(const fs::path& given, std::string name) {
    const fs::path path = fs::absolute(given).lexically_normal();
    if (!seen_.insert(path.string()).second) return {};
    if (manifest_.files.size() >= kMostEvaluatorFiles) {
      return make_error(
          ErrorKind::invalid_argument,
          fmt::format("the evaluator with its modules and data has more than {} files (the next is "
                      "'{}'); name fewer in job_config.evaluator_data, or one archive",
                      kMostEvaluatorFiles, path.string()));
    }
    EvaluatorFile file;
    file.path = path.string();
    file.name = std::move(name);
    GENESIS_TRY_ASSIGN(file.stamp, stamp_of(path));
    const auto known = known_.find(file.path);
    if (known != known_.end() && known->second->stamp == file.stamp && !known->second->young) {
      file.sha256 = known->second->sha256;
    } else {
      GENESIS_TRY(read(file));
    }
    manifest_.files.push_back(std::move(file));
    return {};
  }

  /// The hash and the stamp of the same content, as far as one can see.
  static Status read(EvaluatorFile& file) {
    for (int tries = 0; tries < 3; ++tries) {
      const std::int64_t began = now_ns();
      GENESIS_TRY_ASSIGN(file.sha256, sha256_of_file(file.path));
      GENESIS_TRY_ASSIGN(const FileStamp after, stamp_of(file.path));
      const bool still = after == file.stamp;
      file.stamp = after;
      file.young = !still || std::max(after.ctime_ns, after.mtime_ns) > began - kYoungNs;
      if (still) break;
    }
    return {};
  }

  /// The evaluator, and what it imports from beside it or from the working directory.
  Status add_python(const fs::path& evaluator) {
    const fs::path root = fs::absolute(evaluator).lexically_normal();
    evaluator_ = root;
    roots_ = {{root.parent_path(), "evaluator/"}};
    if (sources_.cwd != root.parent_path()) roots_.emplace_back(sources_.cwd, "work/");
    GENESIS_TRY(add(root, "evaluator/" + root.filename().string()));
    std::vector<fs::path> waiting{root};
    while (!waiting.empty()) {
      const fs::path file = waiting.back();
      waiting.pop_back();
      const auto text = read_file(file, kMostSourceBytes);
      if (!text) continue;  // too large to be a module that somebody wrote; it is hashed
      for (const PythonImport& import : python_imports(*text)) {
        GENESIS_TRY(follow(import, file, waiting));
      }
    }
    return {};
  }

  Status follow(const PythonImport& import, const fs::path& from, std::vector<fs::path>& waiting) {
    if (import.level > 0) {
      fs::path folder = from.parent_path();
      for (int i = 1; i < import.level; ++i) folder = folder.parent_path();
      return take_modules(import, folder, name_of(folder), waiting);
    }
    for (const auto& [root, prefix] : roots_) {
      GENESIS_TRY(take_modules(import, root, prefix, waiting));
    }
    return {};
  }

  /// A folder's name: below the root that it belongs to.
  std::string name_of(const fs::path& folder) const {
    for (const auto& [root, prefix] : roots_) {
      if (folder == root) return prefix;
      if (is_below(folder, root)) return prefix + folder.lexically_relative(root).string() + "/";
    }
    return folder.string() + "/";
  }

  Status take_modules(const PythonImport& import, const fs::path& folder, const std::string& prefix,
                      std::vector<fs::path>& waiting) {
    for (const std::string& place : import_places(import)) {
      std::vector<std::string> candidates{place.empty() ? "__init__.py" : place + "/__init__.py"};
      if (!place.empty()) {
        candidates.push_back(place + ".py");
        const auto compiled = compiled_modules(folder / place);
        const std::string above = place.substr(0, place.rfind('/') + 1);
        for (const std::string& name : compiled) candidates.push_back(above + name);
      }
      for (const std::string& candidate : candidates) {
        const fs::path path = (folder / candidate).lexically_normal();
        if (seen_.count(path.string()) > 0 || !is_file(path) || is_hidden_module(path)) {
          continue;
        }
        GENESIS_TRY(add(path, prefix + candidate));
        if (candidate.ends_with(".py")) waiting.push_back(path);
      }
    }
    return {};
  }

  /// "name.so", "name.cpython-311-x86_64-linux-gnu.so" beside where name.py would be.
  const std::vector<std::string> compiled_modules(const fs::path& module) {
    const fs::path folder = module.parent_path();
    const auto [at, is_new] = compiled_.try_emplace(folder.string());
    if (is_new) {
      std::error_code failure;
      for (fs::directory_iterator it(folder, failure), end; !failure && it != end;
           it.increment(failure)) {
        std::string name = it->path().filename().string();
        if (name.ends_with(".so")) at->second.push_back(std::move(name));
      }
      std::sort(at->second.begin(), at->second.end());
    }
    std::vector<std::string> found;
    const std::string start = module.filename().string() + ".";
    for (const std::string& name : at->second) {
      if (name.starts_with(start)) found.push_back(name);
    }
    return found;
  }

  Status add_data(const std::string& written) {
    const fs::path path = find_data_file(written);
    std::error_code ignored;
    if (fs::is_directory(path, ignored)) return add_folder(path, written);
    if (is_file(path)) return add(path, "data/" + written);
    if (written.find_first_of("*?[") == written.npos) return no_data(written, "is not there");
    glob_t matches{};
    const int failed = ::glob(written.c_str(), 0, nullptr, &matches);
    std::vector<std::string> found(matches.gl_pathv, matches.gl_pathv + matches.gl_pathc);
    ::globfree(&matches);
    if (failed != 0 || found.empty()) return no_data(written, "matches nothing");
    for (const std::string& match : found) {
      if (fs::is_directory(match, ignored)) {
        GENESIS_TRY(add_folder(match, match));
      } else if (is_file(match) && !is_excluded(fs::absolute(match).lexically_normal())) {
        GENESIS_TRY(add(match, "data/" + match));
      }
    }
    return {};
  }

  static Status no_data(const std::string& written, const char* how) {
    return make_error(ErrorKind::not_found,
                      fmt::format("job_config.evaluator_data: '{}' {} (looked in '{}'); correct "
                                  "it, or leave it out",
                                  written, how, fs::current_path().string()));
  }

  Status add_folder(const fs::path& given, const std::string& written) {
    const fs::path top = fs::absolute(given).lexically_normal();
    std::vector<fs::path> waiting{top};
    while (!waiting.empty()) {
      const fs::path folder = waiting.back();
      waiting.pop_back();
      EvaluatorFolder seen;
      seen.path = folder.string();
      GENESIS_TRY_ASSIGN(seen.stamp, stamp_of(folder));
      manifest_.folders.push_back(std::move(seen));
      std::error_code failure;
      for (fs::directory_iterator it(folder, failure), end; !failure && it != end;
           it.increment(failure)) {
        const fs::path path = it->path();
        std::error_code ignored;
        // What Python leaves when it imports a module is no data.
        if (path.filename() == "__pycache__" || is_excluded(path)) continue;
        if (it->is_directory(ignored) && !it->is_symlink(ignored)) {
          waiting.push_back(path);
        } else if (is_file(path)) {
          GENESIS_TRY(add(path, "data/" + written + "/" + path.lexically_relative(top).string()));
        }
      }
      if (failure) return errno_error("list", folder.string(), failure.value());
      if (manifest_.folders.size() > kMostEvaluatorFiles) {
        return make_error(ErrorKind::invalid_argument,
                          fmt::format("job_config.evaluator_data: '{}' holds more than {} folders; "
                                      "name fewer",
                                      written, kMostEvaluatorFiles));
      }
    }
    return {};
  }

  const IdentitySources& sources_;
  std::vector<fs::path> excluded_;
  std::map<std::string, const EvaluatorFile*> known_;
  fs::path evaluator_;
  std::vector<std::pair<fs::path, std::string>> roots_;
  std::set<std::string> seen_;
  std::map<std::string, std::vector<std::string>> compiled_;  // by folder
  EvaluatorManifest manifest_;
};

bool stamps_differ(const EvaluatorManifest& before, const EvaluatorManifest& now) {
  if (before.files.size() != now.files.size()) return true;
  for (std::size_t i = 0; i < now.files.size(); ++i) {
    if (before.files[i].path != now.files[i].path || before.files[i].stamp != now.files[i].stamp) {
      return true;
    }
  }
  return false;
}

}  // namespace

Result<FileStamp> stamp_of(const fs::path& path) {
  struct stat found {};
  if (::stat(path.c_str(), &found) != 0) return errno_error("look at", path.string(), errno);
  FileStamp stamp;
  stamp.size = static_cast<std::uint64_t>(found.st_size);
  stamp.mtime_ns = nanoseconds(found.st_mtim);
  stamp.ctime_ns = nanoseconds(found.st_ctim);
  stamp.inode = found.st_ino;
  return stamp;
}

std::string EvaluatorManifest::hash() const {
  std::string text = "genesis evaluator 1\n" + settings_sha256 + "\n";
  for (const EvaluatorFile& file : files) text += file.sha256 + " " + file.name + '\0';
  return sha256_hex(text);
}

Result<EvaluatorManifest> look_at_evaluator(const IdentitySources& sources,
                                            const std::vector<EvaluatorFile>& known) {
  return Collector(sources, known).collect();
}

EvaluatorComparison compare_evaluators(const EvaluatorManifest& before,
                                       const EvaluatorManifest& now) {
  EvaluatorComparison result;
  std::size_t differences = 0;
  const auto note = [&](std::string what, std::int64_t since) {
    if (differences++ > 0) return;
    result.what = std::move(what);
    result.since_ns = since;
  };
  if (before.settings_sha256 != now.settings_sha256) note("its command or arguments differ", 0);
  auto old = before.files.begin();
  for (const EvaluatorFile& file : now.files) {
    while (old != before.files.end() && old->name < file.name) {
      note(fmt::format("'{}' is not part of it any more", (old++)->path), 0);
    }
    if (old == before.files.end() || old->name != file.name) {
      note(fmt::format("'{}' is new", file.path), file.stamp.ctime_ns);
      continue;
    }
    if (old->sha256 != file.sha256) {
      note(fmt::format("'{}' has changed", file.path),
           std::max(file.stamp.mtime_ns, file.stamp.ctime_ns));
    }
    ++old;
  }
  for (; old != before.files.end(); ++old) {
    note(fmt::format("'{}' is not part of it any more", old->path), 0);
  }
  if (differences > 0) {
    result.change = EvaluatorChange::changed;
    result.more = differences - 1;
  } else if (stamps_differ(before, now)) {
    result.change = EvaluatorChange::touched;
  }
  return result;
}

std::string describe(const EvaluatorComparison& comparison) {
  std::string text = comparison.what;
  if (comparison.since_ns > 0) {
    const std::time_t seconds = comparison.since_ns / 1'000'000'000;
    std::tm parts{};
    ::gmtime_r(&seconds, &parts);
    char stamp[32];
    std::strftime(stamp, sizeof stamp, "%Y-%m-%dT%H:%M:%SZ", &parts);
    text += fmt::format(" (written {})", stamp);
  }
  if (comparison.more > 0) {
    text +=
        fmt::format(", and {} more difference{}", comparison.more, comparison.more == 1 ? "" : "s");
  }
  return text;
}

}  // namespace genesis::evaluators
