#include "genesis/ui/status.h"

namespace genesis {

std::string_view to_string(StopReason reason) {
  switch (reason) {
    case StopReason::none:
      return "none";
    case StopReason::generations:
      return "generations";
    case StopReason::evaluations:
      return "evaluations";
    case StopReason::wall_time:
      return "wall_time";
    case StopReason::target_score:
      return "target_score";
    case StopReason::patience:
      return "patience";
    case StopReason::exhausted:
      return "exhausted";
    case StopReason::interrupted:
      return "interrupted";
    case StopReason::aborted:
      return "aborted";
    case StopReason::evaluator_changed:
      return "evaluator_changed";
    case StopReason::seed_failed:
      return "seed_failed";
    case StopReason::error:
      return "error";
  }
  return "none";
}

std::string_view to_string(PauseCause cause) {
  switch (cause) {
    case PauseCause::disk:
      return "disk";
    case PauseCause::inodes:
      return "inodes";
    case PauseCause::store:
      return "store";
  }
  return "disk";
}

bool is_resumable(StopReason reason) {
  return reason == StopReason::interrupted || reason == StopReason::aborted ||
         reason == StopReason::evaluator_changed || reason == StopReason::error;
}

bool is_search_end(StopReason reason) {
  return reason != StopReason::none && reason != StopReason::seed_failed && !is_resumable(reason);
}

}  // namespace genesis
