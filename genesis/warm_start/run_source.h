#pragma once

#include <filesystem>
#include <memory>

#include "genesis/warm_start/program_source.h"

namespace genesis::warm_start {

/// A run of ours, by its store's file. Programs of several files are passed over: the others know
/// only one.
Result<std::unique_ptr<ProgramSource>> open_run(const std::filesystem::path& store_file);

}  // namespace genesis::warm_start
