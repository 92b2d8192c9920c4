#include "genesis/ui/status_json.h"

#include <cmath>
#include <nlohmann/json.hpp>

namespace genesis {
namespace {

using nlohmann::json;

json number_or_null(double value) {
  return std::isfinite(value) ? json(value) : json(nullptr);
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
      {"has_best", s.has_best},
      {"best_score", s.has_best ? number_or_null(s.best_score) : json(nullptr)},
      {"best_generation", s.has_best ? json(s.best_generation) : json(nullptr)},
      {"initial_score", number_or_null(s.initial_score)},
      {"evaluations_per_second", number_or_null(s.evaluations_per_second)},
      {"elapsed_millis", s.elapsed.count()},
      {"eta_millis", s.eta ? json(s.eta->count()) : json(nullptr)},
      {"outcomes", s.outcomes},
  };
  return object.dump(-1, ' ', false, json::error_handler_t::replace);
}

Result<RunStatus> status_from_json(std::string_view text) {
  const json object = json::parse(text, nullptr, false);
  if (!object.is_object()) return make_error(ErrorKind::parse, "the status is not a JSON object");
  RunStatus s;
  std::int64_t elapsed = 0;
  std::int64_t eta = -1;
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
    take(object, "has_best", s.has_best);
    take(object, "best_score", s.best_score);
    take(object, "best_generation", s.best_generation);
    take(object, "initial_score", s.initial_score);
    take(object, "evaluations_per_second", s.evaluations_per_second);
    take(object, "elapsed_millis", elapsed);
    take(object, "eta_millis", eta);
    take(object, "outcomes", s.outcomes);
  } catch (const json::exception& failure) {
    return make_error(ErrorKind::parse,
                      std::string("the status has a wrong type: ") + failure.what());
  }
  s.elapsed = std::chrono::milliseconds(elapsed);
  if (eta >= 0) s.eta = std::chrono::milliseconds(eta);
  return s;
}

}  // namespace genesis
