#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "genesis/base/error.h"
#include "genesis/program/program.h"
#include "genesis/run/evolution_run.h"

namespace genesis::run {

/// Settings that differ between the stored and the given configuration, one line each
/// ("evo_config.num_generations: 100 in the run, 200 now"), but for the adjustable ones.
std::vector<std::string> configuration_differences(const std::string& stored_json,
                                                   const std::string& given_json);

/// Ok when there are none; else kind `conflict` with the first of them and what to do.
Status same_configuration(const std::filesystem::path& output_dir, const std::string& stored_json,
                          const std::string& given_json);

/// `<output_dir>/.genesis/run.json`: where the store is, for readers that know only the folder.
Status write_run_pointer(const std::filesystem::path& output_dir,
                         const std::filesystem::path& store_file);

/// A spec as a configuration tree, for runs that were not made from YAML.
std::string config_json_of(const RunSpec& spec);

}  // namespace genesis::run
