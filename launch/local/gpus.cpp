#include "launch/local/gpus.h"

#include <algorithm>
#include <filesystem>
#include <string_view>

#include "genesis/base/text.h"

namespace genesis::launch {

std::vector<std::string> find_gpus(const char* visible) {
  std::vector<std::string> found;
  if (visible != nullptr) {
    for (const std::string_view id : split(visible, ',')) {
      if (!trim(id).empty() && trim(id) != "-1") found.emplace_back(trim(id));
    }
    return found;
  }
  constexpr std::string_view kPrefix = "nvidia";
  std::error_code failure;
  for (const auto& entry : std::filesystem::directory_iterator("/dev", failure)) {
    const std::string name = entry.path().filename().string();
    if (!name.starts_with(kPrefix) || name.size() == kPrefix.size()) continue;
    const std::string number = name.substr(kPrefix.size());
    if (std::all_of(number.begin(), number.end(), [](char c) { return c >= '0' && c <= '9'; })) {
      found.push_back(number);
    }
  }
  std::sort(found.begin(), found.end());
  return found;
}

}  // namespace genesis::launch
