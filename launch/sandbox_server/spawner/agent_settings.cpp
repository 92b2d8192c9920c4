#include "launch/sandbox_server/spawner/agent_settings.h"

#include <nlohmann/json.hpp>

namespace genesis::sandbox_server {

std::string agent_settings(const SandboxSpec& spec, const SandboxLimits& enforced,
                           const envd::SandboxPlan& plan, int listen_fd) {
  nlohmann::json settings;
  settings["listen_fd"] = listen_fd;
  settings["access_token"] = spec.access_token;
  settings["default_user"] = spec.default_user;
  settings["environment"] = nlohmann::json::object();
  for (const auto& [name, value] : spec.environment) settings["environment"][name] = value;
  settings["reserved"] = {{"E2B_SANDBOX", "true"}, {"E2B_SANDBOX_ID", spec.id}};
  if (!spec.template_name.empty()) settings["reserved"]["E2B_TEMPLATE_ID"] = spec.template_name;
  settings["one_identity"] = plan.user_namespace;
  if (enforced.memory_bytes) settings["memory_bytes"] = *enforced.memory_bytes;
  if (enforced.cpus) settings["cpus"] = *enforced.cpus;
  settings["sandbox"] = envd::to_json(plan);
  return settings.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

}  // namespace genesis::sandbox_server
