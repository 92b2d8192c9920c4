#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "genesis/base/error.h"

namespace genesis::cli {

struct TemplateFile {
  std::string path;  ///< Below the new task's folder.
  std::string text;
};

/// Languages that `genesis init` has a template for.
std::vector<std::string> template_languages();

/// The files of a new task: the program, its evaluator, a configuration for
/// `genesis_launch --config-dir FOLDER task=NAME`, a README. `folder` is the path people will type.
Result<std::vector<TemplateFile>> task_template(std::string_view language, const std::string& name,
                                                const std::string& folder);

}  // namespace genesis::cli
