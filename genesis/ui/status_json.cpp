#include "genesis/ui/status_json.h"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

namespace genesis {
namespace {

using nlohmann::json;

json number_or_null(double value) {
  return std::isfinite(value) ? json(value) : json(nullptr);
}

double seconds(std::chrono::milliseconds duration) {
  return static_cast<double>(duration.count()) / 1000;
}

std::chrono::milliseconds millis(double from_seconds) {
  return std::chrono::milliseconds(std::llround(std::clamp(from_seconds, 0.0, 1e12) * 1000));
}

template <typename T>
void take(const json& object, const char* key, T& out) {
  const auto found = object.find(key);
  if (found != object.end() && !found->is_null()) out = found->get<T>();
}

}  // namespace

std::string status_to_json(const RunStatus& s) {
  const json object = {
      {"run_id", s.run_id},
      {"task", s.task},
      {"output_dir", s.output_dir},
      {"state", s.state},
      {"notice", s.notice},
      {"generation", s.generation},
      {"target_generations", s.target_generations},
      {"programs", s.programs},
      {"proposals", s.proposals},
      {"evaluations", s.evaluations},
      {"duplicates", s.duplicates},
      {"retries", s.retries},
      {"slots_busy", s.slots_busy},
      {"slots", s.slots},
      {"queued", s.queued},
      {"best_score", s.has_best ? number_or_null(s.best_score) : json(nullptr)},
      {"best_generation", s.has_best ? json(s.best_generation) : json(nullptr)},
      {"initial_score", number_or_null(s.initial_score)},
      {"evaluations_per_second", number_or_null(s.evaluations_per_second)},
      {"wall_seconds", seconds(s.elapsed)},
      {"eta_seconds", s.eta ? json(seconds(*s.eta)) : json(nullptr)},
      {"outcomes", s.outcomes},
      {"usage", usage_to_json(s.usage)},
  };
  return object.dump(-1, ' ', false, json::error_handler_t::replace);
}

Result<RunStatus> status_from_json(std::string_view text) {
  const json object = json::parse(text, nullptr, false);
  if (!object.is_object()) return make_error(ErrorKind::parse, "the status is not a JSON object");
  RunStatus s;
  double wall = 0;
  double eta = -1;
  try {
    take(object, "run_id", s.run_id);
    take(object, "task", s.task);
    take(object, "output_dir", s.output_dir);
    take(object, "state", s.state);
    take(object, "notice", s.notice);
    take(object, "generation", s.generation);
    take(object, "target_generations", s.target_generations);
    take(object, "programs", s.programs);
    take(object, "proposals", s.proposals);
    take(object, "evaluations", s.evaluations);
    take(object, "duplicates", s.duplicates);
    take(object, "retries", s.retries);
    take(object, "slots_busy", s.slots_busy);
    take(object, "slots", s.slots);
    take(object, "queued", s.queued);
    take(object, "best_score", s.best_score);
    s.has_best = object.contains("best_score") && !object.at("best_score").is_null();
    take(object, "best_generation", s.best_generation);
    take(object, "initial_score", s.initial_score);
    take(object, "evaluations_per_second", s.evaluations_per_second);
    take(object, "wall_seconds", wall);
    take(object, "eta_seconds", eta);
    take(object, "outcomes", s.outcomes);
    if (const auto usage = object.find("usage"); usage != object.end()) {
      s.usage = usage_from_json(*usage);
    }
  } catch (const json::exception& failure) {
    return make_error(ErrorKind::parse,
                      std::string("the status has a wrong type: ") + failure.what());
  }
  s.elapsed = millis(wall);
  if (eta >= 0) s.eta = millis(eta);
  return s;
}

}  // namespace genesis
