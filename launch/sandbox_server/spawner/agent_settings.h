#pragma once

#include <string>

#include "launch/sandbox_server/envd/sandbox_plan.h"
#include "launch/sandbox_server/sandbox_spawner.h"

namespace genesis::sandbox_server {

/// What the agent is told, as the JSON that envd::parse_settings reads. Pure.
std::string agent_settings(const SandboxSpec& spec, const SandboxLimits& enforced,
                           const envd::SandboxPlan& plan, int listen_fd);

}  // namespace genesis::sandbox_server
