#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "genesis/base/error.h"

namespace genesis::cli {

/// Whether a folder holds a run of ours: its store, or the `.genesis` folder that points to it.
bool is_run_folder(const std::filesystem::path& folder);

/// Run folders at or below `root`, sorted by path, at most `max_depth` levels down; never inside
/// another run, never through symbolic links.
std::vector<std::filesystem::path> find_runs(const std::filesystem::path& root, int max_depth = 4);

/// What a person means by RUN: a run's folder, a file in it, or a folder with exactly one run below
/// it. Errors (`not_found`): no such folder (with the nearest name beside it), no run there,
/// several runs (named).
Result<std::filesystem::path> resolve_run(const std::string& given);

/// "gen_12"
std::string generation_folder(std::int64_t generation);

/// Where a person finds a program's primary file: in gen_<n>/, or in best/ when that is the same
/// one and nothing else is published. `primary` is its path in the program; a single file is
/// published as main.<ext>. Empty when it is not on disk.
std::filesystem::path published_program(const std::filesystem::path& run, std::int64_t generation,
                                        const std::string& primary);

}  // namespace genesis::cli
