#include "genesis/store/epochs.h"

#include <nlohmann/json.hpp>
#include <stdexcept>

namespace genesis::store {

using nlohmann::json;

std::string encode_epochs(const std::vector<Epoch>& epochs) {
  json array = json::array();
  for (const Epoch& epoch : epochs) {
    json object{{"number", epoch.number},
                {"first_generation", epoch.first_generation},
                {"hash", epoch.evaluator_hash},
                {"started_at", epoch.started_at},
                {"rescored", epoch.rescored}};
    if (&epoch == &epochs.back()) {
      object["evaluator"] = json::parse(epoch.manifest_json, nullptr, false);
    }
    array.push_back(std::move(object));
  }
  return array.dump(-1, ' ', false, json::error_handler_t::replace);
}

Result<std::vector<Epoch>> decode_epochs(std::string_view text) {
  std::vector<Epoch> epochs;
  try {
    const json array = json::parse(text);
    if (!array.is_array()) throw std::invalid_argument("it is no list");
    for (const json& object : array) {
      Epoch epoch;
      epoch.number = object.at("number").get<std::int64_t>();
      epoch.first_generation = object.at("first_generation").get<std::int64_t>();
      epoch.evaluator_hash = object.at("hash").get<std::string>();
      epoch.started_at = object.at("started_at").get<std::int64_t>();
      epoch.rescored = object.at("rescored").get<std::int64_t>();
      if (object.contains("evaluator")) epoch.manifest_json = object.at("evaluator").dump();
      const std::int64_t least = epochs.empty() ? 0 : epochs.back().first_generation + 1;
      const bool first = epochs.empty() && epoch.first_generation == 0;
      if (epoch.number != static_cast<std::int64_t>(epochs.size()) + 1 || epoch.rescored < 0 ||
          epoch.first_generation < least || (epochs.empty() && !first)) {
        throw std::invalid_argument("they do not follow each other");
      }
      epochs.push_back(std::move(epoch));
    }
  } catch (const std::exception& failure) {
    return make_error(ErrorKind::parse,
                      std::string("the run's record of its epochs is damaged: ") + failure.what());
  }
  return epochs;
}

std::int64_t first_generation_of(const std::optional<std::string>& epochs_state) {
  if (!epochs_state) return 0;
  const auto epochs = decode_epochs(*epochs_state);
  return epochs && !epochs->empty() ? epochs->back().first_generation : 0;
}

}  // namespace genesis::store
