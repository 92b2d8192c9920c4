#include "genesis/run/space_watch.h"

#include <fmt/format.h>

#include "genesis/base/text.h"

namespace genesis::run {
namespace {

std::optional<SpaceTrouble> trouble_of(const fs::path& folder, const FreeSpace& space,
                                       const ResultsConfig& config) {
  if (space.bytes < config.min_free_bytes) {
    return SpaceTrouble{
        PauseCause::disk,
        fmt::format("only {} free below '{}' (results.min_free_bytes is {}); free some space to go "
                    "on",
                    format_bytes(space.bytes), folder.string(),
                    format_bytes(config.min_free_bytes))};
  }
  if (space.inodes < config.min_free_inodes) {
    return SpaceTrouble{
        PauseCause::inodes,
        fmt::format("only {} inodes free below '{}' (results.min_free_inodes is {}); remove some "
                    "files, or set results.keep=improvements",
                    space.inodes, folder.string(), config.min_free_inodes)};
  }
  return std::nullopt;
}

}  // namespace

std::optional<SpaceTrouble> look_for_space(
    const std::vector<fs::path>& folders, const ResultsConfig& config,
    const std::function<void(const fs::path&, const FreeSpace&)>& seen) {
  std::optional<SpaceTrouble> trouble;
  for (const fs::path& folder : folders) {
    const auto space = free_space(folder);
    if (!space) continue;
    seen(folder, *space);
    if (!trouble) trouble = trouble_of(folder, *space, config);
  }
  return trouble;
}

}  // namespace genesis::run
