#include "genesis/cli/launch_notes.h"

#include <fmt/format.h>

namespace genesis::cli {

std::string launch_notes(const run::RunSpec& spec) {
  return fmt::format(
             "num_generations={} counts recorded programs beyond the initial one; ShinkaEvolve "
             "counts proposals, failed ones and duplicates included\n",
             spec.evo.num_generations) +
         run::inert_notice(spec.inert);
}

}  // namespace genesis::cli
