#pragma once

#include <string>

namespace genesis::cli {

/// "genesis 0.1.0"
std::string version_line(const char* program);

}  // namespace genesis::cli
