// Settings as a struct, as YAML, as words of a command line; a wrong one is refused with the right
// name.
#include <genesis/genesis.h>

#include <nlohmann/json.hpp>

#include "parts.h"

namespace e2b_demo {

using namespace genesis::launch;

int configuration(const Settings&) {
  E2BJobConfig config;
  config.eval_program_path = "evaluate.py";
  config.template_id = "base";  // `template` in YAML; a keyword in C++
  config.timeout = std::chrono::seconds{300};
  config.dependencies = {"numpy", "scipy"};
  config.additional_files = {{"data/points.csv", "my_task/points.csv"}};
  config.env_vars = {{"LEVEL", "3"}};

  const JobConfig any = config;
  const auto options = nlohmann::json::parse(any.options_json);
  std::printf("  job_config:\n");
  for (const auto& [key, value] : options.items()) {
    std::printf("    %s: %s\n", key.c_str(), value.dump().c_str());
  }
  std::printf(
      "\n  The same by words: genesis_launch +task=circle_packing +cluster=e2b "
      "job_config.timeout=300 \\\n"
      "      job_config.dependencies=\"[numpy,scipy]\" evo_config.max_parallel_jobs=10\n"
      "  What it comes to:  genesis_launch +cluster=e2b --cfg job --resolve\n\n");

  auto mistaken = options;
  mistaken["time_out"] = 60;
  try {
    e2b::bind_e2b_options(mistaken, "job_config");
  } catch (const std::exception& error) {
    std::printf("  A mistake: %s\n", error.what());
    return 0;
  }
  std::printf("  a wrong key was taken\n");
  return 1;
}

}  // namespace e2b_demo
