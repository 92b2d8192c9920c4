#include "launch/sandbox_server/envd/sandbox_plan.h"

#include <nlohmann/json.hpp>

#include "genesis/base/base64.h"

namespace genesis::envd {

namespace {

nlohmann::json to_json(const SkeletonEntry& entry) {
  nlohmann::json json = {{"kind", static_cast<int>(entry.kind)},
                         {"path", entry.path},
                         {"mode", entry.mode},
                         {"owner", entry.owner}};
  // What is in somebody's /etc/skel need not be UTF-8.
  if (!entry.content.empty()) json["content"] = to_base64(entry.content);
  return json;
}

SkeletonEntry skeleton_entry(const nlohmann::json& json) {
  SkeletonEntry entry;
  entry.kind = static_cast<SkeletonEntry::Kind>(json.at("kind").get<int>());
  entry.path = json.at("path").get<std::string>();
  entry.mode = json.at("mode").get<mode_t>();
  entry.owner = json.at("owner").get<uid_t>();
  if (json.contains("content")) {
    entry.content = from_base64(json.at("content").get<std::string>()).value_or("");
  }
  return entry;
}

}  // namespace

nlohmann::json to_json(const SandboxPlan& plan) {
  nlohmann::json json;
  json["root"] = plan.root;
  json["host_name"] = plan.host_name;
  json["user_namespace"] = plan.user_namespace;
  json["report_fd"] = plan.report_fd;
  json["skeleton"] = nlohmann::json::array();
  for (const SkeletonEntry& entry : plan.skeleton) json["skeleton"].push_back(to_json(entry));
  json["layers"] = nlohmann::json::array();
  for (const LayeredFolder& layer : plan.layers) {
    json["layers"].push_back({{"path", layer.path},
                              {"lower", layer.lower},
                              {"upper", layer.upper},
                              {"work", layer.work}});
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
    for (const nlohmann::json& item : json.at("skeleton")) {
      plan.skeleton.push_back(skeleton_entry(item));
    }
    for (const nlohmann::json& item : json.at("layers")) {
      LayeredFolder layer;
      layer.path = item.at("path").get<std::string>();
      layer.lower = item.at("lower").get<std::string>();
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
