#include "genesis/cli/run_folder.h"

#include <fmt/format.h>

#include <algorithm>

#include "genesis/base/text.h"

namespace genesis::cli {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kNamedRuns = 5;

std::vector<fs::path> sub_folders(const fs::path& folder) {
  std::vector<fs::path> found;
  std::error_code failure;
  for (fs::directory_iterator it(folder, failure), end; !failure && it != end;
       it.increment(failure)) {
    std::error_code ignored;
    if (!it->is_symlink(ignored) && it->is_directory(ignored)) found.push_back(it->path());
  }
  std::sort(found.begin(), found.end());
  return found;
}

void collect_runs(const fs::path& folder, int depth_left, std::vector<fs::path>& runs) {
  if (is_run_folder(folder)) {
    runs.push_back(folder);
    return;
  }
  if (depth_left == 0) return;
  for (const fs::path& child : sub_folders(folder)) {
    const std::string name = child.filename().string();
    if (name.front() != '.') collect_runs(child, depth_left - 1, runs);
  }
}

tl::unexpected<Error> no_such_folder(const fs::path& given) {
  std::vector<std::string> beside;
  fs::path parent = given.parent_path();
  for (const fs::path& sibling : sub_folders(parent.empty() ? "." : parent)) {
    beside.push_back(sibling.filename().string());
  }
  const std::string_view nearest = nearest_name(given.filename().string(), beside);
  const std::string hint = nearest.empty()
                               ? std::string()
                               : fmt::format(", did you mean '{}'?", (parent / nearest).string());
  return make_error(ErrorKind::not_found,
                    fmt::format("no such run folder: '{}'{} (`genesis runs` lists the runs below "
                                "results/)",
                                given.string(), hint));
}

}  // namespace

bool is_run_folder(const fs::path& folder) {
  std::error_code ignored;
  return fs::is_regular_file(folder / "run.sqlite", ignored) ||
         fs::is_directory(folder / ".genesis", ignored);
}

std::vector<fs::path> find_runs(const fs::path& root, int max_depth) {
  std::vector<fs::path> runs;
  collect_runs(root, max_depth, runs);
  return runs;
}

Result<fs::path> resolve_run(const std::string& given) {
  fs::path folder(given);
  if (folder.has_relative_path() && folder.filename().empty()) folder = folder.parent_path();
  std::error_code ignored;
  if (fs::is_regular_file(folder, ignored)) {
    folder = folder.has_parent_path() ? folder.parent_path() : fs::path(".");
  }
  if (given.empty() || !fs::is_directory(folder, ignored)) return no_such_folder(folder);
  const std::vector<fs::path> runs = find_runs(folder);
  if (runs.size() == 1) return runs.front();
  if (runs.empty()) {
    return make_error(
        ErrorKind::not_found,
        fmt::format("'{}' is not a run and there is none below it: a run's folder has "
                    "run.sqlite or .genesis/ in it",
                    folder.string()));
  }
  std::string names;
  for (std::size_t i = 0; i < std::min(runs.size(), kNamedRuns); ++i) {
    names += "\n  " + runs[i].string();
  }
  if (runs.size() > kNamedRuns) names += fmt::format("\n  and {} more", runs.size() - kNamedRuns);
  return make_error(ErrorKind::not_found,
                    fmt::format("there are {} runs below '{}'; name one of them:{}", runs.size(),
                                folder.string(), names));
}

std::string generation_folder(std::int64_t generation) {
  return fmt::format("gen_{}", generation);
}

fs::path published_program(const fs::path& run, std::int64_t generation,
                           const std::string& primary) {
  const fs::path own_name = fs::path("main").replace_extension(fs::path(primary).extension());
  for (const fs::path& folder : {run / generation_folder(generation), run / "best"}) {
    for (const fs::path& name : {own_name, fs::path(primary)}) {
      std::error_code ignored;
      if (fs::is_regular_file(folder / name, ignored)) return folder / name;
    }
  }
  return {};
}

}  // namespace genesis::cli
