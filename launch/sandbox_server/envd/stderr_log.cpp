// The agent's log is its standard error: no file, no spdlog. Stands in for genesis/base/log.cpp.
#include <unistd.h>

#include "genesis/base/log.h"

namespace genesis::log {

void write(Level level, std::string_view message) {
  if (level < Level::warning) return;
  std::string line = level == Level::error ? "error: " : "warning: ";
  line.append(message).append("\n");
  // Nobody may be reading; there is nowhere else to say it.
  const ssize_t wrote = ::write(STDERR_FILENO, line.data(), line.size());
  static_cast<void>(wrote);
}

}  // namespace genesis::log
