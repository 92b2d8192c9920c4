#include "launch/sandbox_server/api_keys.h"

#include "genesis/base/hash.h"

namespace genesis::sandbox_server {

ApiKeys::ApiKeys(const std::vector<TeamConfig>& teams) {
  for (const TeamConfig& team : teams) {
    for (const std::string& key : team.api_keys) teams_[sha256_hex(key)] = &team;
  }
}

const TeamConfig* ApiKeys::team_of(const std::string& key) const {
  const auto found = teams_.find(sha256_hex(key));
  return found == teams_.end() ? nullptr : found->second;
}

}  // namespace genesis::sandbox_server
