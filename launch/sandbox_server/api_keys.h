#pragma once

#include <string>
#include <unordered_map>
#include <vector>

#include "launch/sandbox_server/server_config.h"

namespace genesis::sandbox_server {

/// Which team a key belongs to. Keys are looked up by their hash, so that how long a look-up takes
/// says nothing of a key. One thread.
class ApiKeys {
 public:
  /// `teams` must outlive it.
  explicit ApiKeys(const std::vector<TeamConfig>& teams);
  /// Null: nobody's key.
  const TeamConfig* team_of(const std::string& key) const;

 private:
  std::unordered_map<std::string, const TeamConfig*> teams_;
};

}  // namespace genesis::sandbox_server
