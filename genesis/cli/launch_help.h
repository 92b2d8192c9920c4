#pragma once

#include <filesystem>
#include <string>

namespace genesis::cli {

/// The text of `genesis_launch --help`: what it does, examples, options, and the configuration
/// groups with their options as they are found below `configs` (a folder listing; no file is read).
std::string launch_help(const std::filesystem::path& configs);

}  // namespace genesis::cli
