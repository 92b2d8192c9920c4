#pragma once

#include <filesystem>
#include <memory>
#include <string_view>

#include "genesis/warm_start/program_source.h"

namespace genesis::warm_start {

/// A checkpoint folder of OpenEvolve: programs/<id>.json. Errors when it has no readable program.
Result<std::unique_ptr<ProgramSource>> open_openevolve(const std::filesystem::path& checkpoint);

/// One program file's text. A program counts as correct when it has a finite fitness and no text
/// under the metric `error`: OpenEvolve itself has no such notion. Errors: `parse`.
struct OpenEvolveProgram {
  Listing listing;
  ProgramText text;
};
Result<OpenEvolveProgram> parse_openevolve_program(std::string_view json);

}  // namespace genesis::warm_start
