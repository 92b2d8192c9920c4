#include "genesis/cli/exit_code.h"

#include <fmt/format.h>

#include <cstdio>

#include "genesis/base/log.h"

namespace genesis::cli {

ExitCode exit_code_of(const Error& error) {
  switch (error.kind) {
    case ErrorKind::invalid_argument:
    case ErrorKind::unsupported:
      return ExitCode::usage;
    case ErrorKind::conflict:
      return ExitCode::conflict;
    default:
      return ExitCode::failed;
  }
}

int report(const char* program, const Outcome& outcome) {
  if (outcome) return static_cast<int>(*outcome);
  fmt::print(stderr, "{}: {}\n", program, redact(outcome.error().message));
  return static_cast<int>(exit_code_of(outcome.error()));
}

}  // namespace genesis::cli
