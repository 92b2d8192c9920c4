#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "genesis/base/error.h"

namespace genesis::launch {

using Environment = std::map<std::string, std::string>;

/// This process's variables.
Environment own_environment();

/// What of `source` a job may see: a fixed allow-list (PATH, HOME, LANG, LC_*, TZ, TMPDIR, CONDA_*,
/// LD_LIBRARY_PATH, CUDA_VISIBLE_DEVICES, …) and what `passthrough` names, exactly or by pattern
/// ("NCCL_*"). A name that looks like a secret (*_API_KEY, *TOKEN*, AWS_*, …) passes only when it
/// is named exactly: a pattern never carries a key to a candidate.
Environment allowed_environment(const Environment& source,
                                const std::vector<std::string>& passthrough);

/// Whether a variable of this name is likely to hold a credential.
bool looks_like_secret(std::string_view name);

/// Sets the number of threads of every numeric library that candidates are likely to load.
void set_numeric_threads(Environment& environment, int threads);

/// Runs `script` by bash, without start-up files, in `base` and returns the environment that it
/// leaves: once per run, so that no job needs a shell. Blocks for up to `deadline_seconds`.
/// Errors carry the last lines that the script wrote.
Result<Environment> environment_after(const std::string& script, const Environment& base,
                                      int deadline_seconds = 60);

/// The shell lines that activate a conda environment or source a script.
std::string conda_activation(const std::string& conda_env);
std::string script_activation(const std::string& activate_script);

std::vector<std::string> to_entries(const Environment& environment);

}  // namespace genesis::launch
