#pragma once

#include <string_view>
#include <vector>

#include "genesis/base/option_reader.h"
#include "launch/registry.h"

namespace genesis::launch {

/// Reads the keys that every job configuration has, whatever the backend: eval_program_path,
/// evaluator_command, extra_cmd_args, time, conda_env, activate_script, python_executable,
/// numeric_threads_per_job, env_vars, memory (or mem), cpu_time, pids, file_size, cpus, gpus,
/// kill_grace, isolation. `_target_` is known and ignored.
///
/// Keys that are absent leave `defaults` as they are. Throws OptionException for wrong types,
/// values out of range and keys that exclude each other. Does not call `reader.finish()`: the
/// backend reads its own keys from the same reader first or afterwards.
EvaluationOptions read_common_options(OptionReader& reader, EvaluationOptions defaults = {});

}  // namespace genesis::launch
