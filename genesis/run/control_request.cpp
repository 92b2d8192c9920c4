#include "genesis/run/control_request.h"

#include <nlohmann/json.hpp>

#include "genesis/ui/status_json.h"

namespace genesis::run {

using nlohmann::json;

namespace {
constexpr std::int64_t kMostGenerations = 1'000'000'000'000;
}  // namespace

std::string answer_request(std::string_view line, const RunControls& controls) {
  const json request = json::parse(line, nullptr, false);
  const auto op = request.is_object() ? request.find("op") : request.end();
  if (op == request.end() || !op->is_string()) {
    return R"({"error":"a request is an object with 'op': status, stop, or extend"})";
  }
  if (*op == "status") return status_to_json(controls.status());
  if (*op == "stop") {
    controls.stop();
    return R"({"ok":true})";
  }
  if (*op == "extend") {
    const auto by = request.find("by");
    const std::int64_t more =
        by != request.end() && by->is_number_integer() ? by->get<std::int64_t>() : 0;
    if (more <= 0 || more > kMostGenerations) {
      return R"({"error":"extend: 'by' must be a number of generations from 1 to 1000000000000"})";
    }
    controls.extend(more);
    return json{{"ok", true}, {"target_generations", controls.status().target_generations}}.dump();
  }
  return R"({"error":"unknown request; ops are status, stop, extend with a positive 'by'"})";
}

}  // namespace genesis::run
