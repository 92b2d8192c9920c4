#pragma once

#include <string>

#include "genesis/config/override.h"

namespace genesis::config {

/// A value as Hydra writes it behind the '=' of a job's argument: special characters escaped,
/// quotes as given, True and False. Throws ConfigError (composition) for a sweep inside it.
std::string override_text(const OverrideValue& value);

}  // namespace genesis::config
