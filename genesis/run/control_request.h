#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "genesis/ui/status.h"

namespace genesis::run {

/// What other terminals may ask of a run.
struct RunControls {
  std::function<RunStatus()> status;
  std::function<void()> stop;
  std::function<void(std::int64_t by)> extend;
};

/// The answer to one line of the control socket: {"op": "status" | "stop" | "extend", "by": n},
/// each answered with one JSON object; what is none of these with {"error": …}.
std::string answer_request(std::string_view line, const RunControls& controls);

}  // namespace genesis::run
