#include "genesis/base/home.h"

#include <cstdlib>

namespace genesis {

namespace fs = std::filesystem;

fs::path executable_path() {
  std::error_code failure;
  return fs::read_symlink("/proc/self/exe", failure);
}

Result<fs::path> home_directory() {
  const auto has_data = [](const fs::path& folder) {
    std::error_code ignored;
    return fs::exists(folder / "configs" / "config.yaml", ignored);
  };
  if (const char* set = std::getenv("GENESIS_HOME"); set != nullptr && *set != '\0') {
    if (has_data(set)) return fs::absolute(set).lexically_normal();
    return make_error(ErrorKind::not_found, std::string("GENESIS_HOME is '") + set +
                                                "', but there is no configs/config.yaml in it");
  }
  for (fs::path folder = executable_path().parent_path();; folder = folder.parent_path()) {
    if (has_data(folder)) return folder;
    if (has_data(folder / "share" / "genesis")) return folder / "share" / "genesis";
    if (folder == folder.root_path() || folder.empty()) break;
  }
  return make_error(
      ErrorKind::not_found,
      "the configs folder was not found near the program; set GENESIS_HOME to the folder "
      "that holds configs/ and evaluators/");
}

fs::path find_data_file(const fs::path& path) {
  std::error_code ignored;
  if (path.is_absolute() || fs::exists(path, ignored)) return path;
  if (const auto home = home_directory()) {
    if (fs::exists(*home / path, ignored)) return *home / path;
  }
  return path;
}

}  // namespace genesis
