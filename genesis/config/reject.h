#pragma once

#include <stdexcept>
#include <string>

#include "genesis/base/error.h"

namespace genesis::config {

/// Why a configuration is refused, in the classes that Hydra and OmegaConf tell apart.
enum class Reject {
  override_syntax,            ///< An argument that does not follow the override grammar.
  missing_config,             ///< A configuration file or group option that is not there.
  composition,                ///< Everything that does not fit together.
  yaml,                       ///< A file that is not the YAML that Hydra reads.
  interpolation,              ///< `${…}` that cannot be resolved.
  interpolation_key,          ///< `${…}` that names a key which is not there.
  interpolation_to_missing,   ///< `${…}` that names a key whose value is `???`.
  unsupported_interpolation,  ///< `${name:…}` of an unknown resolver.
};

bool is_interpolation_error(Reject reject);

/// Thrown inside the engine; compose() turns it into an Error. The message is for the user: one
/// line that starts with file:line or the argument where one is known.
class ConfigError : public std::runtime_error {
 public:
  ConfigError(Reject reject, const std::string& message)
      : std::runtime_error(message), reject_(reject) {}
  Reject reject() const { return reject_; }
  Error to_error() const;

 private:
  Reject reject_;
};

}  // namespace genesis::config
