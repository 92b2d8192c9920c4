#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace genesis::launch::slurm {

/// "1 name=genesis-… job=12": what finds a job again.
struct SlurmJobRef {
  std::string name;  ///< Its own, or its array's.
  std::string job;
};
std::string to_text(const SlurmJobRef& ref);
std::optional<SlurmJobRef> parse_ref(std::string_view text);

}  // namespace genesis::launch::slurm
