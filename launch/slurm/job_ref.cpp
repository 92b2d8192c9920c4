#include "launch/slurm/job_ref.h"

#include <fmt/format.h>

#include "genesis/base/text.h"
#include "launch/slurm/slurm_output.h"

namespace genesis::launch::slurm {

std::string to_text(const SlurmJobRef& ref) {
  return fmt::format("1 name={} job={}", ref.name, ref.job);
}

std::optional<SlurmJobRef> parse_ref(std::string_view text) {
  const auto words = split(text, ' ');
  if (words.size() != 3 || words[0] != "1" || !words[1].starts_with("name=") ||
      !words[2].starts_with("job=")) {
    return std::nullopt;
  }
  SlurmJobRef ref;
  ref.name = words[1].substr(5);
  ref.job = words[2].substr(4);
  // Both become arguments of commands.
  if (!is_job_id(ref.job) || !ref.name.starts_with("genesis-")) return std::nullopt;
  return ref;
}

}  // namespace genesis::launch::slurm
