#include "genesis/store/records.h"

namespace genesis::store {

std::string_view to_string(ProposalFate fate) {
  switch (fate) {
    case ProposalFate::queued:
      return "queued";
    case ProposalFate::recorded:
      return "recorded";
    case ProposalFate::duplicate:
      return "duplicate";
    case ProposalFate::rejected:
      return "rejected";
    case ProposalFate::no_change:
      return "no_change";
    case ProposalFate::failed:
      return "failed";
  }
  return "unknown";
}

}  // namespace genesis::store
