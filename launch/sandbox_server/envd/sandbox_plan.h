#pragma once

#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "genesis/base/error.h"

namespace genesis::envd {

/// One layered folder: what the host has there, below what the sandbox changes.
struct LayeredFolder {
  std::string path;   ///< In both: "/usr".
  std::string upper;  ///< Where changes go, on the host.
  std::string work;   ///< overlayfs's own, on the same file system.
};

/// What a process does to become the first of a sandbox. Written by `genesis sandboxd`, read by the
/// agent, both of one build.
struct SandboxPlan {
  std::string root;  ///< The folder on the host that becomes "/": made and filled already.
  std::vector<LayeredFolder> layers;
  std::string host_name;
  bool user_namespace = false;  ///< Not by root: another set of mounts is allowed.
  int report_fd = -1;           ///< A socket: a byte comes when it may begin, "ok" or why not goes.
};

nlohmann::json to_json(const SandboxPlan& plan);
/// Errors: `parse`.
Result<SandboxPlan> parse_plan(const nlohmann::json& json);

}  // namespace genesis::envd
