#pragma once

#include <string>
#include <string_view>

namespace genesis::launch::slurm {

/// Why a job waits, for people.
struct Reason {
  std::string code;            ///< SLURM's word, without what follows it ("ReqNodeNotAvail").
  std::string words;           ///< What it means; SLURM's own text where this version knows none.
  std::string remedy;          ///< What to do; empty: nothing but wait.
  bool waits_forever = false;  ///< Unless somebody changes the job or the cluster.
};

/// By what squeue gives as reason (%r): "Resources", "ReqNodeNotAvail, UnavailableNodes:n1".
Reason explain_reason(std::string_view reason);

/// Whether a job that waits for this reason will wait for ever, unless somebody changes the
/// cluster; in words for people, or empty.
std::string hopeless_reason(std::string_view reason);

}  // namespace genesis::launch::slurm
