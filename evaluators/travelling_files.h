#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "evaluators/evaluator_identity.h"
#include "genesis/base/error.h"
#include "launch/job.h"

namespace genesis::evaluators {

/// What goes along to a machine that has none of our files.
struct TravellingFiles {
  std::shared_ptr<const launch::SharedFiles> shared;
  std::map<std::string, std::string> place_of;  ///< Absolute path here -> path below {shared}.
  std::string python_path;                      ///< For PYTHONPATH, in terms of {shared}.
};

/// The evaluator with the modules that it imports from beside it or from the working directory, the
/// programs that its command names, evaluator_data (relative paths only: each job finds them in its
/// working folder under the same ones), and the helper package from the Genesis folder.
///
/// Errors: files that would get the same place, or that have none there; each says which and what
/// to do. Blocking.
Result<TravellingFiles> pack_for_travel(const IdentitySources& sources);

/// A word of a command with every file that travels named as it is there.
std::string word_for_travel(const TravellingFiles& files, const std::string& word,
                            const std::filesystem::path& cwd);

}  // namespace genesis::evaluators
