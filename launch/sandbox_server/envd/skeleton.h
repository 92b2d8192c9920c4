#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "genesis/base/error.h"

namespace genesis::envd {

/// One thing that every sandbox has from its start.
struct SkeletonEntry {
  enum class Kind : int {
    folder,
    closed_folder,  ///< Hides what layers below have in it.
    merged_folder,  ///< Shows what layers below have elsewhere in them, at `content`.
    file,
    link,
    hidden,  ///< overlayfs's sign for "not there", whatever layers below have.
  };
  Kind kind = Kind::folder;
  std::string path;  ///< Relative; the folders above it come before.
  mode_t mode = 0755;
  uid_t owner = 0;      ///< And group; zero: whoever makes it.
  std::string content;  ///< A file's; where a link leads; "/usr".
};

/// Makes them all in `root`, in their order, whatever the umask. The first failure ends it.
Status make_skeleton(const std::string& root, const std::vector<SkeletonEntry>& entries);

}  // namespace genesis::envd
