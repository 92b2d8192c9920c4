#pragma once

#include <string>
#include <vector>

#include "genesis/base/error.h"
#include "genesis/evolve/run_config.h"
#include "genesis/evolve/seed_queue.h"
#include "genesis/program/program.h"

namespace genesis::run {

/// What a new run starts from, and what a person should know about it.
struct StartingPrograms {
  std::vector<evolve::Seed> seeds;
  std::vector<std::string> notices;
};

/// The paths of the seed programs: init_program_paths, or init_program_path.
std::vector<std::string> seed_paths(const EvolutionConfig& config);

/// One seed program: a file, or a folder with `primary_file`. A single file becomes main.<ext>, as
/// everywhere in the results. Errors name the path and what to set; a program without EVOLVE-BLOCK
/// markers is refused with how to add them.
Result<Program> load_seed_program(const EvolutionConfig& config, const std::string& path);
/// The first of them.
Result<Program> load_seed_program(const EvolutionConfig& config);

/// The seeds, then the programs of `warm_start`; equal ones once. Errors: what loading says,
/// nothing to start from, more programs than the run may record.
Result<StartingPrograms> gather_starting_programs(const EvolutionConfig& config, int num_islands);

}  // namespace genesis::run
