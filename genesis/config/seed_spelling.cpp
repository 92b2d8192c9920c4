#include "genesis/config/seed_spelling.h"

#include <algorithm>
#include <string_view>

namespace genesis::config {

const std::vector<std::string>& known_groups() {
  static const std::vector<std::string> groups = {"cluster",  "database", "evolution",
                                                  "mutation", "task",     "variant"};
  return groups;
}

std::vector<std::string> rewrite_seed_spelling(const std::vector<std::string>& overrides) {
  std::vector<std::string> result;
  result.reserve(overrides.size());
  for (const std::string& override : overrides) {
    const std::size_t equals = override.find('=');
    std::string_view name = std::string_view(override).substr(0, equals);
    if (!name.empty() && name[0] == '+') name.remove_prefix(1);
    const auto& groups = known_groups();
    if (equals == std::string::npos ||
        std::find(groups.begin(), groups.end(), name) == groups.end()) {
      result.push_back(override);
    } else {
      result.push_back(std::string(name) + "@_global_" + override.substr(equals));
    }
  }
  return result;
}

}  // namespace genesis::config
