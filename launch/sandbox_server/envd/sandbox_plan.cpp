#include "launch/sandbox_server/envd/sandbox_plan.h"

#include <nlohmann/json.hpp>

namespace genesis::envd {

nlohmann::json to_json(const SandboxPlan& plan) {
  nlohmann::json json;
  json["root"] = plan.root;
  json["host_name"] = plan.host_name;
  json["user_namespace"] = plan.user_namespace;
  json["report_fd"] = plan.report_fd;
  json["layers"] = nlohmann::json::array();
  for (const LayeredFolder& layer : plan.layers) {
    json["layers"].push_back({{"path", layer.path}, {"upper", layer.upper}, {"work", layer.work}});
  }
  return json;
}

Result<SandboxPlan> parse_plan(const nlohmann::json& json) {
  // The one place where a throwing accessor is shorter: the writer is the same build.
  try {
    SandboxPlan plan;
    plan.root = json.at("root").get<std::string>();
    plan.host_name = json.at("host_name").get<std::string>();
    plan.user_namespace = json.at("user_namespace").get<bool>();
    plan.report_fd = json.at("report_fd").get<int>();
    for (const nlohmann::json& item : json.at("layers")) {
      LayeredFolder layer;
      layer.path = item.at("path").get<std::string>();
      layer.upper = item.at("upper").get<std::string>();
      layer.work = item.at("work").get<std::string>();
      plan.layers.push_back(std::move(layer));
    }
    return plan;
  } catch (const nlohmann::json::exception& failure) {
    return make_error(ErrorKind::parse,
                      std::string("read the plan of a sandbox: ") + failure.what());
  }
}

}  // namespace genesis::envd
