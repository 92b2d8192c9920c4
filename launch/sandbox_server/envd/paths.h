#pragma once

#include <string>
#include <string_view>

#include "genesis/base/error.h"

namespace genesis::envd {

/// The absolute path that a client's path means: empty is the default folder (or home), `~` and
/// `~/x` are in the home, relative ones too, absolute ones stay as they are. Errors
/// (`invalid_argument`): another user's home (`~other`), a zero byte. Pure; any thread.
Result<std::string> resolve_path(std::string_view path, std::string_view home,
                                 std::string_view default_folder);

/// Without "//", "/./", "x/.." and trailing slashes, as text: links are not looked at.
std::string clean_path(std::string_view path);
/// The last part of a path; "/" for the root.
std::string base_name(std::string_view path);
/// The folder of a path: "/" at least.
std::string parent_of(std::string_view path);
/// "/a" + "b" = "/a/b".
std::string join_path(std::string_view folder, std::string_view name);

}  // namespace genesis::envd
