#pragma once

#include "genesis/base/error.h"

namespace genesis::cli {

/// What the programs end with; documented in every --help.
enum class ExitCode {
  ok = 0,
  failed = 1,             ///< The run or the command failed: seed failed, not a run, not valid.
  usage = 2,              ///< The command line or the configuration is wrong.
  conflict = 3,           ///< Another runner owns the run, or its configuration differs.
  evaluator_changed = 4,  ///< Stopped because the evaluator changed under it; resumable.
  interrupted = 130,      ///< Drained or aborted by a signal or `genesis stop`; resumable.
};

/// What a command gives back; the error is printed in one place, the main function.
using Outcome = Result<ExitCode>;

/// invalid_argument, unsupported and parse errors are the user's input; conflict is its own.
ExitCode exit_code_of(const Error& error);

/// Prints "program: message" on standard error (secrets redacted) and gives the code to end with.
int report(const char* program, const Outcome& outcome);

}  // namespace genesis::cli
