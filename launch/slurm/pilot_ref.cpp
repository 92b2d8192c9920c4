#include "launch/slurm/pilot_ref.h"

#include <fmt/format.h>

#include "genesis/base/text.h"
#include "launch/slurm/slurm_output.h"

namespace genesis::launch::slurm {

std::string to_text(const PilotRef& ref) {
  return fmt::format("1 pilot={} job={} node={}", ref.name, ref.job, ref.node);
}

std::optional<PilotRef> parse_pilot_ref(std::string_view text) {
  const auto words = split(text, ' ');
  if (words.size() != 4 || words[0] != "1" || !words[1].starts_with("pilot=") ||
      !words[2].starts_with("job=") || !words[3].starts_with("node=")) {
    return std::nullopt;
  }
  PilotRef ref;
  ref.name = words[1].substr(6);
  ref.job = words[2].substr(4);
  ref.node = words[3].substr(5);
  if (!is_job_id(ref.job) || !ref.name.starts_with("genesis-") || ref.node.empty()) {
    return std::nullopt;
  }
  return ref;
}

}  // namespace genesis::launch::slurm
