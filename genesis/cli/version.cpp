#include "genesis/cli/version.h"

namespace genesis::cli {

std::string version_line(const char* program) {
  return std::string(program) + " " + GENESIS_VERSION;
}

}  // namespace genesis::cli
