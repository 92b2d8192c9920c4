#include "evaluators/travelling_files.h"

#include <fmt/format.h>

#include <algorithm>

#include "genesis/base/files.h"
#include "genesis/base/home.h"

namespace genesis::evaluators {

namespace {

tl::unexpected<Error> no_place(const std::string& path, std::string_view why) {
  return make_error(ErrorKind::unsupported,
                    fmt::format("send '{}' along with the evaluator: {}", path, why));
}

/// Where a file of the evaluator is put.
Result<std::string> place_for(const EvaluatorFile& file) {
  constexpr std::string_view kData = "data/";
  if (file.name.starts_with('/')) {
    return no_place(file.path, "it is outside the evaluator's folder and the working directory");
  }
  if (!file.name.starts_with(kData)) return file.name;
  const fs::path written = fs::path(file.name.substr(kData.size())).lexically_normal();
  if (written.is_absolute() || *written.begin() == "..") {
    return no_place(file.path,
                    "name it in job_config.evaluator_data by a path below the working directory, "
                    "or give its place in additional_files");
  }
  return "files/" + written.string();
}

class Packer {
 public:
  Status add(const std::string& path, std::string place) {
    const auto [at, is_new] = path_at_.emplace(place, path);
    if (!is_new && at->second != path) {
      return no_place(path, fmt::format("'{}' has its place there; rename one", at->second));
    }
    if (!is_new) return {};
    launch::InputFile input;
    input.path = place;
    input.copy_of = path;
    files_.files.push_back(std::move(input));
    result_.place_of.emplace(path, std::move(place));
    return {};
  }

  /// The modules that evaluators import from Genesis, without what only this machine has a use for.
  Status add_helper() {
    const auto home = home_directory();
    if (!home) return {};
    const fs::path folder = *home / "evaluators" / "python";
    std::error_code failure;
    for (fs::recursive_directory_iterator it(folder, failure), end; !failure && it != end;
         it.increment(failure)) {
      if (it->path().filename() == "genesis_warm") it.disable_recursion_pending();
      if (it->path().extension() != ".py") continue;
      const std::string place = "python/" + it->path().lexically_relative(folder).string();
      GENESIS_TRY(add(it->path().lexically_normal().string(), place));
    }
    if (failure) return errno_error("list", folder.string(), failure.value());
    return {};
  }

  TravellingFiles take() {
    std::sort(files_.files.begin(), files_.files.end(),
              [](const auto& a, const auto& b) { return a.path < b.path; });
    result_.python_path = "{shared}/python";
    const bool from_cwd =
        std::any_of(files_.files.begin(), files_.files.end(),
                    [](const auto& file) { return file.path.starts_with("work/"); });
    if (from_cwd) result_.python_path += ":{shared}/work";
    result_.shared = std::make_shared<const launch::SharedFiles>(std::move(files_));
    return std::move(result_);
  }

 private:
  launch::SharedFiles files_;
  TravellingFiles result_;
  std::map<std::string, std::string> path_at_;
};

}  // namespace

Result<TravellingFiles> pack_for_travel(const IdentitySources& sources) {
  GENESIS_TRY_ASSIGN(const EvaluatorManifest manifest, look_at_evaluator(sources));
  Packer packer;
  for (const EvaluatorFile& file : manifest.files) {
    GENESIS_TRY_ASSIGN(std::string place, place_for(file));
    GENESIS_TRY(packer.add(file.path, std::move(place)));
  }
  GENESIS_TRY(packer.add_helper());
  return packer.take();
}

std::string word_for_travel(const TravellingFiles& files, const std::string& word,
                            const std::filesystem::path& cwd) {
  const auto place = [&](const std::string& path) -> std::optional<std::string> {
    const auto found = files.place_of.find((cwd / path).lexically_normal().string());
    if (path.empty() || found == files.place_of.end()) return std::nullopt;
    return "{shared}/" + found->second;
  };
  if (const auto there = place(word)) return *there;
  const std::size_t equals = word.find('=');
  if (equals == std::string::npos) return word;
  const auto value = place(word.substr(equals + 1));
  return value ? word.substr(0, equals + 1) + *value : word;
}

}  // namespace genesis::evaluators
