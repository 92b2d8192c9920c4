// Override grammar and interpolation grammar: whatever the bytes, an answer or a ConfigError.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "genesis/config/interpolation_parse.h"
#include "genesis/config/override.h"
#include "genesis/config/reject.h"
#include "genesis/config/yaml_dump.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  namespace config = genesis::config;
  if (size > 4096) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  try {
    const config::Override parsed = config::parse_override(text);
    if (parsed.input != text) std::abort();
    config::refuse_sweep(parsed);
    config::dump_yaml(*config::make_node(parsed.value, {}));
  } catch (const config::ConfigError&) {
  }
  config::interpolation_problem(text);
  return 0;
}
