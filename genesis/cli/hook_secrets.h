#pragma once

#include <filesystem>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "genesis/base/error.h"
#include "genesis/hooks/hook_config.h"

/// URLs and headers of hooks may come from `${oc.env:…}`: such values are used, and neither stored
/// nor shown.
namespace genesis::cli {

/// The resolved configuration with `hooks`, and whatever else holds a secret of a hook, as it is
/// written.
nlohmann::json storable_config(const nlohmann::json& resolved, const nlohmann::json& written);

/// A text to be shown with such values replaced.
std::string without_hook_secrets(std::string text, const nlohmann::json& resolved,
                                 const nlohmann::json& written);

/// The hooks that a run was started with, resolved in the present environment.
Result<std::vector<hooks::HookConfig>> load_hooks(const std::filesystem::path& run);

}  // namespace genesis::cli
