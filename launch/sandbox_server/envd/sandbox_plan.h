#pragma once

#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "genesis/base/error.h"
#include "launch/sandbox_server/envd/skeleton.h"

namespace genesis::envd {

/// One layered folder: what is there from the start, below what the sandbox changes.
struct LayeredFolder {
  std::string path;   ///< In the sandbox: "/usr". "/" comes first; its root is in kRootInLayers.
  std::string lower;  ///< On the host, from the top down, with colons between: "/usr".
  std::string upper;  ///< Where changes go, on the host.
  std::string work;   ///< overlayfs's own, on the same file system.
};

/// The root of a sandbox is this folder of its first layer, and not the layer's own root: a layer's
/// root shows all that is below it, another folder can be closed.
inline constexpr const char* kRootInLayers = "in";

/// What a process does to become the first of a sandbox. Written by `genesis sandboxd`, read by the
/// agent, both of one build.
struct SandboxPlan {
  std::string root;  ///< An empty folder of the host: a place for mounts, seen by nobody else.
  /// What is made in memory there; lower layers are in it.
  std::vector<SkeletonEntry> skeleton;
  std::vector<LayeredFolder> layers;
  std::string host_name;
  bool user_namespace = false;  ///< Not by root: another set of mounts is allowed.
  int report_fd = -1;           ///< A socket: a byte comes when it may begin, "ok" or why not goes.
};

nlohmann::json to_json(const SandboxPlan& plan);
/// Errors: `parse`.
Result<SandboxPlan> parse_plan(const nlohmann::json& json);

}  // namespace genesis::envd
