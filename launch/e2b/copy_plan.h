#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "genesis/base/error.h"

/// What `genesis sandbox cp` makes of its words. Pure; any thread.
namespace genesis::launch::e2b {

/// A file or folder here, or one of a sandbox: "ID:PATH".
struct CopyPlace {
  std::string sandbox;  ///< Empty: here.
  std::string path;
};
CopyPlace copy_place(const std::string& word);

struct CopyPlan {
  bool up = false;
  std::string sandbox;
  std::string from;
  std::string to;
};
/// Errors (`invalid_argument`): both here, both in sandboxes, an empty path.
Result<CopyPlan> copy_plan(const std::string& from, const std::string& to);

/// The last name of a path, "x" of "/a/x/"; empty for "/", "." and "..".
std::string last_name(std::string_view path);
/// `path` as seen from the folder `root`. None when it is not below it, or would lead out again:
/// what a sandbox tells is not trusted.
std::optional<std::string> below(std::string_view root, std::string_view path);

}  // namespace genesis::launch::e2b
