#pragma once

#include <nlohmann/json_fwd.hpp>

#include <vector>

#include "genesis/events/event_source.h"
#include "genesis/hooks/hook_config.h"

namespace genesis::run {

/// Binds the section `events`. Throws OptionException.
events::EventSettings bind_events(const nlohmann::json& section);

/// Binds the section `hooks`: a mapping of names. URLs and header values become secrets of the log.
/// Throws OptionException.
std::vector<hooks::HookConfig> bind_hooks(const nlohmann::json& section);

}  // namespace genesis::run
